/** The sink against a real API server: any disposable cluster that KUBECONFIG names; skipped without one. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ApiServer } from "../../core/kubernetes/api-server.ts";
import { connectApiServer } from "../../core/kubernetes/connect.ts";
import type { Endpoint } from "../../core/model/endpoint.ts";
import { realClock } from "../../core/real-clock.ts";
import { dropReport, packetDrop } from "../../core/testkit/drops.ts";
import { testContext } from "../../core/testkit/test-context.ts";
import { options } from "./config.ts";
import { KubernetesEventSink } from "./sink.ts";

const kubeconfig = process.env.KUBECONFIG;
const run = promisify(execFile);

describe.skipIf(!kubeconfig)(`a real API server${kubeconfig ? "" : " (skipped: KUBECONFIG names none)"}`, () => {
  const namespace = `droplens-events-${Date.now().toString(36)}`;
  const { signal } = new AbortController();
  const context = testContext({ clock: realClock, environment: { KUBECONFIG: kubeconfig } });
  const sink = new KubernetesEventSink(options.parse({ kubeconfig, host: "node-1" }), context);
  let api: ApiServer;
  let web: Endpoint;
  let shop: Endpoint;

  beforeAll(async () => {
    api = connectApiServer({ kubeconfig }, {});
    await post("/api/v1/namespaces", { metadata: { name: namespace } });
    web = await pod("web", "10.9.0.7");
    shop = await pod("shop", "10.9.0.9");
    await sink.start(signal);
  });

  afterAll(async () => {
    await sink.stop(signal);
    await api.request({ method: "DELETE", path: `/api/v1/namespaces/${namespace}` }, signal);
    api.close();
  });

  it("shows each side of a drop, and its repeats, where kubectl describe looks", async () => {
    const now = Date.now();
    const at = { firstMillis: now - 300_000, lastMillis: now - 300_000 };
    const drop = packetDrop({ sourceAddress: "10.9.0.7", destinationAddress: "10.9.0.9" });
    const first = dropReport({ drop, source: web, destination: shop, ...at });
    const repeats = { ...first, id: first.id + 1000, count: 36, lastMillis: now, repeat: true };
    expect(await sink.deliver([first], signal)).toEqual({ discarded: [], retry: [] });
    expect(await sink.deliver([repeats], signal)).toEqual({ discarded: [], retry: [] });

    const events = await eventsOf(shop);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      type: "Warning",
      reason: "PacketDrop",
      message: "Packet dropped when receiving traffic from web (10.9.0.7) on port 80/TCP",
      count: 37,
      source: { component: "kube-iptables-tailer", host: "node-1" },
    });
    expect(await eventsOf(web)).toHaveLength(1);
  });

  it("has the tailer's line in kubectl describe pod", async ({ skip }) => {
    const described = await run("kubectl", [
      "--kubeconfig",
      String(kubeconfig),
      "-n",
      namespace,
      "describe",
      "pod",
      "web",
    ])
      .then(({ stdout }) => stdout)
      .catch((error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? undefined : Promise.reject(error)));
    if (described === undefined) return skip("kubectl is not on the PATH");
    expect(described).toMatch(
      /Warning +PacketDrop +\S+ \(x37 over 5m\S*\) +kube-iptables-tailer.* Packet dropped when/,
    );
    expect(described).toContain("Packet dropped when sending traffic to shop (10.9.0.9) on port 80/TCP");
  });

  it("makes a new event when somebody deleted the old one, and goes on counting", async () => {
    const path = `/api/v1/namespaces/${namespace}/events`;
    await api.request({ method: "DELETE", path }, signal);
    const drop = packetDrop({ sourceAddress: "10.9.0.7", destinationAddress: "10.9.0.9" });
    await sink.deliver([dropReport({ drop, source: web, destination: shop, repeat: true, count: 3 })], signal);
    expect((await eventsOf(web)).map((event) => event.count)).toEqual([40]);
  });

  it("gives up on a namespace that is missing", async () => {
    const gone: Endpoint = { ...web, namespace: `${namespace}-gone` };
    const report = dropReport({ source: gone });
    expect(await sink.deliver([report], signal)).toEqual({ discarded: [{ report, reason: "not_found" }], retry: [] });
  });

  it("may create and patch events, says check", async () => {
    expect((await sink.check(signal)).map(({ ok }) => ok)).toEqual([true, true, true]);
    expect(sink.problems()).toEqual([]);
  });

  async function pod(name: string, address: string): Promise<Endpoint> {
    const spec = { containers: [{ name: "main", image: "example.invalid/none" }], automountServiceAccountToken: false };
    const path = `/api/v1/namespaces/${namespace}/pods`;
    // Without its controllers a bare API server has no default service account to check.
    const created = await post(path, { metadata: { name }, spec: { ...spec, nodeName: "node-1" } });
    return { kind: "pod", address, displayName: name, name, namespace, uid: created.metadata.uid };
  }

  async function post(path: string, body: object): Promise<{ metadata: { uid: string } }> {
    const response = await api.request({ method: "POST", path, body }, signal);
    expect(response.status, Buffer.from(response.body).toString()).toBe(201);
    return response.json() as { metadata: { uid: string } };
  }

  async function eventsOf(endpoint: Endpoint): Promise<{ count: number }[]> {
    const path = `/api/v1/namespaces/${namespace}/events?fieldSelector=involvedObject.uid=${endpoint.uid}`;
    const response = await api.request({ method: "GET", path }, signal);
    return (response.json() as { items: { count: number }[] }).items;
  }
});
