/**
 * How many requests this node sends: a token bucket whose rate halves when the API server shows that it has too much
 * to do, and comes back by itself. That is what spares the server when 5,000 nodes have something to tell at once.
 * The poster takes a token before every request, first come first served.
 */
import type { Clock } from "../../core/plugin/index.ts";

export type BudgetLimits = {
  /** Tokens a second when all is well. */
  readonly requestsPerSecond: number;
  /** Tokens that an idle node saves up. */
  readonly burst: number;
};

/** Never slower than this, or than the configured rate if that is less. */
const slowestPerSecond = 1;
/** One look at the server's state a second: a hundred failures at once are one sign, not a hundred. */
const adaptMillis = 1000;

export class RequestBudget {
  readonly #limits: BudgetLimits;
  readonly #clock: Clock;
  #perSecond: number;
  #tokens: number;
  #filledMillis: number;
  #adaptedMillis = Number.NEGATIVE_INFINITY;
  #tail: Promise<void> = Promise.resolve();

  constructor(limits: BudgetLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#perSecond = limits.requestsPerSecond;
    this.#tokens = limits.burst;
    this.#filledMillis = clock.now();
  }

  /** The rate in force. */
  get perSecond(): number {
    return this.#perSecond;
  }

  get tokens(): number {
    this.#fill();
    return Math.floor(this.#tokens);
  }

  /** Resolves when one request may be sent; `signal` must be the same one for all callers. */
  take(signal: AbortSignal): Promise<void> {
    const turn = this.#tail.then(() => this.#takeOne(signal));
    this.#tail = turn;
    return turn;
  }

  /** The server refused or failed: half the rate, nothing saved up. */
  slower(): void {
    if (!this.#mayAdapt()) return;
    this.#fill();
    const slowest = Math.min(slowestPerSecond, this.#limits.requestsPerSecond);
    this.#perSecond = Math.max(slowest, this.#perSecond / 2);
    this.#tokens = Math.min(this.#tokens, 1);
  }

  /** The server took something: half as much again, once a second; from the slowest to 150 a second in 11 s. */
  faster(): void {
    if (this.#perSecond >= this.#limits.requestsPerSecond || !this.#mayAdapt()) return;
    this.#fill();
    this.#perSecond = Math.min(this.#limits.requestsPerSecond, this.#perSecond * 1.5 + 0.5);
  }

  async #takeOne(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    for (this.#fill(); this.#tokens < 1; this.#fill()) {
      await this.#clock.sleep(Math.ceil(((1 - this.#tokens) / this.#perSecond) * 1000), signal);
    }
    this.#tokens -= 1;
  }

  #mayAdapt(): boolean {
    const now = this.#clock.now();
    const elapsed = now - this.#adaptedMillis;
    // A clock that was set back must not stop this for an hour.
    if (elapsed >= 0 && elapsed < adaptMillis) return false;
    this.#adaptedMillis = now;
    return true;
  }

  #fill(): void {
    const now = this.#clock.now();
    const elapsed = Math.max(0, now - this.#filledMillis);
    this.#filledMillis = now;
    // While slowed down nothing is saved up beyond a second: the burst is for a server that is well.
    const most = this.#perSecond < this.#limits.requestsPerSecond ? Math.max(1, this.#perSecond) : this.#limits.burst;
    this.#tokens = Math.min(Math.max(most, this.#tokens), this.#tokens + (elapsed / 1000) * this.#perSecond);
  }
}
