/**
 * dense, sparse, flood: a file of a million lines through `replay` with sink-prometheus, beside those who do the same
 * or less with it. Every program that ends by itself runs in turn, round after round.
 */
import { type LoadKind, loadPrefix } from "../load.ts";
import { runCollector } from "../reference/collector.ts";
import { runTailer, tailer } from "../reference/tailer.ts";
import { booksOf, booksText, replay } from "../replay.ts";
import { type Goal, notMeasured, type Row, referenceRow, rowOf } from "../row.ts";
import { spread } from "../spread.ts";
import { checkout, interleaved, type LoadFile, type Stage } from "../stage.ts";
import type { Work } from "../work.ts";
import { startPodServer } from "./pod-server.ts";

const lines = 1_000_000;
const sinks = [{ use: "sink-prometheus" }];

/** Medians, in CPU seconds. */
interface Measured {
  readonly simple: number;
  readonly whole: number;
  readonly start: number;
}

function scan(kind: LoadKind, load: string, goalsOf: (measured: Measured) => readonly Goal[]): Work {
  const measure = (stage: Stage) =>
    stage.withLoad(kind, lines, async (file) => {
      const runs = await interleaved(stage.options.rounds, programs(stage, file.path));
      const [simple, whole, start] = [medianCpu(runs.simple), medianCpu(runs.droplens), medianCpu(runs.start)];
      const yardstick = { to: "S" as const, cpuSeconds: simple };
      const books = booksOf(runs.droplens[0]?.stderr ?? "");
      const rows = [
        rowOf("droplens replay, sink-prometheus", runs.droplens, yardstick),
        rowOf("  its start: the same on an empty file", runs.start, yardstick),
        rowOf("simple.mjs (S)", runs.simple, yardstick),
        referenceRow(`grep -cF ${loadPrefix}`, runs.grep, yardstick),
        await collectorRow(stage, file, yardstick),
        await tailerRow(stage, file, yardstick),
      ];
      const missing = Math.abs(books.missing) + Math.abs(books.matched - file.drops);
      const kept: Goal = { name: "neither reported nor discarded", measured: missing, limit: 0, unit: "packets" };
      const goals = [...goalsOf({ simple, whole, start }), kept];
      return { work: kind, load, rows, goals, notes: [`books: ${booksText(books)}`] };
    });
  return { name: kind, about: load, measure };
}

function programs(stage: Stage, path: string) {
  const empty = stage.write("empty.log", "");
  return {
    simple: () => stage.run([process.execPath, `${checkout}/bench/reference/simple.mjs`, path]),
    droplens: () => replay(stage, path, { sinks }),
    start: () => replay(stage, empty, { sinks }),
    // Into a pipe: into /dev/null it would stop at the first match.
    grep: () => stage.run(["grep", "-cF", loadPrefix, path]),
  };
}

type Yardstick = { readonly to: "S"; readonly cpuSeconds: number };

async function collectorRow(stage: Stage, file: LoadFile, yardstick: Yardstick): Promise<Row> {
  const what = "Collector, filelog + regex_parser";
  const program = stage.variable("OTELCOL");
  if (program === undefined) return notMeasured(what, "set OTELCOL to its binary");
  return referenceRow(what, [await runCollector(stage, program, file)], yardstick);
}

async function tailerRow(stage: Stage, file: LoadFile, yardstick: Yardstick): Promise<Row> {
  const what = "kube-iptables-tailer";
  const found = tailer(stage);
  if ("missing" in found) return notMeasured(what, found.missing);
  const server = await startPodServer(stage, 0);
  const { cost } = await runTailer(stage, found.program, { log: file.path, server: server.url });
  await server.daemon.stop();
  return referenceRow(what, [cost], yardstick);
}

const medianCpu = (runs: readonly { readonly cpuSeconds: number }[]) =>
  spread(runs.map(({ cpuSeconds }) => cpuSeconds)).median;

export const dense = scan(
  "dense",
  "1,000,000 lines, every one a drop of one of 25,000 flows (5,000 address pairs, 5 ports)",
  ({ simple, whole }) => [{ name: "CPU, start included", measured: whole / simple, limit: 0.4, unit: "S" }],
);

export const sparse = scan("sparse", "1,000,000 lines, 1 % of them drops", ({ simple, whole, start }) => [
  { name: "CPU beyond start", measured: (whole - start) / simple, limit: 1.1, unit: "S" },
]);

const floodOfMillion = scan("flood", "1,000,000 lines, every one a flow of its own", ({ simple, whole }) => [
  { name: "CPU, start included", measured: whole / simple, limit: 2, unit: "S" },
]);

/** Whether memory is bounded show two longer floods: after a million lines the heap has not yet come to its largest. */
export const flood: Work = {
  ...floodOfMillion,
  async measure(stage) {
    const result = await floodOfMillion.measure(stage);
    const peakOf = async (millions: number) =>
      (await stage.withLoad("flood", millions * lines, ({ path }) => replay(stage, path, { sinks }))).peakMegabytes;
    const [two, four] = [await peakOf(2), await peakOf(4)];
    const name = "peak RSS with 4,000,000 lines to that with 2,000,000";
    const bounded: Goal = { name, measured: four / two, limit: 1.1, unit: "×" };
    const stated = `peak RSS ${Math.round(two)} MB with 2,000,000 lines, ${Math.round(four)} MB with 4,000,000`;
    return { ...result, goals: [...result.goals, bounded], notes: [...result.notes, stated] };
  },
};
