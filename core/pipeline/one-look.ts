/** One look at the clock for all that is done in one go: the delivery queue dates by it each report that it is offered. */
import type { Clock } from "../plugin/context.ts";

export class OneLook {
  readonly #clock: Clock;
  #seenMillis: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    if (this.#seenMillis === undefined) {
      this.#seenMillis = this.#clock.now();
      queueMicrotask(() => {
        this.#seenMillis = undefined;
      });
    }
    return this.#seenMillis;
  }
}
