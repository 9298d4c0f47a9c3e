/** What a run shows to people: a head, one table, and below each work its goals and facts. */
import { busy, type Outcome } from "./outcome.ts";
import { goalText, type Result, type Row, significant } from "./row.ts";
import type { Spread } from "./spread.ts";

const columns = ["runs", "CPU s", "min–max", "wall s", "peak MB", "ratio"] as const;
const widths = [4, 7, 13, 7, 8, 9] as const;
const whatWidth = 52;

export function tableText(outcome: Outcome): string {
  return [...head(outcome), "", line("", columns), ...outcome.results.flatMap(resultLines), ""].join("\n");
}

export function head({ date, machine, versions, command }: Outcome): string[] {
  const { processor, cores, memoryGigabytes, kernel } = machine;
  return [
    `${date}  ${command}`,
    `${processor}, ${cores} cores, ${memoryGigabytes} GB, ${kernel}${busy(machine)}`,
    Object.entries(versions)
      .map((pair) => pair.join(" "))
      .join(", "),
    "CPU s: user + system, medians. S: simple.mjs on the same file, N: node -e 0, both in this run.",
  ];
}

export function resultLines({ work, load, rows, goals, notes, failed }: Result): string[] {
  return [
    "",
    `${work}: ${load}`,
    ...(failed === undefined ? [] : [`  FAILED: ${failed}`]),
    ...rows.map(rowLine),
    ...goals.map((goal) => `    goal ${goalText(goal)}`),
    ...notes.map((note) => `    ${note}`),
  ];
}

function rowLine(row: Row): string {
  if (row.notMeasured !== undefined) return `${`  ${row.what}`.padEnd(whatWidth)} not measured: ${row.notMeasured}`;
  const { runs, cpuSeconds, wallSeconds, peakMegabytes, ratio } = row;
  return line(`  ${row.what}`, [
    String(runs),
    seconds(cpuSeconds?.median),
    runs > 1 ? rangeText(cpuSeconds) : "",
    seconds(wallSeconds?.median),
    peakMegabytes === undefined ? "" : String(Math.round(peakMegabytes.median)),
    ratioText(ratio),
  ]);
}

function line(what: string, cells: readonly string[]): string {
  return `${what.padEnd(whatWidth)} ${cells.map((cell, i) => cell.padStart(widths[i] ?? 0)).join("  ")}`.trimEnd();
}

const seconds = (value: number | undefined) => value?.toFixed(3) ?? "";
const rangeText = (range: Spread | undefined) => (range ? `${range.min.toFixed(3)}–${range.max.toFixed(3)}` : "");
export const ratioText = (ratio: Row["ratio"]) => (ratio ? `${significant(ratio.value)} ${ratio.to}` : "");
