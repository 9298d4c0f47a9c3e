/**
 * source-kmsg on the real device: what the kernel logs is counted as often as the kernel counted it, at the time at which
 * it happened; what a process writes is not believed; what the kernel wrote over is counted.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { logAsProcess, matched, startReader } from "./log-reader.ts";
import { addresses, NodeNetwork } from "./node-network.ts";
import type { Program } from "./program.ts";
import { systemTest } from "./system-test.ts";

const { db } = addresses;
const overwritten = "droplens_kmsg_overwritten_records_total";

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
    program = await startReader({ folder, source: { use: "source-kmsg" }, prefix: network.prefix });
    return program;
  }

  it("counts each packet that the kernel logs, at its time", async () => {
    const running = await start();
    const begin = Date.now();
    await network.connect("web", db.ip4, 80);
    await network.datagram("web", db.ip6, 53);
    await network.ping("web", db.ip4);
    const packets = await network.logged();
    expect(packets).toBeGreaterThanOrEqual(3);
    await matched(running, packets);
    const told = await readFile(join(folder, "drops.jsonl"), "utf8");
    for (const line of told.trimEnd().split("\n")) {
      const time = Date.parse(JSON.parse(line).time);
      expect(time).toBeGreaterThan(begin - 100);
      expect(time).toBeLessThan(Date.now() + 100);
    }
  });

  it("does not believe what a process writes into the kernel's log, and counts it", async () => {
    const running = program as Program;
    const line = `${network.prefix} IN=eth0 OUT= SRC=10.203.1.9 DST=10.203.2.9 LEN=60 TTL=64 ID=1 PROTO=TCP SPT=1 DPT=2 `;
    for (const text of [line, `kernel: ${line}`]) logAsProcess(text);
    const forged = { reason: "not-kernel" };
    await running.measures("two forgeries", (now) => now.sum("droplens_lines_other_total", forged) === 2);
    await matched(running, await network.logged());
  });

  it("goes on from its checkpoint, and counts what came while it was stopped", async () => {
    const before = await network.logged();
    expect(await program?.stop()).toBe(0);
    await network.connect("web", db.ip4, 80);
    const running = await start();
    await matched(running, (await network.logged()) - before);
    expect((await running.metrics()).sum(overwritten)).toBe(0);
  });

  it("counts the records that the kernel wrote over while it was stopped, and reads on", async () => {
    await program?.stop();
    const records = 4000;
    for (let i = 0; i < records; i++) logAsProcess("x".repeat(900));
    const running = await start();
    await network.datagram("web", db.ip4, 53);
    await matched(running, 1);
    const lost = (await running.metrics()).sum(overwritten);
    expect(lost).toBeGreaterThan(records / 10);
    expect(lost).toBeLessThanOrEqual(records + 100);
    expect(running.logLines("error")).toEqual([expect.stringContaining("wrote over records")]);
  });
});
