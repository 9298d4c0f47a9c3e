/** Who waits for the same thing to happen. The delivery queue wakes by it those that wait for room. */
export class Waiters {
  #wakers: (() => void)[] = [];

  /** Resolves with the next `wake`, or when `signal` aborts. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wake = () => {
        signal.removeEventListener("abort", wake);
        resolve();
      };
      signal.addEventListener("abort", wake, { once: true });
      this.#wakers.push(wake);
    });
  }

  wake(): void {
    if (this.#wakers.length > 0) for (const wake of this.#wakers.splice(0)) wake();
  }
}

/** Resolves when `signal` aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Waiters().wait(signal);
}
