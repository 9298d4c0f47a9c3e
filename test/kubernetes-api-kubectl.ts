/** Part of the API suite: what a person sees with the machine's kubectl. Skipped where there is none. */
import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import type { ApiSession } from "./kubernetes-api-session.ts";

const run = promisify(execFile);

export function kubectlTests(session: () => ApiSession, kubeconfig: () => string): void {
  const kubectl = async (...args: string[]) => {
    const { stdout } = await run("kubectl", ["--kubeconfig", kubeconfig(), ...args], { timeout: 15_000 });
    return stdout;
  };
  describe.skipIf(!hasKubectl())("kubectl (skipped where it is not on the PATH)", () => {
    it("describes a pod with its event and how often it came", async () => {
      await eventOnPod(session(), "shop-till");
      const text = await kubectl("describe", "pod", "-n", session().namespace, "shop-till");
      expect(text).toMatch(/^Status: +Running$/m);
      expect(text).toMatch(/^ +Warning +PacketDrop +\S+ \(x37 over 5m\S*\) +kube-iptables-tailer +Packet dropped$/m);
    });

    it("lists events and pods", async () => {
      await eventOnPod(session(), "shop-door");
      const events = await kubectl("get", "events", "-n", session().namespace);
      expect(events).toMatch(/Warning +PacketDrop +pod\/shop-door +Packet dropped/);
      expect(await kubectl("get", "pods", "-n", session().namespace)).toMatch(/^shop-door +\S+ +Running/m);
    });

    it("answers whether we may create events", async () => {
      expect(await kubectl("auth", "can-i", "create", "events", "-n", session().namespace)).toBe("yes\n");
    });

    it("labels and deletes a pod", async () => {
      const { namespace, pods } = session();
      await session().createPod("labelled");
      await kubectl("label", "pod", "-n", namespace, "labelled", "app=shop");
      expect((await session().get(`${pods}/labelled`)).body.metadata.labels).toEqual({ app: "shop" });
      await kubectl("delete", "pod", "-n", namespace, "labelled", "--grace-period=0", "--force");
      expect((await session().get(`${pods}/labelled`)).status).toBe(404);
    });
  });
}

async function eventOnPod(session: ApiSession, name: string): Promise<void> {
  const { namespace } = session;
  const { metadata } = await session.createPod(name, { nodeName: "node-k" });
  await session.setPodStatus(name, { phase: "Running", podIP: "10.4.0.1", podIPs: [{ ip: "10.4.0.1" }] });
  const secondsAgo = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
  const created = await session.post(session.events, {
    metadata: { name: `${name}.1` },
    involvedObject: { apiVersion: "v1", kind: "Pod", namespace, name, uid: metadata.uid },
    reason: "PacketDrop",
    message: "Packet dropped",
    type: "Warning",
    source: { component: "kube-iptables-tailer" },
    firstTimestamp: secondsAgo(310),
    lastTimestamp: secondsAgo(310),
    count: 1,
  });
  expect(created.status).toBe(201);
  const patch = { count: 37, lastTimestamp: secondsAgo(5) };
  expect((await session.mergePatch(`${session.events}/${name}.1`, patch)).status).toBe(200);
}

function hasKubectl(): boolean {
  try {
    execFileSync("kubectl", ["version", "--client"], { stdio: "ignore", timeout: 15_000 });
    return true;
  } catch {
    return false;
  }
}
