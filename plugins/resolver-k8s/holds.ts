/**
 * Questions that wait for news: of a pod's address, or of the first list. The caller waits until somebody wakes the
 * key or the time is over, and then looks again. Bounded; used by the resolver.
 */
import type { Clock } from "../../core/plugin/index.ts";

interface Hold {
  readonly wake: AbortController;
  readonly over: Promise<void>;
}

export class Holds {
  readonly #clock: Clock;
  readonly #maxWaiting: number;
  readonly #holds = new Map<string, Hold>();
  #waiting = 0;

  constructor(clock: Clock, maxWaiting: number) {
    this.#clock = clock;
    this.#maxWaiting = maxWaiting;
  }

  /** How many questions wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Resolves when `key` is woken, or `millis` after the first question about it; undefined when too many wait
   * already. Rejects when `signal` aborts.
   */
  wait(key: string, millis: number, signal: AbortSignal): Promise<void> | undefined {
    if (this.#waiting >= this.#maxWaiting) return undefined;
    const hold = this.#holds.get(key) ?? this.#begin(key, millis);
    this.#waiting++;
    return untilOver(hold.over, signal).finally(() => {
      this.#waiting--;
    });
  }

  wake(key: string): void {
    this.#holds.get(key)?.wake.abort();
  }

  wakeAll(): void {
    for (const hold of this.#holds.values()) hold.wake.abort();
  }

  /** When nobody waits any more, after `wakeAll`. */
  async settled(): Promise<void> {
    await Promise.all([...this.#holds.values()].map((hold) => hold.over));
  }

  #begin(key: string, millis: number): Hold {
    const wake = new AbortController();
    const end = () => void this.#holds.delete(key);
    const hold = { wake, over: this.#clock.sleep(millis, wake.signal).then(end, end) };
    this.#holds.set(key, hold);
    return hold;
  }
}

/** `promise`, unless `signal` aborts before. */
export function untilOver<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
