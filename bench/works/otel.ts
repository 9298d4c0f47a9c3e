/**
 * otel: how many records a second sink-otel brings to a Collector, and what becomes of its memory when the Collector
 * stops. OTELCOL names a real one; else it is a small receiver that throws everything away.
 */
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort, type MetricSamples } from "../../test/system/program.ts";
import type { Daemon } from "../daemon.ts";
import { load, loadLines } from "../load.ts";
import { booksOf, booksText, replay } from "../replay.ts";
import { type Goal, type Row, rowOf } from "../row.ts";
import { missingPackets, RunningDroplens } from "../running-droplens.ts";
import { spread } from "../spread.ts";
import { interleaved, type Stage } from "../stage.ts";
import type { Work } from "../work.ts";
import { startServer } from "./pod-server.ts";

const lines = 200_000;
const linesPerSecond = 2000;

interface Receiver {
  readonly name: string;
  readonly url: string;
  readonly daemon: Daemon;
}

export const otel: Work = {
  name: "otel",
  about: "200,000 flows, one log record each, to a Collector; then 2,000 new flows a second for 60 s without it",
  async measure(stage) {
    const throughput = await measureThroughput(stage);
    const outage = await measureOutage(stage);
    const notes = [...throughput.notes, ...outage.notes];
    const goals = [...throughput.goals, ...outage.goals];
    return { work: "otel", load: this.about, rows: throughput.rows, goals, notes };
  },
};

interface Part {
  readonly rows: readonly Row[];
  readonly goals: readonly Goal[];
  readonly notes: readonly string[];
}

/** Records a second: those acked, by the wall time beyond the program's start. */
async function measureThroughput(stage: Stage): Promise<Part> {
  const receiver = await startReceiver(stage);
  const sinks = [{ use: "sink-otel", endpoint: receiver.url }];
  const empty = stage.write("empty.log", "");
  const runs = await stage.withLoad("flood", lines, ({ path }) =>
    interleaved(Math.min(3, stage.options.rounds), {
      droplens: () => replay(stage, path, { sinks }),
      start: () => replay(stage, empty, { sinks }),
    }),
  );
  await receiver.daemon.stop();
  const startSeconds = spread(runs.start.map((run) => run.wallSeconds)).median;
  const rates = runs.droplens.map((run) => booksOf(run.stderr).delivered / (run.wallSeconds - startSeconds));
  const books = booksOf(runs.droplens[0]?.stderr ?? "");
  const yardstick = { to: "N" as const, cpuSeconds: await stage.nodeSeconds() };
  return {
    rows: [rowOf("droplens replay, sink-otel", runs.droplens, yardstick)],
    goals: [
      { name: "records stored", measured: spread(rates).median, limit: 20_000, unit: "/s" },
      { name: "neither stored nor discarded", measured: Math.abs(books.missing), limit: 0, unit: "packets" },
    ],
    notes: [`to a ${receiver.name}; books: ${booksText(books)}`],
  };
}

/** More than the window's 65,536: what grows after them is the outage's. */
const flowsBefore = 70_000;

/** A minute without the Collector: in its second half the peak is to grow no more. */
async function measureOutage(stage: Stage): Promise<Part> {
  const receiver = await startReceiver(stage);
  const log = stage.write("kern.log", "");
  const sinks = [{ use: "sink-otel", endpoint: receiver.url }];
  // The load's lines have a time of their own.
  const program = RunningDroplens.start(stage, { log, sinks, pipeline: { maxAge: "36500d" } });
  await program.ready();
  const flows = loadLines(load("flood"));
  appendFileSync(log, linesOf(flows, flowsBefore));
  const settled = (now: MetricSamples) => now.sum("droplens_packets_delivered_total") === flowsBefore;
  await program.measures(`${flowsBefore} packets delivered`, settled);
  const before = program.daemon.peakMegabytes();
  await receiver.daemon.stop("SIGKILL");
  await appendFlows(log, flows, { seconds: 30, signal: stage.signal });
  const early = program.daemon.peakMegabytes();
  await appendFlows(log, flows, { seconds: 30, signal: stage.signal });
  const late = program.daemon.peakMegabytes();
  const all = flowsBefore + 60 * linesPerSecond;
  const read = (now: MetricSamples) => now.sum("droplens_lines_matched_total") === all;
  const samples = await program.measures("all lines read", read);
  await program.daemon.stop();
  const missing = Math.abs(missingPackets(samples, "sink-otel"));
  const text = [before, early, late].map((megabytes) => `${Math.round(megabytes)} MB`);
  return {
    rows: [],
    goals: [
      { name: "peak RSS 60 s without the Collector to 30 s without", measured: late / early, limit: 1.1, unit: "×" },
      { name: "missing then", measured: missing, limit: 0, unit: "packets" },
    ],
    notes: [`peak RSS ${text[0]} with the Collector, ${text[1]} after 30 s without it, ${text[2]} after 60 s`],
  };
}

async function appendFlows(
  log: string,
  flows: Iterator<string>,
  { seconds, signal }: { readonly seconds: number; readonly signal: AbortSignal },
): Promise<void> {
  const start = performance.now();
  for (let tenth = 0; tenth < seconds * 10; tenth++) {
    appendFileSync(log, linesOf(flows, linesPerSecond / 10));
    await sleep(Math.max(0, start + (tenth + 1) * 100 - performance.now()), undefined, { signal });
  }
}

function linesOf(flows: Iterator<string>, count: number): string {
  return Array.from({ length: count }, () => flows.next().value).join("");
}

async function startReceiver(stage: Stage): Promise<Receiver> {
  const program = stage.variable("OTELCOL");
  if (program === undefined) {
    const server = await startServer(stage, ["bench/otlp-receiver.ts"]);
    return { name: "receiver that throws all away (set OTELCOL to a Collector's binary)", ...server };
  }
  const port = await freePort();
  const config = {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    exporters: { debug: { verbosity: "basic" } },
    service: {
      telemetry: { metrics: { level: "none" } },
      pipelines: {
        logs: { receivers: ["otlp"], exporters: ["debug"] },
        metrics: { receivers: ["otlp"], exporters: ["debug"] },
      },
    },
  };
  const daemon = stage.start([program, "--config", stage.write("otelcol.yaml", config)]);
  await daemon.says(/Everything is ready/, stage.signal);
  return { name: "real Collector", url: `http://127.0.0.1:${port}`, daemon };
}
