/** Looks at a process every few seconds: its resident memory and its open descriptors. The soak draws its line from it. */
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

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
