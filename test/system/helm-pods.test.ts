/**
 * The pods of the chart's variants do their work with the mounts and rights that it gives them: installed by helm on the
 * API server, started from the DaemonSet as a kubelet would, told of a packet, and the event is on the pod.
 * image.test.ts builds the image; here it is dist/ on the base image, with journalctl as the target `journald` has it.
 */
import { appendFile, chmod, chown, cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { createNamespace, createPod, deleteNamespaces, kubectl, waitForEvent } from "./cluster.ts";
import type { Image } from "./dockerfile.ts";
import { chart, helm } from "./helm.ts";
import { Journald } from "./journald.ts";
import { startPod } from "./kubelet.ts";
import { copyProgram, layNodeImage } from "./node-image.ts";
import { addresses, NodeNetwork } from "./node-network.ts";
import { freePort, type Program } from "./program.ts";
import { kubeconfigPath, runId, systemTest } from "./system-test.ts";

const release = `helm-pods-${runId}`;
const namespace = release;
const installed = `${release}-droplens`;
const shop = `shop-${runId}-helm`;
const nodeName = `node-${runId}-helm`;
const { web, db } = addresses;
const place = ["--namespace", namespace, "--kubeconfig", kubeconfigPathIfAny()];

systemTest("the chart's pods", () => {
  let folder: string;
  let image: Image;
  let network: NodeNetwork;
  let program: Program | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "droplens-helm-pods-"));
    await chmod(folder, 0o755);
    image = await layImage(join(folder, "image"));
    network = await NodeNetwork.open();
    await createNamespace(namespace, { "pod-security.kubernetes.io/enforce": "privileged" });
    await createNamespace(shop);
    await createPod({ namespace: shop, name: "web", nodeName, addresses: [web.ip4] });
  });

  afterAll(async () => {
    await network?.close();
    await deleteNamespaces([namespace, shop]);
    await rm(folder, { recursive: true, force: true });
  });

  let port: number;
  beforeEach(async () => {
    port = await freePort();
  });

  afterEach(async () => {
    await program?.stop("SIGKILL");
    await helm(["uninstall", release, ...place], [1]);
  });

  /** Installs, and starts what the DaemonSet says. `hostPaths` are the node's. */
  async function install(settings: readonly string[], hostPaths: Readonly<Record<string, string>>): Promise<Program> {
    const options = [`prefix=${network.prefix}`, `config.operations.port=${port}`, ...settings];
    const words = options.flatMap((setting) => ["--set", setting]);
    await helm(["install", release, chart, ...place, ...words]);
    const daemonSet = await kubectl(["get", "daemonset", installed, "-n", namespace, "-o", "json"]);
    const volumes = await mkdtemp(join(folder, "volumes-"));
    await chmod(volumes, 0o755);
    const pod = { image, namespace, serviceAccount: installed, nodeName, folder: volumes, hostPaths, port };
    program = await startPod(JSON.parse(daemonSet).spec.template, pod);
    await program.answers("/readyz", 200, 30_000);
    return program;
  }

  async function toldOn(running: Program, destinationPort: number): Promise<void> {
    const message = `Packet dropped when sending traffic to ${db.ip4} on port ${destinationPort}/TCP`;
    await waitForEvent(shop, "web", message, running);
    expect(await running.stop()).toBe(0);
    expect(running.logLines("error")).toEqual([]);
  }

  it.each([
    ["by an unprivileged user whose group may read it", { group: 4, mode: 0o640 }, []],
    [
      "by root where nobody else may read it",
      { group: 0, mode: 0o600 },
      ["podSecurityContext.runAsNonRoot=false", "podSecurityContext.runAsUser=0", "podSecurityContext.runAsGroup=0"],
    ],
  ])("read a log file %s", async (_name, { group, mode }, settings) => {
    const logs = await mkdtemp(join(folder, "logs-"));
    await chmod(logs, 0o755);
    const log = join(logs, "kern.log");
    await appendFile(log, "", { mode });
    await chown(log, 0, group);
    const running = await install(settings, { "/var/log": logs });
    const destinationPort = mode === 0o600 ? 5433 : 5432;
    await appendFile(log, logLine(network.prefix, destinationPort));
    await toldOn(running, destinationPort);
  });

  it("read the kernel's own log, and keep their place on the node", async () => {
    const state = await mkdtemp(join(folder, "node-state-"));
    const settings = ["source=kmsg", "state.hostPath=/var/lib/droplens"];
    const running = await install(settings, { "/dev/kmsg": "/dev/kmsg", "/var/lib/droplens": state });
    await network.connect("web", db.ip4, 80);
    await toldOn(running, 80);
    expect(running.output).not.toContain("in memory");
  });

  it("read the journal as root without capabilities", async () => {
    const journald = await Journald.start(join(folder, "journal"));
    try {
      const running = await install(["source=journald"], { "/var/log/journal": journald.folder });
      await network.connect("web", db.ip4, 443);
      await toldOn(running, 443);
    } finally {
      await journald.stop();
    }
  });
});

/** The file is read where the system tests are skipped, too. */
function kubeconfigPathIfAny(): string {
  return process.env.KUBECONFIG === undefined ? "" : kubeconfigPath();
}

async function layImage(root: string): Promise<Image> {
  await layNodeImage(root);
  await copyProgram("/usr/bin/journalctl", root, "usr/bin/journalctl");
  for (const name of ["dist", "package.json"]) await cp(name, join(root, "opt/droplens", name), { recursive: true });
  return {
    root,
    user: "65532:4",
    workingFolder: "/opt/droplens",
    entrypoint: ["/usr/local/bin/node", "/opt/droplens/dist/droplens.js"],
    command: ["run"],
    environment: { PATH: "/usr/local/bin:/usr/bin", HOME: "/opt/droplens" },
    labels: {},
    stopSignal: "SIGTERM",
  };
}

/** As rsyslog writes a line of the kernel, from web to db. */
function logLine(prefix: string, port: number): string {
  const packet = `SRC=${web.ip4} DST=${db.ip4} LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=4711 DF PROTO=TCP SPT=41000 DPT=${port}`;
  const time = new Date().toISOString().replace("Z", "000+00:00");
  return `${time} node kernel: [ 2528.800858] ${prefix} IN=cali1 OUT=cali2 ${packet} WINDOW=64240 RES=0x00 SYN URGP=0 \n`;
}
