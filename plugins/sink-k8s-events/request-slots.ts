/**
 * How many requests are under way at once, in all and for each namespace, so that a namespace whose answers take long
 * (a webhook that hangs) cannot take every place. Used by the poster around each event it writes.
 */
export type SlotLimits = { readonly inAll: number; readonly perNamespace: number };

type Waiter = { readonly namespace: string; enter(): void };

export class RequestSlots {
  readonly #limits: SlotLimits;
  readonly #taken = new Map<string, number>();
  readonly #waiters = new Set<Waiter>();
  #inAll = 0;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  get underWay(): number {
    return this.#inAll;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** Runs `work` when there is room; rejects with `signal.reason` if it aborts before. */
  async run<T>(namespace: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    if (this.#hasRoom(namespace)) this.#enter(namespace);
    else await this.#wait(namespace, signal);
    try {
      return await work();
    } finally {
      this.#leave(namespace);
    }
  }

  #wait(namespace: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiters.delete(waiter);
        reject(signal.reason);
      };
      const waiter: Waiter = {
        namespace,
        enter: () => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      this.#waiters.add(waiter);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  #hasRoom(namespace: string): boolean {
    return this.#inAll < this.#limits.inAll && (this.#taken.get(namespace) ?? 0) < this.#limits.perNamespace;
  }

  #enter(namespace: string): void {
    this.#inAll++;
    this.#taken.set(namespace, (this.#taken.get(namespace) ?? 0) + 1);
  }

  #leave(namespace: string): void {
    this.#inAll--;
    const taken = (this.#taken.get(namespace) ?? 1) - 1;
    if (taken === 0) this.#taken.delete(namespace);
    else this.#taken.set(namespace, taken);
    for (const waiter of this.#waiters) {
      if (this.#inAll >= this.#limits.inAll) return;
      if (!this.#hasRoom(waiter.namespace)) continue;
      this.#waiters.delete(waiter);
      this.#enter(waiter.namespace);
      waiter.enter();
    }
  }
}
