/**
 * How a trial ended: the figures that the tests of test/durability and test/hostile print, one line each, and append as
 * JSON to the file that DROPLENS_FIGURES names. The README's table "What we tried to break" is made from such a file.
 */
import { appendFileSync } from "node:fs";

export interface TrialFigures {
  /** What was tried, as the README's table says it: `kill -9 at random moments under load`. */
  readonly trial: string;
  /** How often: kills, rotations, lines, requests. */
  readonly tries: number;
  /** What one of `tries` is, in the plural. */
  readonly of: string;
  /** Lines that the generator wrote that match, where packets are counted. */
  readonly packets?: number;
  /** Packets in no report, not open at the end, and in no discard counter. */
  readonly lost: number;
  /** Packets that the receiver counted more often than they were written. */
  readonly overCounted?: number;
  /** Packets discarded, by reason. */
  readonly discarded?: Readonly<Record<string, number>>;
  readonly peakRssMegabytes?: number;
  /** What else was measured: `longest slice 12 ms`. */
  readonly note?: string;
}

/** Call it before what may fail is asserted, so that a failed trial shows its figures too. */
export function tellFigures(figures: TrialFigures): void {
  console.log(`trial: ${JSON.stringify(figures)}`);
  const file = process.env.DROPLENS_FIGURES;
  if (file !== undefined && file !== "") appendFileSync(file, `${JSON.stringify(figures)}\n`);
}

/** DROPLENS_TRIALS=short is what CI has time for; left out, the long run. */
export function tries(counts: { readonly long: number; readonly short: number }): number {
  return process.env.DROPLENS_TRIALS === "short" ? counts.short : counts.long;
}

/** Random numbers in [0, 1), the same for the same seed: mulberry32. DROPLENS_SEED repeats a run. */
export function seeded(seed = Number(process.env.DROPLENS_SEED ?? 20261121)): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
