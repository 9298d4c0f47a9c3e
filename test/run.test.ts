/**
 * `droplens run` from outside, on one node with an embedded Kubernetes API: the main job, outages, rotations, stops and
 * kills. All tests run at once, each with a process, an API and a folder of its own.
 */
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { imbalance, kernelLine, NodeStage, prefix, told } from "./support/node-stage.ts";
import { freePort } from "./system/program.ts";

const balanced = { "sink-k8s-events": 0, "sink-prometheus": 0 };
const sending = (port: number): string => `Packet dropped when sending traffic to data (10.77.2.2) on port ${port}/TCP`;
const receiving = (port: number): string =>
  `Packet dropped when receiving traffic from shop (10.77.1.2) on port ${port}/TCP`;

describe.concurrent("run", { timeout: 60_000 }, () => {
  const elsewhere = readOnlyState();

  it.skipIf(elsewhere === undefined)(
    `does kube-iptables-tailer's job from its environment variables${elsewhere === undefined ? " (skipped: root, but may not mount a read-only /var/lib)" : ""}`,
    async ({ onTestFinished }) => {
      const stage = new NodeStage(onTestFinished);
      const kubernetes = await stage.startKubernetes();
      stage.drop(80, 3);
      const program = stage.run(
        stage.environment(kubernetes.url),
        elsewhere === undefined ? {} : { within: elsewhere },
      );
      await program.ready();
      await program.child.until("both events", async () => told(kubernetes).length === 2);
      expect(told(kubernetes)).toEqual(
        expect.arrayContaining([
          { pod: "shop/web", message: sending(80), count: 1 },
          { pod: "data/db", message: receiving(80), count: 1 },
        ]),
      );
      const warned = program.child.logged("warn").map(({ msg }) => msg);
      expect(warned).toEqual([expect.stringContaining("no writable state folder: the checkpoint lives in memory")]);
      expect(await program.child.stop()).toBe(0);
      expect(told(kubernetes).map(({ count }) => count)).toEqual([3, 3]);
    },
  );

  it("serves metrics, health, readiness and status, and its books balance", async ({ onTestFinished }) => {
    const stage = new NodeStage(onTestFinished);
    const kubernetes = await stage.startKubernetes();
    stage.copyBundle();
    const longAgo = new Date(Date.now() - 11 * 60_000);
    appendFileSync(stage.log, kernelLine(81, longAgo));
    stage.drop(80, 2);
    const program = stage.run(stage.environment(kubernetes.url));
    await program.ready();
    stage.drop(443);
    writeFileSync(stage.log, "2019-02-04T10:10:12.345678-07:00 node-1 kernel: [1.0] usb 1-1: new device\n", {
      flag: "a",
    });
    const samples = await program.measures("all delivered", (now) => now.sum("droplens_packets_delivered_total") === 4);
    expect(imbalance(samples)).toEqual(balanced);
    expect(samples.sum("droplens_packets_open", { sink: "sink-k8s-events" })).toBe(1);
    expect(samples.sum("droplens_packets_discarded_total", { sink: "", reason: "expired" })).toBe(1);
    expect(samples.sum("droplens_lines_read_total")).toBe(5);
    expect(samples.sum("packet_drops_count", { src: "shop", dst: "data" })).toBe(2);
    expect(await program.get("/healthz")).toEqual({ status: 200, text: "ok\n" });
    const status = JSON.parse((await program.get("/status")).text);
    expect(status).toMatchObject({ phase: "running", problems: [], pipelines: [{ name: "drops", matched: 4 }] });
    expect(status.pipelines[0].lag).toMatchObject([{ part: stage.log, lagBytes: 0 }]);
  });

  it("ends by SIGTERM with 0, all repeats told, and nothing left behind", async ({ onTestFinished }) => {
    const stage = new NodeStage(onTestFinished);
    const kubernetes = await stage.startKubernetes();
    stage.copyBundle();
    stage.drop(80, 37);
    const program = stage.run(stage.environment(kubernetes.url));
    await program.matched(37);
    const port = await program.port();
    expect(await program.child.stop("SIGTERM")).toBe(0);
    expect(told(kubernetes).map(({ count }) => count)).toEqual([37, 37]);
    expect([program.child.stderr, program.child.logged("error"), kubernetes.watching]).toEqual(["", [], 0]);
    expect(readdirSync(join(stage.folder, "state"))).toEqual(["drops.checkpoint"]);
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow("fetch failed");
  });

  it("loses nothing and tells nothing twice when it is killed at rest", async ({ onTestFinished }) => {
    const stage = new NodeStage(onTestFinished);
    const kubernetes = await stage.startKubernetes();
    stage.copyBundle();
    stage.drop(80, 10);
    const environment = stage.environment(kubernetes.url);
    const first = stage.run(environment);
    await first.measures(
      "one report delivered, its repeats open",
      (now) => now.sum("droplens_packets_delivered_total") === 2,
    );
    await first.child.until("the repeats in the checkpoint, and nothing else", async () =>
      /"windows":\[\{.*"count":9,.*\}\],"undelivered":\[\]/.test(checkpointText(stage)),
    );
    expect(await first.child.stop("SIGKILL")).toBe("SIGKILL");
    stage.drop(80, 5);
    stage.drop(81);

    const second = stage.run(environment);
    const samples = await second.matched(6);
    expect(samples.sum("droplens_packets_restored_total", { sink: "sink-k8s-events" })).toBe(9);
    expect(imbalance(samples)).toEqual(balanced);
    expect(await second.child.stop()).toBe(0);
    expect(packetsTold(kubernetes, sending(80))).toBe(15);
    expect(packetsTold(kubernetes, receiving(81))).toBe(1);
  });

  it("counts every packet at least once when it is killed at any moment", async ({ onTestFinished }) => {
    const stage = new NodeStage(onTestFinished);
    const kubernetes = await stage.startKubernetes();
    stage.copyBundle();
    const environment = stage.environment(kubernetes.url);
    const ports = [80, 81, 82];
    for (const port of ports) {
      stage.drop(port, 100);
      const program = stage.run(environment);
      await program.measures("some matched", (now) => now.sum("droplens_lines_matched_total") > 0);
      await program.child.stop("SIGKILL");
    }
    const last = stage.run(environment);
    await last.ready();
    // Before the log is open there is no lag to be seen, and a sum of nothing is 0 too.
    await last.measures(
      "all read",
      (now) => now.text.includes("droplens_source_lag_bytes{") && now.sum("droplens_source_lag_bytes") === 0,
    );
    expect(await last.child.stop()).toBe(0);
    for (const port of ports)
      expect(packetsTold(kubernetes, sending(port)), `port ${port}`).toBeGreaterThanOrEqual(100);
  });

  it("says in one line that it cannot keep its place, and begins from the beginning", async ({ onTestFinished }) => {
    const stage = new NodeStage(onTestFinished);
    const kubernetes = await stage.startKubernetes();
    stage.copyBundle();
    // Where a file is nobody can make a folder, not even root.
    writeFileSync(join(stage.folder, "state"), "");
    stage.drop(80, 2);
    for (let life = 0; life < 2; life++) {
      const program = stage.run(stage.environment(kubernetes.url));
      await program.matched(2);
      const warned = program.child.logged("warn").map(({ msg }) => msg);
      expect(warned).toEqual([expect.stringContaining("no writable state folder: the checkpoint lives in memory")]);
      expect(await program.child.stop()).toBe(0);
    }
  });

  it("waits for an API server that comes later, and then tells what was dropped meanwhile", async ({
    onTestFinished,
  }) => {
    const stage = new NodeStage(onTestFinished);
    const port = await freePort();
    stage.copyBundle();
    stage.drop(80);
    const program = stage.run(stage.environment(`http://127.0.0.1:${port}`));
    await program.matched(1);
    const { status, text } = await program.get("/readyz");
    expect(status).toBe(503);
    expect(text).toContain(`cannot reach the Kubernetes API server http://127.0.0.1:${port}: nothing listens there`);
    const kubernetes = await stage.startKubernetes(port);
    await program.child.until("both events", async () => told(kubernetes).length === 2, 20_000);
    expect(told(kubernetes).map(({ message }) => message)).toEqual(
      expect.arrayContaining([sending(80), receiving(80)]),
    );
    await program.ready();
    expect(imbalance(await program.metrics())).toEqual(balanced);
  });

  it("keeps what it could not tell before it had to stop, and tells it after the next start", async ({
    onTestFinished,
  }) => {
    const stage = new NodeStage(onTestFinished);
    const port = await freePort();
    stage.copyBundle((text) => `stopTimeout: 100ms\n${text}`);
    stage.drop(80, 7);
    const environment = stage.environment(`http://127.0.0.1:${port}`);
    const first = stage.run(environment);
    await first.matched(7);
    expect(await first.child.stop()).toBe(0);
    expect(first.child.logged("warn").map(({ msg }) => msg)).toContain(
      "stopped before all was delivered: the rest is in the checkpoint",
    );
    const kubernetes = await stage.startKubernetes(port);
    const second = stage.run(environment);
    await second.measures("all delivered", (now) => now.sum("droplens_packets_delivered_total") === 14);
    expect(imbalance(await second.metrics())).toEqual(balanced);
    expect(packetsTold(kubernetes, sending(80))).toBe(7);
  });

  it("waits for a log that appears later, and says so meanwhile", async ({ onTestFinished }) => {
    const stage = new NodeStage(onTestFinished);
    const kubernetes = await stage.startKubernetes();
    stage.copyBundle();
    const program = stage.run(stage.environment(kubernetes.url));
    await program.child.says(/kern\.log does not exist: reading begins when it appears/);
    stage.drop(80);
    await program.matched(1);
    await program.ready();
  });

  it("reads both files of a rotation, each line once", async ({ onTestFinished }) => {
    const stage = new NodeStage(onTestFinished);
    const kubernetes = await stage.startKubernetes();
    stage.copyBundle();
    stage.drop(80);
    const program = stage.run(stage.environment(kubernetes.url));
    await program.matched(1);
    stage.drop(81);
    renameSync(stage.log, `${stage.log}.1`);
    stage.drop(82);
    await program.matched(3);
    expect(await program.child.stop()).toBe(0);
    expect(new Set(told(kubernetes).map(({ message }) => message)).size).toBe(6);
  });

  it("runs a second pipeline beside the first, with books and a checkpoint of its own", async ({ onTestFinished }) => {
    const stage = new NodeStage(onTestFinished);
    const kubernetes = await stage.startKubernetes();
    const secondLog = join(stage.folder, "second.log");
    stage.copyBundle(
      (text) => `${text}
  more:
    source: { use: source-file, path: ${secondLog} }
    parser: { use: parser-iptables, prefix: "${prefix}" }
    sinks: [{ use: sink-prometheus, name: numbers }]
`,
    );
    stage.drop(80);
    writeFileSync(secondLog, readFileSync(stage.log, "utf8").repeat(3));
    const program = stage.run(stage.environment(kubernetes.url));
    const samples = await program.measures("both matched", (now) => now.sum("droplens_packets_delivered_total") === 3);
    expect(samples.sum("droplens_lines_matched_total", { pipeline: "more" })).toBe(3);
    expect(samples.sum("droplens_lines_matched_total", { pipeline: "drops" })).toBe(1);
    expect(imbalance(samples, "more")).toEqual({ numbers: 0 });
    expect(await program.child.stop()).toBe(0);
    expect(readdirSync(join(stage.folder, "state")).toSorted()).toEqual(["drops.checkpoint", "more.checkpoint"]);
  });

  it("logs as LOG_LEVEL says, JSON lines on stdout only", async ({ onTestFinished }) => {
    const stage = new NodeStage(onTestFinished);
    const kubernetes = await stage.startKubernetes();
    stage.copyBundle();
    stage.drop(80, 50);
    const levels = async (level: string): Promise<Set<unknown>> => {
      const port = await freePort();
      const environment = { ...stage.environment(kubernetes.url), LOG_LEVEL: level, METRICS_SERVER_PORT: String(port) };
      const { child } = stage.run(environment);
      await child.until("answer", async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok);
      expect(await child.stop("SIGINT")).toBe(0);
      expect(child.stderr).toBe("");
      const lines = child.stdout.split("\n").slice(0, -1);
      expect(lines.length).toBeLessThan(30);
      return new Set(lines.map((line) => JSON.parse(line).level));
    };
    expect(await levels("ERROR")).toEqual(new Set());
    expect(await levels("info")).toEqual(new Set(["info"]));
  });
});

/** How a test run by root gets a /var/lib that cannot be written: [] where it cannot anyway, undefined where that fails. */
function readOnlyState(): readonly string[] | undefined {
  if (process.getuid?.() !== 0) return [];
  const words = ["--mount", "sh", "-c", 'mount -t tmpfs -o ro none /var/lib && exec "$@"', "sh"];
  return spawnSync("unshare", [...words, "true"]).status === 0 ? ["unshare", ...words] : undefined;
}

function checkpointText({ folder }: NodeStage): string {
  const path = join(folder, "state/drops.checkpoint");
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

function packetsTold(kubernetes: Parameters<typeof told>[0], message: string): number {
  const counts = told(kubernetes).filter((event) => event.message === message);
  return counts.reduce((sum, { count }) => sum + count, 0);
}
