/** journal, kmsg: what the sources cost that read no file. The journal's records come from a file, printed by `cat`. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { load, loadLines } from "../load.ts";
import { type Goal, notMeasured, type Result, rowOf } from "../row.ts";
import { missingPackets, RunningDroplens } from "../running-droplens.ts";
import type { Stage } from "../stage.ts";
import type { Work } from "../work.ts";

const records = 200_000;
const sinks = [{ use: "sink-prometheus" }];

export const journal: Work = {
  name: "journal",
  about: `${records.toLocaleString("en-US")} records of the kernel in a journal, all of them drops of 25,000 flows`,
  async measure(stage) {
    const command = journalctl(stage, stage.write("journal.json", [...journalRecords()].join("")));
    const source = { use: "source-journald", directory: stage.folder, command };
    const program = RunningDroplens.start(stage, { log: "", sinks, pipeline: { source } });
    await program.ready();
    const matched = (samples: { sum(name: string): number }) => samples.sum("droplens_lines_matched_total");
    const samples = await program.measures("every record matched", (now) => matched(now) >= records);
    const cost = program.daemon.cost();
    const missing = Math.abs(missingPackets(samples, "sink-prometheus")) + Math.abs(matched(samples) - records);
    await program.daemon.stop();
    const yardstick = { to: "N" as const, cpuSeconds: await stage.nodeSeconds() };
    const goals: Goal[] = [{ name: "neither reported nor discarded", measured: missing, limit: 0, unit: "packets" }];
    const each = Math.round((cost.cpuSeconds / records) * 1e6 * 10) / 10;
    const notes = [`${each} µs of CPU a record, start included; without what journalctl itself takes`];
    return { work: "journal", load: this.about, rows: [rowOf("droplens run", [cost], yardstick)], goals, notes };
  },
};

/** As journalctl --output=json prints them; their time is now. */
function* journalRecords(): Generator<string> {
  const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim().replaceAll("-", "");
  const begin = Date.now();
  let i = 0;
  for (const line of loadLines(load("dense", { lines: records }))) {
    const hex = (++i).toString(16);
    const micros = String(begin * 1000 + i);
    const MESSAGE = line.slice(line.indexOf("] ") + 2, -1);
    const cursor = `s=ce8522d57d8a44a2a0d15e6f87a1eb78;i=${hex};b=${bootId};m=${hex};t=${hex};x=${hex}`;
    const place = { __CURSOR: cursor, __REALTIME_TIMESTAMP: micros, _BOOT_ID: bootId, _HOSTNAME: "node-0317" };
    const kernels = { _TRANSPORT: "kernel", SYSLOG_FACILITY: "0", SYSLOG_IDENTIFIER: "kernel", PRIORITY: "4" };
    yield `${JSON.stringify({ ...place, ...kernels, MESSAGE })}\n`;
  }
}

function journalctl(stage: Stage, path: string): string[] {
  const script = `for word in "$@"; do
  case $word in --version) exit 0;; --lines=1) exec head -n 1 "${path}";; esac
done
cat "${path}"
exec sleep 600
`;
  return ["sh", stage.write("journalctl.sh", script)];
}

export const kmsg: Work = {
  name: "kmsg",
  about: "the kernel's log device, quiet: 60 s, 10 minutes with --long (root)",
  async measure(stage) {
    const { idleSeconds } = stage.options;
    const load = `/dev/kmsg, and no drop in it for ${idleSeconds} s`;
    const what = "droplens run, source-kmsg, a minute of it";
    if (process.getuid?.() !== 0) return nothing(load, what, "run it as root");
    const program = RunningDroplens.start(stage, { log: "", sinks, pipeline: { source: { use: "source-kmsg" } } });
    await program.ready();
    await sleep(5000, undefined, { signal: stage.signal });
    const before = program.daemon.cpuSeconds();
    await sleep(idleSeconds * 1000, undefined, { signal: stage.signal });
    const cpuSeconds = program.daemon.cpuSeconds() - before;
    const peakMegabytes = program.daemon.peakMegabytes();
    await program.daemon.stop();
    const yardstick = { to: "N" as const, cpuSeconds: await stage.nodeSeconds() };
    const cost = { cpuSeconds: (cpuSeconds * 60) / idleSeconds, wallSeconds: 60, peakMegabytes };
    const percent = (cpuSeconds / idleSeconds) * 100;
    const goal: Goal = { name: `CPU over ${idleSeconds} s`, measured: percent, limit: 0.1, unit: "% of a core" };
    return { work: "kmsg", load, rows: [rowOf(what, [cost], yardstick)], goals: [goal], notes: [] };
  },
};

function nothing(load: string, what: string, reason: string): Result {
  return { work: "kmsg", load, rows: [notMeasured(what, reason)], goals: [], notes: [] };
}
