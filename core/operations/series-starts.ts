/**
 * Since when each cumulative series counts, as OpenTelemetry wants to know: a series that appears, or begins again at
 * less than it had, counts since the reading before, when it was not there. Keeps what the last reading had, no more.
 * Called by metric-points.ts.
 */
import type { HrTime } from "@opentelemetry/api";
import { hrTime } from "../otlp/hr-time.ts";

interface Seen {
  readonly startTime: HrTime;
  readonly value: number;
}

export class SeriesStarts {
  #beforeTime: HrTime;
  #before = new Map<string, Seen>();
  #now = new Map<string, Seen>();

  constructor(startMillis: number) {
    this.#beforeTime = hrTime(startMillis);
  }

  /** `read` asks `of` for each series that there is at `nowMillis`. */
  reading<T>(nowMillis: number, read: () => T): T {
    this.#now = new Map();
    const result = read();
    this.#before = this.#now;
    this.#beforeTime = hrTime(nowMillis);
    return result;
  }

  of(key: string, value: number): HrTime {
    const known = this.#before.get(key);
    const startTime = known !== undefined && known.value <= value ? known.startTime : this.#beforeTime;
    this.#now.set(key, { startTime, value });
    return startTime;
  }
}
