/**
 * Looks at a process every few seconds: its resident memory and its open descriptors; and at the end, at what it has said
 * about its heap. The soak draws its lines from it.
 */
import { readFileSync } from "node:fs";
import { memoryOf, openDescriptors } from "./process-figures.ts";

export class Watchman {
  /** Megabytes. */
  readonly rss: number[] = [];
  readonly descriptors: number[] = [];
  readonly intervalMillis: number;
  readonly #timer: NodeJS.Timeout;

  constructor(processId: number, intervalMillis: number) {
    this.intervalMillis = intervalMillis;
    this.#timer = setInterval(() => {
      this.rss.push(memoryOf(processId).nowMegabytes);
      this.descriptors.push(openDescriptors(processId));
    }, intervalMillis);
  }

  get latest(): string {
    return `${this.rss.at(-1)?.toFixed(1)} MB, ${this.descriptors.at(-1)} open files`;
  }

  end(): void {
    clearInterval(this.#timer);
  }

  /** Of the straight line through the samples from `from` on, by least squares. */
  megabytesPerHour(from: number): number {
    const values = this.rss.slice(from);
    const middle = (values.length - 1) / 2;
    const mean = meanOf(values);
    let [above, below] = [0, 0];
    for (const [i, value] of values.entries()) {
      above += (i - middle) * (value - mean);
      below += (i - middle) ** 2;
    }
    return below === 0 ? 0 : (above / below) * (3_600_000 / this.intervalMillis);
  }
}

/** Megabytes in the first and in the last fifth of the time after warm-up. */
export interface Growth {
  readonly first: number;
  readonly last: number;
}

/** What lives in the heap: its lowest points, between which garbage lies. */
export function heapGrowth(path: string, warmUp: number): Growth {
  const samples = readFileSync(path, "utf8").trim().split("\n");
  const megabytes = samples.map((line) => JSON.parse(line).heapUsed / (1024 * 1024));
  return growthOf(megabytes, warmUp, least);
}

export function growthOf(
  values: readonly number[],
  warmUp: number,
  of: (part: readonly number[]) => number = meanOf,
): Growth {
  const warm = values.slice(Math.floor(values.length * warmUp));
  const fifth = Math.max(1, Math.floor(warm.length / 5));
  return { first: of(warm.slice(0, fifth)), last: of(warm.slice(-fifth)) };
}

function least(values: readonly number[]): number {
  return Math.min(...values);
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
