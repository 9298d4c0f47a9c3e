/**
 * parser-ulogd on what a real ulogd writes of real packets: counted as often as the kernel dropped them, although three
 * rules log each, at the time at which it happened, although ulogd's clock is in another zone.
 */
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { matched, startReader } from "./log-reader.ts";
import { addresses, NodeNetwork } from "./node-network.ts";
import type { Program } from "./program.ts";
import { systemTest } from "./system-test.ts";
import { startUlogd, type Ulogd } from "./ulogd.ts";

const { db } = addresses;
const zone = "Asia/Kolkata";

systemTest("parser-ulogd", () => {
  let folder: string;
  let network: NodeNetwork;
  let ulogd: Ulogd;
  let program: Program | undefined;
  let begin: number;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "droplens-ulogd-"));
    network = await NodeNetwork.open();
    ulogd = await startUlogd(folder, zone);
    begin = Date.now();
    await network.connect("web", db.ip4, 80);
    await network.connect("web", db.ip6, 80);
    await network.datagram("web", db.ip4, 53);
    await network.datagram("web", db.ip6, 53);
    await network.ping("web", db.ip4);
    await network.ping("web", db.ip6);
  });

  afterEach(async () => {
    await program?.stop();
  });

  afterAll(async () => {
    await program?.stop("SIGKILL");
    await ulogd?.stop();
    await network?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(form: "logemu" | "json", options: object): Promise<{ running: Program; drops: string }> {
    const own = await mkdtemp(join(folder, `${form}-`));
    await mkdir(own, { recursive: true });
    const parser = { use: "parser-ulogd", ...options };
    program = await startReader({ folder: own, source: { use: "source-file", path: ulogd[form] }, parser });
    return { running: program, drops: join(own, "drops.jsonl") };
  }

  it.each(["logemu", "json"] as const)("counts each packet once, at its time: %s", async (form) => {
    const { running, drops } = await start(form, { timeZone: zone });
    const packets = await ulogd.dropped();
    expect(packets).toBeGreaterThanOrEqual(6);
    await matched(running, packets);
    const metrics = await running.metrics();
    expect(metrics.sum("droplens_lines_other_total", { reason: "same-packet" })).toBe(2 * packets);
    const told = (await readFile(drops, "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(new Set(told.map(({ policy, verdict }) => `${policy} ${verdict}`))).toEqual(new Set(["shop/deny-all DROP"]));
    expect(new Set(told.map(({ ipVersion, protocol }) => `${ipVersion} ${protocol}`))).toEqual(
      new Set(["4 TCP", "6 TCP", "4 UDP", "6 UDP", "4 ICMP", "6 ICMPv6"]),
    );
    for (const { time } of told) {
      // LOGEMU has whole seconds.
      expect(Date.parse(time)).toBeGreaterThan(begin - 1100);
      expect(Date.parse(time)).toBeLessThan(Date.now() + 100);
    }
  });

  it("says what is wrong with a local time and no zone", async () => {
    const { running } = await start("logemu", {});
    await matched(running, await ulogd.dropped());

    expect(running.logLines("error")).toEqual([
      expect.stringMatching(/name no zone; read as UTC, .* 5h30m ahead of the clock, .*set \\?"timeZone\\?"/),
    ]);
  });
});
