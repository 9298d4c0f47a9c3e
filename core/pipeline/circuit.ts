/**
 * Whether a sink's partner is there. After a failure nothing goes to it for a while, then one batch at a time, which finds
 * out for all whether it is back: an outage shall cost neither side a try for each batch that waits.
 * The delivery queue asks before each delivery and tells how it went.
 */
import { backoffMillis } from "../plugin/backoff.ts";
import { Rest } from "./rest.ts";

/** Of a delivery that failed, and of its whole queue while the partner is away. */
export const deliveryBackoff = { firstMillis: 250, maxMillis: 30_000 };

export class Circuit {
  readonly #pause = new Rest();
  #failuresInARow = 0;

  /** Not closed: one batch at a time, when `pauseLeft` is over. */
  isClosed(nowMillis: number): boolean {
    return this.#failuresInARow === 0 && this.pauseLeft(nowMillis) === 0;
  }

  pauseLeft(nowMillis: number): number {
    return this.#pause.left(nowMillis);
  }

  worked(): void {
    this.#failuresInARow = 0;
  }

  /** True for the first failure of an outage. Those that were under way together count as one. */
  failed(nowMillis: number, retryAfterMillis: number): boolean {
    if (this.#failuresInARow === 0 || this.pauseLeft(nowMillis) === 0) this.#failuresInARow++;
    else if (retryAfterMillis <= this.pauseLeft(nowMillis)) return false;
    const isFirst = this.#failuresInARow === 1 && this.pauseLeft(nowMillis) === 0;
    this.#pause.begin(nowMillis, backoffMillis(this.#failuresInARow, deliveryBackoff, retryAfterMillis));
    return isFirst;
  }
}
