/**
 * The logs that are no files, with real packets of a real kernel: /dev/kmsg and the systemd journal. The process is killed
 * at any moment; what it counts is compared with the counters of the rules that logged. Needs root and netfilter.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { memoryOf } from "../support/process-figures.ts";
import { seeded, tellFigures, tries } from "../support/trial.ts";
import { Journald } from "../system/journald.ts";
import { startReader } from "../system/log-reader.ts";
import { addresses, NodeNetwork } from "../system/node-network.ts";
import type { Program } from "../system/program.ts";
import { waitFor } from "../system/wait-for.ts";
import { ReceivedDrops } from "./received-drops.ts";

const burst = 100;

describe.skipIf(process.getuid?.() !== 0)("logs of the node (skipped unless root)", () => {
  it("loses nothing of /dev/kmsg to kill -9", () => killAtRandom("source-kmsg", async () => ({ use: "source-kmsg" })));

  it("loses nothing of the journal to kill -9", () =>
    killAtRandom("source-journald", async (folder) => {
      const journald = await Journald.start(join(folder, "journal"));
      onTestFinished(() => journald.stop());
      return { use: "source-journald", directory: journald.folder };
    }));
});

type Source = Readonly<Record<string, unknown>>;

async function killAtRandom(name: string, makeSource: (folder: string) => Promise<Source>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), `droplens-${name}-`));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const network = await NodeNetwork.open();
  onTestFinished(() => network.close());
  const reader = { folder, source: await makeSource(folder), prefix: network.prefix };
  const received = new ReceivedDrops(join(folder, "drops.jsonl"));
  const random = seeded();
  const kills = tries({ long: 100, short: 5 });
  let peakRssMegabytes = 0;
  for (let kill = 0; kill < kills; kill++) {
    const program = await startReader(reader);
    onTestFinished(async () => void (await program.stop("SIGKILL")));
    await Promise.all([sendBurst(network), sleep(random() * 1500)]);
    peakRssMegabytes = Math.max(peakRssMegabytes, memoryOf(program.pid).peakMegabytes);
    await program.stop("SIGKILL");
    // What comes while nothing runs is read by the next life.
    await sendBurst(network);
  }
  const packets = await network.logged();
  const ended = await endedWhen(await startReader(reader), () => received.packetsBehind(0) >= packets);
  const over = received.packetsBehind(0) - packets;
  const figures = { packets, lost: Math.max(0, -over), overCounted: Math.max(0, over), peakRssMegabytes };
  tellFigures({ trial: `kill -9: ${name}, real packets`, tries: kills, of: "kills", ...figures });
  expect([ended, figures.lost]).toEqual([0, 0]);
  // A kill repeats what was delivered since the last save, a second before: less than one burst.
  expect(figures.overCounted).toBeLessThanOrEqual(kills * burst);
}

/** Packets of one flow, 5 ms apart: the window folds them, and the counts are what is compared. */
async function sendBurst(network: NodeNetwork): Promise<void> {
  const script = `const socket = require("node:dgram").createSocket("udp4");
    let sent = 0;
    const timer = setInterval(() => {
      socket.send("x", 53, "${addresses.db.ip4}");
      if (++sent < ${burst}) return;
      clearInterval(timer);
      setTimeout(() => socket.close(), 50);
    }, 5);`;
  await network.in("web", [process.execPath, "-e", script]);
}

/** Repeats are told when their window closes, at the stop at the latest. */
async function endedWhen(program: Program, isThere: () => boolean): Promise<number | string> {
  await waitFor("nothing left to read", async () => (await isQuiet(program)) || undefined, { timeoutMillis: 30_000 });
  const ended = await program.stop();
  await waitFor("all told", async () => isThere() || undefined, { timeoutMillis: 5000 }).catch(() => undefined);
  return ended;
}

/** Lines have come, and none in half a second. */
async function isQuiet(program: Program): Promise<boolean> {
  const read = async () => (await program.metrics()).sum("droplens_lines_read_total");
  const before = await read();
  await sleep(500);
  return before > 0 && (await read()) === before;
}
