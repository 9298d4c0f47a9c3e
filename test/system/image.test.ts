/**
 * What people deploy: the image of the Dockerfile, run as the DaemonSet says by an unprivileged user on a read-only tree
 * with a token of its ServiceAccount; and in the place of kube-iptables-tailer, with that one's manifest.
 */
import { randomUUID } from "node:crypto";
import { appendFile, chmod, chown, glob, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  apply,
  createNamespace,
  createPod,
  deleteNamespaces,
  describedEvents,
  kubectl,
  waitForEvent,
} from "./cluster.ts";
import { run } from "./command.ts";
import { buildImage, type Image } from "./dockerfile.ts";
import { type PodPlace, type PodTemplate, startPod } from "./kubelet.ts";
import { manifestFolder } from "./manifest.ts";
import { freePort, type Program } from "./program.ts";
import { runId, systemTest } from "./system-test.ts";

const admGroup = 4;
const [shop, data, nodeName] = [`shop-${runId}-image`, `data-${runId}-image`, `node-${runId}-image`];

systemTest("the image", () => {
  let folder: string;
  let image: Image;
  let running: Program | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "droplens-image-"));
    await chmod(folder, 0o755);
    image = await buildImage("deploy/Dockerfile", ".", folder);
    await kubectl(["apply", "--server-side", "-f", `${manifestFolder}/namespace.yaml`]);
    await kubectl(["apply", "--server-side", "-f", manifestFolder]);
    for (const name of [shop, data]) await createNamespace(name);
    await createPod({ namespace: shop, name: "web", nodeName, addresses: ["10.204.1.2"] });
    await createPod({ namespace: data, name: "db", nodeName: "another-node", addresses: ["10.204.2.2"] });
  }, 300_000);

  afterAll(async () => {
    await running?.stop("SIGKILL");
    await deleteNamespaces([shop, data]);
    await rm(folder, { recursive: true, force: true });
  });

  /** A log folder of the node, its file as rsyslog makes it: 0640 root:adm on Debian, 0600 root:root on RHEL. */
  async function makeLog(name: string, kin: "Debian" | "RHEL" = "Debian") {
    const logs = await mkdtemp(join(folder, "logs-"));
    await chmod(logs, 0o755);
    const path = join(logs, name);
    await appendFile(path, "", { mode: kin === "Debian" ? 0o640 : 0o600 });
    await chown(path, 0, kin === "Debian" ? admGroup : 0);
    return { logs, drop: (prefix: string, port: number) => appendFile(path, logLine(prefix, port)) };
  }

  async function start(
    template: PodTemplate,
    place: Omit<PodPlace, "image" | "folder" | "nodeName">,
  ): Promise<Program> {
    await running?.stop();
    const volumes = join(folder, randomUUID());
    await mkdir(volumes, { mode: 0o755 });
    running = await startPod(template, { ...place, image, folder: volumes, nodeName });
    return running;
  }

  it("is not root's by default, says what it is, and ends by SIGTERM", () => {
    expect(image.user).toMatch(/^[1-9]\d*:\d+$/);
    expect(image.labels["org.opencontainers.image.title"]).toBe("droplens");
    expect(image.stopSignal).toBe("SIGTERM");
  });

  it.each(["65532:4", "0:0"])("starts user %s with what V8 compiled when it was built", async (user) => {
    const words = ["chroot", `--userspec=${user}`, image.root, ...image.entrypoint, "plugins"];
    const environment = { PATH: process.env.PATH, ...image.environment, NODE_DEBUG_NATIVE: "COMPILE_CACHE" };
    const { stdout, stderr } = await run(words, { environment, allow: [2] });
    expect(stdout + stderr).toContain("was accepted");
    expect(stdout + stderr).not.toContain("was rejected");
  });

  describe("as the DaemonSet", () => {
    let template: PodTemplate;

    beforeAll(async () => {
      template = JSON.parse(await kubectl(["get", "daemonset", "droplens", "-n", "droplens", "-o", "json"])).spec
        .template;
    });

    async function startDaemon(changed: PodTemplate, logs: string): Promise<Program> {
      const port = await freePort();
      return start(changed, {
        namespace: "droplens",
        serviceAccount: "droplens",
        hostPaths: { "/var/log": logs },
        editConfig: (text) => text.replace("port: 9090", `port: ${port}`),
        port,
      });
    }

    it("does its work with no more rights than the manifests give", async () => {
      const log = await makeLog("kern.log");
      const program = await startDaemon(template, log.logs);
      await program.answers("/readyz", 200, 30_000);
      await program.answers("/healthz", 200);
      await log.drop("calico-packet: ", 5432);
      await waitForEvent(
        shop,
        "web",
        `Packet dropped when sending traffic to ${data} (10.204.2.2) on port 5432/TCP`,
        program,
      );
      await waitForEvent(
        data,
        "db",
        `Packet dropped when receiving traffic from ${shop} (10.204.1.2) on port 5432/TCP`,
        program,
      );
      expect(await program.stop()).toBe(0);
      expect(program.logLines("warn").concat(program.logLines("error"))).toEqual([]);
      expect(await savedCheckpoints(folder)).not.toEqual([]);
    });

    it("ends with the reason and the remedy where only root may read the log", async () => {
      const log = await makeLog("kern.log", "RHEL");
      const program = await startDaemon(template, log.logs);
      expect(await program.ended()).toBe(1);
      const [error, ...more] = program.logLines("error");
      expect(error).toMatch(/cannot read \/var\/log\/kern\.log \(EACCES\).*supplementalGroups/);
      expect(more).toEqual([]);
    });

    it("reads that file as root without capabilities, as its comment says", async () => {
      const log = await makeLog("kern.log", "RHEL");
      const asRoot = { spec: { ...template.spec, securityContext: { runAsUser: 0, runAsGroup: 0 } } };
      const program = await startDaemon(asRoot, log.logs);
      await program.answers("/readyz", 200, 30_000);
      await log.drop("calico-packet: ", 5433);
      await waitForEvent(
        shop,
        "web",
        `Packet dropped when sending traffic to ${data} (10.204.2.2) on port 5433/TCP`,
        program,
      );
      expect(await program.stop()).toBe(0);
    });
  });

  describe("in the place of kube-iptables-tailer", () => {
    const namespace = `tailer-${runId}`;
    let template: PodTemplate;

    beforeAll(async () => {
      template = parse(tailerTemplate);
      await createNamespace(namespace);
      await apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "full", namespace } });
      await apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "demo", namespace } });
      await bind(namespace, "full", "droplens");
      await apply({
        ...rbac("ClusterRole", `droplens-test-demo-${runId}`),
        rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }],
      });
      await bind(namespace, "demo", `droplens-test-demo-${runId}`);
    });

    afterAll(async () => {
      const names = [`droplens-test-full-${runId}`, `droplens-test-demo-${runId}`];
      await kubectl(["delete", "clusterrolebinding", ...names]);
      await kubectl(["delete", "clusterrole", names[1] ?? ""]);
      await deleteNamespaces([namespace]);
    });

    it("works from its command and environment, and says that the checkpoint is in memory", async () => {
      const log = await makeLog("iptables.log");
      const port = await freePort();
      const program = await start(template, {
        namespace,
        serviceAccount: "full",
        hostPaths: { "/var/log": log.logs },
        environment: { METRICS_SERVER_PORT: String(port) },
        port,
      });
      await program.answers("/readyz", 200, 30_000);
      await log.drop("calico-drop: ", 6379);
      await waitForEvent(
        shop,
        "web",
        `Packet dropped when sending traffic to ${data} (10.204.2.2) on port 6379/TCP`,
        program,
      );
      expect(await program.stop()).toBe(0);
      const sayings = program.output.split("\n").filter((line) => line.includes("/var/lib/droplens"));
      expect(sayings).toHaveLength(1);
      expect(sayings[0]).toMatch(/memory/);
    });

    it("names the missing right once, is not ready and goes on counting where events may not be created", async () => {
      const log = await makeLog("iptables.log");
      const port = await freePort();
      const program = await start(template, {
        namespace,
        serviceAccount: "demo",
        hostPaths: { "/var/log": log.logs },
        environment: { METRICS_SERVER_PORT: String(port) },
        port,
      });
      await program.answers("/healthz", 200, 30_000);
      for (const destinationPort of [7001, 7002, 7003]) await log.drop("calico-drop: ", destinationPort);
      await program.measures("3 packets counted", (now) => now.sum("droplens_packet_drops_total") === 3);
      expect(await program.answers("/readyz", 503)).toMatch(/events.*create|create.*events/);
      const errors = program.logLines("error");
      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatch(/create/);
      expect(errors[0]).toMatch(/patch/);
      expect(await describedEvents(shop, "web")).not.toContain("port 7001/TCP");
      expect(await program.stop()).toBe(0);
    });
  });
});

/** What is in the volumes named "state" of all pods so far. */
async function savedCheckpoints(folder: string): Promise<string[]> {
  const saved: string[] = [];
  for await (const path of glob(`${folder}/*/state-*/*.checkpoint`)) saved.push(path);
  return saved;
}

/** What the Go tailer's demo DaemonSet says of its pod: command, environment, the log folder read-only. */
const tailerTemplate = `
spec:
  containers:
    - name: kube-iptables-tailer
      command: ["/kube-iptables-tailer", "--log_dir=/my-service-logs", "--v=4"]
      env:
        - { name: IPTABLES_LOG_PATH, value: /var/log/iptables.log }
        - { name: IPTABLES_LOG_PREFIX, value: "calico-drop:" }
      volumeMounts:
        - { name: iptables-logs, mountPath: /var/log, readOnly: true }
  volumes:
    - { name: iptables-logs, hostPath: { path: /var/log } }
`;

/** As rsyslog writes a line of the kernel, from web to db. */
function logLine(prefix: string, port: number): string {
  const packet = `SRC=10.204.1.2 DST=10.204.2.2 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=4711 DF PROTO=TCP SPT=41000 DPT=${port}`;
  const time = new Date().toISOString().replace("Z", "000+00:00");
  return `${time} node kernel: [ 2528.800858] ${prefix}IN=cali1 OUT=cali2 ${packet} WINDOW=64240 RES=0x00 SYN URGP=0 \n`;
}

function rbac(kind: string, name: string) {
  return { apiVersion: "rbac.authorization.k8s.io/v1", kind, metadata: { name } };
}

async function bind(namespace: string, serviceAccount: string, clusterRole: string): Promise<void> {
  await apply({
    ...rbac("ClusterRoleBinding", `droplens-test-${serviceAccount}-${runId}`),
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: clusterRole },
    subjects: [{ kind: "ServiceAccount", name: serviceAccount, namespace }],
  });
}
