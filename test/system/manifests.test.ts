/** The plain manifests, as the real API server takes them: valid, least rights, and privileged for hostPath only. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { apply, createNamespace, deleteNamespaces, kubectl } from "./cluster.ts";
import { type Manifest, manifestFolder } from "./manifest.ts";
import { runId, systemTest } from "./system-test.ts";

const namespacedFiles = ["rbac", "config", "daemonset"].map((name) => `${manifestFolder}/${name}.yaml`);
const serviceAccount = "system:serviceaccount:droplens:droplens";

systemTest("deploy/manifests", () => {
  beforeAll(async () => {
    await kubectl(["apply", "--server-side", "-f", `${manifestFolder}/namespace.yaml`]);
  });

  afterAll(async () => {
    // The namespace stays: without a controller it would be "Terminating" for ever, and refuse the next run.
    await kubectl(["delete", "--ignore-not-found", "--wait=false", ...namespacedFiles.flatMap((file) => ["-f", file])]);
  });

  it("pass the server's own check", async () => {
    const answer = await kubectl(["apply", "--server-side", "--dry-run=server", "-f", manifestFolder]);
    expect(answer.trim().split("\n")).toHaveLength(6);
  });

  it("are applied, and a second time change nothing", async () => {
    await kubectl(["apply", "--server-side", "-f", manifestFolder]);
    const before = await kubectl([
      "get",
      "daemonset",
      "droplens",
      "-n",
      "droplens",
      "-o",
      "jsonpath={.metadata.generation}",
    ]);
    await kubectl(["apply", "--server-side", "-f", manifestFolder]);
    const after = await kubectl([
      "get",
      "daemonset",
      "droplens",
      "-n",
      "droplens",
      "-o",
      "jsonpath={.metadata.generation}",
    ]);
    expect(after).toBe(before);
  });

  describe("grant", () => {
    const can = async (verb: string, resource: string) =>
      (await kubectlAnswer(["auth", "can-i", verb, resource, "-A", "--as", serviceAccount])) === "yes";

    it.each([
      ["get", "pods"],
      ["list", "pods"],
      ["watch", "pods"],
      ["create", "events"],
      ["patch", "events"],
    ])("%s %s", async (verb, resource) => {
      expect(await can(verb, resource)).toBe(true);
    });

    it.each([
      ["delete", "pods"],
      ["create", "pods"],
      ["update", "events"],
      ["delete", "events"],
      ["list", "events"],
      ["list", "secrets"],
      ["list", "configmaps"],
      ["list", "nodes"],
      ["create", "pods/exec"],
    ])("not %s %s", async (verb, resource) => {
      expect(await can(verb, resource)).toBe(false);
    });
  });

  describe("the DaemonSet's pod", () => {
    const restricted = `restricted-${runId}`;
    let pod: Manifest;

    beforeAll(async () => {
      await createNamespace(restricted, { "pod-security.kubernetes.io/enforce": "restricted" });
      pod = await podOfDaemonSet();
    });

    afterAll(() => deleteNamespaces([restricted]));

    it("is admitted to its namespace", async () => {
      expect(await apply(pod, ["--dry-run=server"])).toContain("pod/droplens-test");
    });

    it("would be refused elsewhere for its hostPath volume, and for nothing else", async () => {
      const elsewhere = { ...pod, metadata: { name: "droplens-test", namespace: restricted } };
      const refusal = await apply(elsewhere, ["--dry-run=server"]).catch(String);
      expect(refusal).toContain("hostPath");
      expect(await apply(withoutHostPaths(elsewhere), ["--dry-run=server"])).toContain("pod/droplens-test");
    });
  });
});

async function kubectlAnswer(words: readonly string[]): Promise<string> {
  return kubectl(words).then(
    (text) => text.trim(),
    () => "no",
  ); // exits 1 for a "no"
}

async function podOfDaemonSet(): Promise<Manifest> {
  const [daemonSet] = parseAllDocuments(await readFile(`${manifestFolder}/daemonset.yaml`, "utf8"));
  const template: Manifest = daemonSet?.toJS().spec.template;
  return {
    ...template,
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "droplens-test", namespace: "droplens" },
    // The priority classes are made by a controller that this server may not have.
    spec: { ...template.spec, priorityClassName: undefined },
  };
}

function withoutHostPaths(pod: Manifest): Manifest {
  const volumes = pod.spec.volumes?.map((volume) => (volume.hostPath ? { name: volume.name, emptyDir: {} } : volume));
  return { ...pod, spec: { ...pod.spec, volumes } };
}
