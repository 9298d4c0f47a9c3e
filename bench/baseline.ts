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

interface Tolerance {
  /** Of the value before. */
  readonly share: number;
  /** Where the value is so small that its share is noise. */
  readonly atLeast: number;
}

/** Runs of one build differ by less on a quiet machine. */
export const tolerances: Readonly<Partial<Record<GoalUnit, Tolerance>>> = {
  S: { share: 0.2, atLeast: 0.05 },
  N: { share: 0.2, atLeast: 1 },
  MB: { share: 0.15, atLeast: 5 },
  "×": { share: 0.1, atLeast: 0.05 },
  packets: { share: 0, atLeast: 0 },
};

export function baselineOf({ date, versions, results }: Outcome): Baseline {
  const figures: Baseline["figures"] = {};
  for (const { work, rows, goals } of results) {
    for (const { what, ratio, peakMegabytes } of rows.filter((row) => row.what.startsWith("droplens"))) {
      if (ratio) figures[`${work}: ${what}`] = { value: ratio.value, unit: ratio.to };
      if (peakMegabytes) figures[`${work}: ${what}, peak RSS`] = { value: peakMegabytes.median, unit: "MB" };
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
    const tolerance = tolerances[unit as GoalUnit];
    if (before === undefined || before.unit !== unit || tolerance === undefined) return [];
    const tolerated = Math.max(before.value * tolerance.share, tolerance.atLeast);
    if (value - before.value <= tolerated) return [];
    return [
      `${name}: ${significant(before.value)} → ${significant(value)} ${unit}, tolerated +${significant(tolerated)}`,
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
