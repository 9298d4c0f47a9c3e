/**
 * source-kmsg on the real device: what the kernel logs is counted as often as the kernel counted it, at the time at which
 * it happened; what a process writes is not believed; what the kernel wrote over is counted.
 */
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { addresses, NodeNetwork } from "./node-network.ts";
import { freePort, type MetricSamples, Program } from "./program.ts";
import { systemTest } from "./system-test.ts";

const { db } = addresses;
const overwritten = "droplens_kmsg_overwritten_records_total";
const allRead = (packets: number) => (samples: MetricSamples) =>
  samples.sum("droplens_packet_drops_total") + samples.sum("droplens_packets_open") >= packets;

systemTest("source-kmsg", () => {
  let folder: string;
  let network: NodeNetwork;
  let program: Program | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "droplens-kmsg-"));
    network = await NodeNetwork.open();
  });

  afterAll(async () => {
    await program?.stop("SIGKILL");
    await network?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(): Promise<Program> {
    const port = await freePort();
    const config = join(folder, "droplens.json");
    const drops = {
      source: { use: "source-kmsg" },
      parser: { use: "parser-iptables", prefix: network.prefix },
      sinks: [{ use: "sink-prometheus" }, { use: "sink-jsonl", path: join(folder, "drops.jsonl") }],
    };
    const operations = { host: "127.0.0.1", port };
    writeFileSync(config, JSON.stringify({ version: 1, stateFolder: folder, operations, pipelines: { drops } }));
    const words = [process.execPath, "core/main.ts", "run", "--config", config];
    program = new Program({ words, environment: { PATH: process.env.PATH ?? "" }, port });
    await program.answers("/readyz", 200, 30_000);
    return program;
  }

  const times = async () => {
    const lines = (await readFile(join(folder, "drops.jsonl"), "utf8")).trimEnd().split("\n");
    return lines.map((line) => Date.parse(JSON.parse(line).time));
  };

  it("counts each packet that the kernel logs, at its time", async () => {
    const running = await start();
    const begin = Date.now();
    await network.connect("web", db.ip4, 80);
    await network.datagram("web", db.ip6, 53);
    await network.ping("web", db.ip4);
    const packets = await network.logged();
    expect(packets).toBeGreaterThanOrEqual(3);
    await running.measures(`${packets} packets read`, allRead(packets));
    for (const time of await times()) {
      expect(time).toBeGreaterThan(begin - 100);
      expect(time).toBeLessThan(Date.now() + 100);
    }
  });

  it("does not believe what a process writes into the kernel's log, and counts it", async () => {
    const running = program as Program;
    log(`${network.prefix} IN=eth0 OUT= SRC=10.203.1.9 DST=10.203.2.9 LEN=60 TTL=64 ID=1 PROTO=TCP SPT=1 DPT=2 `);
    log(`kernel: ${network.prefix} IN=eth0 OUT= SRC=10.203.1.9 DST=10.203.2.9 LEN=60 TTL=64 ID=1 PROTO=UDP `);
    await running.measures(
      "two forgeries",
      (samples) => samples.sum("droplens_lines_other_total", { reason: "not-kernel" }) === 2,
    );
    expect((await running.metrics()).sum("droplens_lines_matched_total")).toBe(await network.logged());
  });

  it("goes on from its checkpoint, and counts what came while it was stopped", async () => {
    const before = await network.logged();
    expect(await program?.stop()).toBe(0);
    await network.connect("web", db.ip4, 81);
    const packets = (await network.logged()) - before;
    const running = await start();
    await running.measures(`${packets} packets read`, (now) => now.sum("droplens_lines_matched_total") === packets);
    expect((await running.metrics()).sum(overwritten)).toBe(0);
  });

  it("counts the records that the kernel wrote over while it was stopped, and reads on", async () => {
    await program?.stop();
    const records = 4000;
    for (let i = 0; i < records; i++) log("x".repeat(900));
    const running = await start();
    await network.datagram("web", db.ip4, 53);
    await running.measures("the next packet", (now) => now.sum("droplens_lines_matched_total") === 1);
    const lost = (await running.metrics()).sum(overwritten);
    expect(lost).toBeGreaterThan(records / 10);
    expect(lost).toBeLessThanOrEqual(records + 100);
    expect(running.logLines("error")).toEqual([expect.stringContaining("wrote over records")]);
  });
});

/** As a process may. The kernel rations the writes of each opener. */
function log(text: string): void {
  const file = openSync("/dev/kmsg", "w");
  writeSync(file, `<4>${text}\n`);
  closeSync(file);
}
