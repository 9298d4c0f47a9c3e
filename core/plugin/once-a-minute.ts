/** Lets one log line a minute through for each key, so that what happens per line or per poll does not fill the log. */
import type { Clock } from "./context.ts";

const minuteMillis = 60_000;
const maxKeys = 10_000;

/** Asked before a log line that may come per packet or per poll: `if (once.isDue(key)) logger.warn(…)`. */
export class OnceAMinute {
  readonly #clock: Clock;
  readonly #lastMillis = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True at most once a minute for each `key`. */
  isDue(key = ""): boolean {
    const now = this.#clock.now();
    const last = this.#lastMillis.get(key);
    // A clock that was set back shall not silence the log.
    if (last !== undefined && now >= last && now - last < minuteMillis) return false;
    if (this.#lastMillis.size >= maxKeys) this.#lastMillis.clear();
    this.#lastMillis.set(key, now);
    return true;
  }

  /** What `key` stands for is over: should it come again, it is due at once. */
  forget(key: string): void {
    this.#lastMillis.delete(key);
  }
}
