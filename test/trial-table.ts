/**
 * Makes the README's table "What we tried to break" of what the trials told (DROPLENS_FIGURES of test/support/trial.ts):
 *
 *   DROPLENS_FIGURES=/tmp/figures.jsonl npm run test:durability
 *   node test/trial-table.ts /tmp/figures.jsonl 'npm run test:durability' ['the short form']
 */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import type { TrialFigures } from "./support/trial.ts";

const [begin, end] = ["<!-- trials: node test/trial-table.ts FIGURES COMMAND -->", "<!-- end of trials -->"];

/** The README with another table between its two markers. */
export function withTable(readme: string, table: string): string {
  const [before, rest] = split(readme, begin);
  const [, after] = split(rest, end);
  return `${before}${begin}\n${table}${end}${after}`;
}

/** `run`: when, with which command, on what machine. */
export function trialTable(told: readonly TrialFigures[], run: string): string {
  const rows = [...Map.groupBy(told, ({ trial }) => trial.split(": ", 1)[0]).values()].map(row);
  const head = ["trial", "tries", "packets", "lost", "over-counted", "discarded", "peak RSS"];
  const lines = [head, head.map((_, column) => (column === 0 ? "---" : "---:")), ...rows];
  return `${lines.map((cells) => `| ${cells.join(" | ")} |\n`).join("")}\n${run}\n`;
}

/** Trials of one family (`rotation: by rename`, `rotation: copytruncate`) are one row. */
function row(family: readonly TrialFigures[]): string[] {
  const [first] = family;
  if (first === undefined) return [];
  const [name = ""] = first.trial.split(": ", 1);
  const tries = sum(family.map((figures) => figures.tries));
  const of = family.every((figures) => figures.of === first.of) ? first.of : "tries";
  const kinds = new Set(family.map(({ trial }) => trial)).size;
  const discarded = sum(family.flatMap((figures) => Object.values(figures.discarded ?? {})));
  const rss = Math.max(...family.map((figures) => figures.peakRssMegabytes ?? 0));
  return [
    kinds === 1 ? first.trial : `${name} (${kinds} kinds)`,
    tries === 1 ? `1 ${of.replace(/s$/, "")}` : `${number(tries)} ${of}`,
    number(sum(family.map(({ packets = 0 }) => packets))),
    number(sum(family.map(({ lost }) => lost))),
    number(sum(family.map(({ overCounted = 0 }) => overCounted))),
    number(discarded),
    rss === 0 ? "–" : `${Math.round(rss)} MB`,
  ];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

function number(value: number): string {
  return value.toLocaleString("en");
}

function split(text: string, marker: string): [string, string] {
  const at = text.indexOf(marker);
  if (at < 0) throw new Error(`README.md has no line ${marker}`);
  return [text.slice(0, at), text.slice(at + marker.length)];
}

function machine(): string {
  const gigabytes = Math.round(totalmem() / 1024 ** 3);
  return `${availableParallelism()} × ${cpus()[0]?.model ?? "?"}, ${gigabytes} GB, Linux ${release()}, Node ${process.versions.node}`;
}

function main([figuresPath = "", command = "npm run test:durability", form]: readonly string[]): void {
  const told = readFileSync(figuresPath, "utf8").trim().split("\n");
  const date = statSync(figuresPath).mtime.toISOString().slice(0, 10);
  const table = trialTable(
    told.map((line) => JSON.parse(line)),
    `${date}, \`${command}\`${form === undefined ? "" : ` (${form})`}, ${machine()}.`,
  );
  const path = join(import.meta.dirname, "../README.md");
  writeFileSync(path, withTable(readFileSync(path, "utf8"), table));
}

if (import.meta.main) main(process.argv.slice(2));
