/**
 * The DaemonSets of docs/install.md and docs/migrate.md on a real API server: the guides' commands, as they stand there, and
 * what comes of them.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { checkoutIn } from "../guides/checkout-in.ts";
import { scriptOf, scriptsOf, sectionOf } from "../guides/guide.ts";
import { apply, createPod, kubectl } from "./cluster.ts";
import { run } from "./command.ts";
import { manifestFolder } from "./manifest.ts";
import { kubeconfigPath, systemTest } from "./system-test.ts";

systemTest("DaemonSets of the guides, on the API server", () => {
  let folder: string;

  beforeAll(async () => {
    folder = checkoutIn(await mkdtemp(join(tmpdir(), "droplens-guides-")));
  });

  afterAll(async () => {
    // The namespace stays, as in manifests.test.ts.
    const files = ["rbac", "config", "daemonset"].flatMap((name) => ["-f", `${manifestFolder}/${name}.yaml`]);
    await kubectl(["delete", "--ignore-not-found", "--wait=false", ...files]);
    const tailers = ["daemonset/kube-iptables-tailer", "configmap/droplens", "serviceaccount/kube-iptables-tailer"];
    await kubectl(["delete", "--ignore-not-found", "--wait=false", "-n", "kube-system", ...tailers]);
    await rm(folder, { recursive: true, force: true });
  });

  const type = (script: string): Promise<string> =>
    run(["bash", "-ec", script], {
      cwd: folder,
      environment: { ...process.env, KUBECONFIG: kubeconfigPath() },
      allow: [1], // auth can-i, for "no"
    }).then(({ stdout }) => stdout);

  it("No right: kubectl says no before deploy/manifests are applied, and yes after", async () => {
    const [, ask = ""] = scriptsOf(sectionOf("docs/troubleshooting.md", "No right"));
    const say = () => type(ask);
    expect(await say()).toBe("no\n");
    await type(scriptOf(sectionOf("docs/install.md", "A file")));
    expect(await say()).toBe("yes\n");
  });

  it.each(["A file of root's", "The journal", "The kernel's buffer"])(
    "docs/install.md, %s: the patched DaemonSet is taken, and its pod may be made",
    async (heading) => {
      await type(scriptOf(sectionOf("docs/install.md", heading)));
      const spec = await podOf("droplens", "droplens");
      await apply(podFrom(spec), ["--dry-run=server"]);
      expect(spec).toMatchObject(expected[heading] ?? {});
    },
  );

  it("docs/troubleshooting.md, Where to type: the pod of a node is found", async () => {
    const name = "droplens-of-the-guide";
    await createPod({ namespace: "droplens", name, nodeName: "node-1", addresses: ["10.203.9.9"] });
    const [node, pod] = scriptOf(sectionOf("docs/troubleshooting.md", "Where to type")).split("\n");
    expect(await type(`${node}\n${pod}\necho "$POD"`)).toBe(`pod/${name}\n`);
    await kubectl(["delete", "pod", name, "-n", "droplens", "--grace-period=0", "--force"]);
  });

  it("docs/install.md: a journal in memory is mounted where the other one would be", async () => {
    await type(`kubectl -n droplens patch daemonset droplens --patch-file docs/install/volatile-journal.yaml`);
    const { volumes } = await podOf("droplens", "droplens");
    expect(volumes).toContainEqual({ name: "logs", hostPath: { path: "/run/log", type: "Directory" } });
  });

  describe("docs/migrate.md", () => {
    beforeAll(async () => {
      await apply({
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name: "kube-iptables-tailer", namespace: "kube-system" },
      });
      await apply(tailer);
      await writeFile(join(folder, "droplens.yaml"), await readFile(join(folder, "config/kube-iptables-tailer.yaml")));
    });

    it("Rights: the demo's ServiceAccount may not create events", async () => {
      expect(await type(scriptOf(sectionOf("docs/migrate.md", "Rights")))).toBe("no\n");
    });

    it("The image: it is swapped, and nothing else", async () => {
      const before = await podOf("kube-system", "kube-iptables-tailer");
      await type(scriptOf(sectionOf("docs/migrate.md", "The image")));
      const after = await podOf("kube-system", "kube-iptables-tailer");
      expect(after).toEqual({
        ...before,
        containers: [{ ...before.containers[0], image: "REGISTRY/droplens:0.1.0" }],
      });
    });

    it("The config file: it is mounted and named, and there is a place for checkpoints", async () => {
      const [, intoTheCluster = ""] = scriptsOf(sectionOf("docs/migrate.md", "The config file"));
      await type(intoTheCluster);
      const { containers, volumes } = await podOf("kube-system", "kube-iptables-tailer");
      const [{ command, args, env, volumeMounts }] = containers;
      expect([command, args]).toEqual([undefined, ["run", "--config", "/etc/droplens/droplens.yaml"]]);
      expect(env).toHaveLength(2);
      expect(volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath).toSorted()).toEqual([
        "/etc/droplens",
        "/var/lib/droplens",
        "/var/log",
      ]);
      expect(volumes.map(({ name }: { name: string }) => name).toSorted()).toEqual([
        "config",
        "iptables-logs",
        "state",
      ]);
      const map = await kubectl(["get", "configmap", "droplens", "-n", "kube-system", "-o", "json"]);
      expect(Object.keys(parse(map).data)).toEqual(["droplens.yaml"]);
    });
  });
});

const asRoot = { runAsNonRoot: false, runAsUser: 0, runAsGroup: 0 };
const withoutRights = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
};

/** What the pod of each section is like. */
const expected: Readonly<Record<string, object>> = {
  "A file of root's": { securityContext: asRoot, containers: [{ securityContext: withoutRights }] },
  "The journal": {
    securityContext: asRoot,
    containers: [{ image: "REGISTRY/droplens:0.1.0-journald", securityContext: withoutRights }],
  },
  "The kernel's buffer": {
    securityContext: asRoot,
    containers: [{ securityContext: { privileged: true, readOnlyRootFilesystem: true } }],
    volumes: expect.not.arrayContaining([expect.objectContaining({ name: "logs" })]),
  },
};

/** What the tailer's demo has. */
const tailer = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "kube-iptables-tailer", namespace: "kube-system" },
  spec: {
    selector: { matchLabels: { app: "kube-iptables-tailer" } },
    template: {
      metadata: { labels: { app: "kube-iptables-tailer" } },
      spec: {
        serviceAccountName: "kube-iptables-tailer",
        containers: [
          {
            name: "kube-iptables-tailer",
            image: "boxinc/kube-iptables-tailer:v0.1.0",
            command: ["/kube-iptables-tailer", "--log_dir=/my-service-logs", "--v=4"],
            env: [
              { name: "IPTABLES_LOG_PATH", value: "/var/log/iptables.log" },
              { name: "IPTABLES_LOG_PREFIX", value: "calico-drop:" },
            ],
            volumeMounts: [{ name: "iptables-logs", mountPath: "/var/log", readOnly: true }],
          },
        ],
        volumes: [{ name: "iptables-logs", hostPath: { path: "/var/log" } }],
      },
    },
  },
};

async function podOf(namespace: string, daemonSet: string) {
  return parse(await kubectl(["get", "daemonset", daemonSet, "-n", namespace, "-o", "json"])).spec.template.spec;
}

function podFrom(spec: object): object {
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "of-the-guide", namespace: "droplens" }, spec };
}
