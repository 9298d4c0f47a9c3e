/**
 * What is wrong with a run, in words. In: a test and what came of it. Out: lines for a person; none: the test passes.
 * Called by core/cli/test-config.ts.
 */
import { isObject } from "../../config/json-schema.ts";
import { printable } from "../../model/printable.ts";
import { compareReports, type KeyDifference, type ReportDifference } from "./compare.ts";
import type { Paint } from "./paint.ts";
import type { Books, TestRun } from "./run-test.ts";
import type { ConfigTest, ExpectedReport } from "./test-schema.ts";

export function faultsOf(test: ConfigTest, run: TestRun, paint: Paint): string[] {
  const { books, failure } = run;
  const faults = [
    ...(failure === undefined ? [] : [`the pipeline failed: ${printable(failure, maxTextBytes)}`]),
    ...reportFaults(test.expect, run, paint),
    ...countFaults("malformed", { expected: test.malformed, got: books.malformed }, paint),
    ...countFaults("discarded", { expected: test.discarded, got: books.discarded }, paint),
    ...countFaults("otherLines", { expected: test.otherLines ?? books.otherLines, got: books.otherLines }, paint),
  ];
  if (faults.length === 0) return [];
  const log = run.log.map((line) => `log: ${printable(line, maxTextBytes)}`);
  return [...faults, ...[...log, story(books)].map(paint.dim)];
}

const maxTextBytes = 1000;
const maxDifferences = 20;

/** Sinks with the same faults are told as one. */
function reportFaults(expect: ConfigTest["expect"], { reports }: TestRun, paint: Paint): string[] {
  const sinksByFault = new Map<string, string[]>();
  for (const [sink, came] of reports) {
    const expected = Array.isArray(expect) ? expect : expect[sink];
    if (expected === undefined) continue;
    const differences = compareReports(expected, came);
    if (differences.length === 0) continue;
    const fault = describeDifferences({ expected, came: came.length, differences }, paint).join("\n");
    sinksByFault.set(fault, [...(sinksByFault.get(fault) ?? []), sink]);
  }
  return [...sinksByFault].flatMap(([fault, sinks]) => {
    const [head = "", ...rest] = fault.split("\n");
    return [`${sinks.join(", ")}: ${head}`, ...rest];
  });
}

interface Differences {
  readonly expected: readonly ExpectedReport[];
  readonly came: number;
  readonly differences: readonly ReportDifference[];
}

function describeDifferences({ expected, came, differences }: Differences, paint: Paint): string[] {
  const head =
    expected.length === came
      ? `${differences.length} of ${reportsOf(came)} ${differences.length === 1 ? "is" : "are"} not as expected`
      : `${reportsOf(expected.length)} expected, ${came} came`;
  const told = differences.slice(0, maxDifferences).flatMap((difference) => describeDifference(difference, paint));
  const rest = differences.length - maxDifferences;
  return [head, ...told.map((line) => `  ${line}`), ...(rest > 0 ? [`  … and ${rest} more`] : [])];
}

function describeDifference(difference: ReportDifference, paint: Paint): string[] {
  if (difference.kind === "not expected")
    return ["not expected:", paint.got(`  + ${written(essence(difference.got))}`)];
  const report = `report ${difference.index + 1}`;
  if (difference.kind === "different") {
    return [`${report}:`, ...difference.keys.flatMap((key) => describeKey(key, paint)).map((line) => `  ${line}`)];
  }
  return [`${report} did not come:`, paint.expected(`  - ${written(difference.expected)}`)];
}

function describeKey({ key, expected, got }: KeyDifference, paint: Paint): string[] {
  return [
    paint.expected(`- ${key}: ${expected === null ? "(must not be there)" : written(expected)}`),
    paint.got(`+ ${key}: ${got === undefined ? "(not there)" : written(got)}`),
  ];
}

type Counts = Readonly<Record<string, number>>;

function countFaults(
  what: string,
  counts: { readonly expected: Counts; readonly got: Counts },
  paint: Paint,
): string[] {
  const { expected, got } = counts;
  const reasons = [...new Set([...Object.keys(expected), ...Object.keys(got)])];
  const wrong = reasons.filter((reason) => (expected[reason] ?? 0) !== (got[reason] ?? 0));
  if (wrong.length === 0) return [];
  const lines = wrong.flatMap((reason) =>
    describeKey({ key: reason, expected: expected[reason] ?? 0, got: got[reason] ?? 0 }, paint),
  );
  return [`${what}: not as expected`, ...lines.map((line) => `  ${line}`)];
}

/** What a person needs to know a report again, fit to be copied into the test. */
const essentialKeys: readonly string[] = [
  "sourceAddress",
  "destinationAddress",
  "protocol",
  "destinationPort",
  "logPrefix",
  "source",
  "destination",
  "count",
  "repeat",
];

const essentialEndKeys: readonly string[] = ["kind", "namespace", "name"];

function essence(report: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const keep = (value: unknown) => (isObject(value) ? only(value, essentialEndKeys) : value);
  const kept = Object.entries(only(report, essentialKeys));
  return Object.fromEntries(kept.map(([key, value]) => [key, keep(value)]));
}

function only(object: Readonly<Record<string, unknown>>, keys: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(keys.filter((key) => object[key] !== undefined).map((key) => [key, object[key]]));
}

/** YAML's flow style. */
function written(value: unknown): string {
  return printable(flow(value), maxTextBytes);
}

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return entries.length === 0 ? "{}" : `{ ${entries.map(([key, each]) => `${key}: ${flow(each)}`).join(", ")} }`;
}

/** What became of the lines: it often says why no report came. */
function story({ linesRead, matched, malformed, otherLines, discarded }: Books): string {
  const told = [
    [matched, "matched"],
    ...Object.entries(malformed).map(([reason, count]) => [count, `malformed (${reason})`]),
    ...Object.entries(otherLines).map(([reason, count]) => [count, `only looked alike (${reason})`]),
  ] as const;
  const others = told.reduce((left, [count]) => left - Number(count), linesRead);
  const lost = Object.entries(discarded).map(([reason, count]) => [count, `discarded (${reason})`] as const);
  const parts = [...told, [others, "of others"] as const, ...lost].filter(([count]) => Number(count) > 0);
  const list = parts.map(([count, what]) => `${count} ${what}`).join(", ");
  return `${linesRead} ${linesRead === 1 ? "line" : "lines"} read${list === "" ? "" : `: ${list}`}`;
}

function reportsOf(count: number): string {
  return `${count} ${count === 1 ? "report" : "reports"}`;
}
