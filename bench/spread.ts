/** Several measurements of one thing: their median and how far apart they were. Made by the works, shown in the table. */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  if (values.length === 0) throw new Error("nothing was measured");
  return { median: percentile(values, 50), min: Math.min(...values), max: Math.max(...values) };
}

/** Between the two nearest values, as a median of two is their mean. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  const place = ((sorted.length - 1) * percent) / 100;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}
