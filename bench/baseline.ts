/**
 * What got worse since bench/baseline.json was saved. Only what machines have in common is compared: ratios of CPU
 * seconds within one run, and memory. Made by --save, asked by --check.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import type { Outcome } from "./outcome.ts";
import { type GoalUnit, significant } from "./row.ts";

const fileSchema = z.strictObject({
  date: z.string(),
  node: z.string(),
  /** By work and what was measured: the value with its unit. */
  figures: z.record(z.string(), z.strictObject({ value: z.number(), unit: z.string() })),
});

export type Baseline = z.output<typeof fileSchema>;

/** Runs of one build differ by less on a quiet machine. */
export const tolerances: Readonly<Partial<Record<GoalUnit, number>>> = {
  S: 0.2,
  N: 0.2,
  MB: 0.1,
  "×": 0.1,
  packets: 0,
};

export function baselineOf({ date, versions, results }: Outcome): Baseline {
  const figures: Baseline["figures"] = {};
  for (const { work, rows, goals } of results) {
    for (const { what, ratio } of rows) {
      if (ratio && what.startsWith("droplens")) figures[`${work}: ${what}`] = { value: ratio.value, unit: ratio.to };
    }
    for (const { name, measured, unit } of goals) {
      if (unit in tolerances) figures[`${work}: ${name}`] = { value: measured, unit };
    }
  }
  return { date, node: versions.node ?? "", figures };
}

/** A sentence for each figure that is worse than the baseline's by more than its tolerance. */
export function worseThan(baseline: Baseline, now: Baseline): string[] {
  return Object.entries(now.figures).flatMap(([name, { value, unit }]) => {
    const before = baseline.figures[name];
    const tolerance = tolerances[unit as GoalUnit] ?? 0;
    if (before === undefined || before.unit !== unit || value <= before.value * (1 + tolerance)) return [];
    const percent = before.value > 0 ? ` (+${Math.round((value / before.value - 1) * 100)} %)` : "";
    return [
      `${name}: ${significant(before.value)} → ${significant(value)} ${unit}${percent}, tolerated ${tolerance * 100} %`,
    ];
  });
}

/** Those that were measured now and never before. */
export function newTo(baseline: Baseline, now: Baseline): string[] {
  return Object.keys(now.figures).filter((name) => !(name in baseline.figures));
}

export function readBaseline(path: string): Baseline {
  return fileSchema.parse(JSON.parse(readFileSync(path, "utf8")));
}

/** A run of some works leaves the other works' figures as they were. */
export function saveBaseline(path: string, now: Baseline, kept: Baseline | undefined): void {
  const figures = { ...kept?.figures, ...now.figures };
  const rounded = Object.entries(figures).map(([name, { value, unit }]) => [
    name,
    { value: Number(value.toPrecision(3)), unit },
  ]);
  writeFileSync(path, `${JSON.stringify({ ...now, figures: Object.fromEntries(rounded) }, undefined, 2)}\n`);
}
