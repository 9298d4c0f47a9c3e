/**
 * Questions on their way: so many at once, so many waiting, the same one once. Addresses in, the work's answers out.
 * Called by host-resolver.ts; what does not fit is turned away at once.
 */
import type { Clock, Endpoint } from "../../core/plugin/index.ts";

export interface LookupQueueOptions {
  readonly clock: Clock;
  readonly concurrency: number;
  readonly maxWaiting: number;
  /** Who has waited longer is turned away when the turn comes. */
  readonly maxWaitMillis: number;
  /** Must not reject. */
  work(address: string): Promise<Endpoint | undefined>;
  turnedAway(): void;
}

interface Waiting {
  readonly address: string;
  readonly deadlineMillis: number;
  settle(endpoint: Endpoint | undefined): void;
}

export class LookupQueue {
  readonly #options: LookupQueueOptions;
  readonly #open = new Map<string, Promise<Endpoint | undefined>>();
  #waiting: Waiting[] = [];
  #running = 0;

  constructor(options: LookupQueueOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** The answer to come, when `address` is being asked already. */
  underWay(address: string): Promise<Endpoint | undefined> | undefined {
    return this.#open.get(address);
  }

  /** Asks now or when there is room; undefined when it is turned away. */
  enter(address: string): Promise<Endpoint | undefined> | undefined {
    const { concurrency, maxWaiting } = this.#options;
    if (this.#running < concurrency) return this.#hold(address, this.#run(address));
    if (this.#waiting.length < maxWaiting) return this.#hold(address, this.#wait(address));
    this.#options.turnedAway();
    return undefined;
  }

  /** Nobody waits any longer; what is under way goes on. */
  turnAwayWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) this.#turnAway(one);
  }

  /** Resolves when everything under way has ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#open.values());
  }

  #hold(address: string, answer: Promise<Endpoint | undefined>): Promise<Endpoint | undefined> {
    const held = answer.finally(() => this.#open.delete(address));
    this.#open.set(address, held);
    return held;
  }

  #wait(address: string): Promise<Endpoint | undefined> {
    const { promise, resolve } = Promise.withResolvers<Endpoint | undefined>();
    const deadlineMillis = this.#options.clock.now() + this.#options.maxWaitMillis;
    this.#waiting.push({ address, deadlineMillis, settle: resolve });
    return promise;
  }

  async #run(address: string): Promise<Endpoint | undefined> {
    this.#running++;
    const endpoint = await this.#options.work(address);
    this.#running--;
    this.#admit();
    return endpoint;
  }

  #admit(): void {
    const now = this.#options.clock.now();
    while (this.#running < this.#options.concurrency) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      if (next.deadlineMillis <= now) this.#turnAway(next);
      else void this.#run(next.address).then(next.settle);
    }
  }

  #turnAway(one: Waiting): void {
    this.#options.turnedAway();
    one.settle(undefined);
  }
}
