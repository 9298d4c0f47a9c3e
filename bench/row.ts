/** What a work hands back: one row for each program that did it, and the goals beside what was reached. */
import { type Spread, spread } from "./spread.ts";

/** What CPU seconds are divided by: `S` is bench/reference/simple.mjs on the same file, `N` is `node -e 0`. */
export type Yardstick = "S" | "N";

export interface Row {
  /** The program and what it did. */
  readonly what: string;
  readonly runs: number;
  readonly cpuSeconds?: Spread;
  readonly wallSeconds?: Spread;
  readonly peakMegabytes?: Spread;
  /** Median CPU seconds to the yardstick's, both of this run. */
  readonly ratio?: { readonly value: number; readonly to: Yardstick };
  /** What others take for the same: neither ours nor the yardstick. */
  readonly isReference?: boolean;
  /** Why there are no figures: what would have to be set. */
  readonly notMeasured?: string;
}

export interface Goal {
  readonly name: string;
  readonly measured: number;
  readonly limit: number;
  readonly unit: GoalUnit;
}

/** S, N: a ratio of CPU seconds; ×: of memory. `/s` is to be reached, every other unit to be kept below. */
export type GoalUnit = Yardstick | "×" | "MB" | "ms" | "% of a core" | "/s" | "packets";

export interface Result {
  readonly work: string;
  /** The load, in a sentence. */
  readonly load: string;
  readonly rows: readonly Row[];
  readonly goals: readonly Goal[];
  /** Facts that belong to the figures: books, bounds. */
  readonly notes: readonly string[];
  /** What broke: then there are no figures. */
  readonly failed?: string;
}

/** One run of one program. */
export interface Cost {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly peakMegabytes: number;
}

export function rowOf(what: string, costs: readonly Cost[], yardstick?: { to: Yardstick; cpuSeconds: number }): Row {
  const cpuSeconds = spread(costs.map((cost) => cost.cpuSeconds));
  return {
    what,
    runs: costs.length,
    cpuSeconds,
    wallSeconds: spread(costs.map((cost) => cost.wallSeconds)),
    peakMegabytes: spread(costs.map((cost) => cost.peakMegabytes)),
    ...(yardstick && { ratio: { value: cpuSeconds.median / yardstick.cpuSeconds, to: yardstick.to } }),
  };
}

export function referenceRow(
  what: string,
  costs: readonly Cost[],
  yardstick: { to: Yardstick; cpuSeconds: number },
): Row {
  return { ...rowOf(what, costs, yardstick), isReference: true };
}

export function notMeasured(what: string, reason: string): Row {
  return { what, runs: 0, notMeasured: reason };
}

export function reached({ measured, limit, unit }: Goal): boolean {
  return unit === "/s" ? measured >= limit : measured <= limit;
}

/** "CPU ≤ 0.40 S: 0.52, not reached". */
export function goalText(goal: Goal): string {
  const sign = goal.unit === "/s" ? "≥" : "≤";
  const unit = goal.unit === "/s" ? "/s" : ` ${goal.unit}`;
  const text = (value: number) => (value >= 100 ? Math.round(value).toLocaleString("en-US") : significant(value));
  return `${goal.name} ${sign} ${text(goal.limit)}${unit}: ${text(goal.measured)}, ${reached(goal) ? "reached" : "not reached"}`;
}

/** Two places after the point, more where the value is small. */
export function significant(value: number): string {
  if (value === 0) return "0";
  return value < 0.1 ? value.toPrecision(2) : value.toFixed(2).replace(/\.00$/, "");
}
