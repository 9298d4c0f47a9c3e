/**
 * Stands between the pipeline and one sink: a bounded queue, batches, retries with back-off, and the books of what
 * became of each report. A stuck sink fills its own queue and delays nobody else.
 * Reports come from the resolution; what is still here when the process ends goes into the checkpoint.
 */
import type { DropReport } from "../model/drop-report.ts";
import { backoffMillis } from "../plugin/backoff.ts";
import type { Clock, Logger } from "../plugin/context.ts";
import { describeError } from "../plugin/errors.ts";
import type { DeliveryOptions, DeliveryResult, Sink } from "../plugin/sink.ts";
import { attemptDelivery, type DeliveryOutcome } from "./delivery-attempt.ts";
import type { DeliveryBooks } from "./delivery-books.ts";
import { Fifo } from "./fifo.ts";
import { Rest } from "./rest.ts";
import type { Selects } from "./selection.ts";

export interface DeliveryQueueParts {
  readonly name: string;
  readonly sink: Sink;
  readonly options: DeliveryOptions;
  /** Which reports are for this sink; undefined: all. */
  readonly selects?: Selects | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly books: DeliveryBooks;
  /** Gets the milliseconds from a report's making to its ack, once a batch, for its oldest report. */
  onAck(millis: number): void;
}

interface Entry {
  readonly report: DropReport;
  readonly sinceMillis: number;
  attempts: number;
}

const backoff = { firstMillis: 250, maxMillis: 30_000 };

export class DeliveryQueue {
  readonly #parts: DeliveryQueueParts;
  readonly #ready = new Fifo<Entry>();
  /** A batch that the sink could not take: it goes before what is ready. */
  #again: Entry[] = [];
  /** With the sink, or asleep until its own retry. */
  readonly #away = new Set<Entry>();
  #sleepers: (() => void)[] = [];
  #roomWaiters: (() => void)[] = [];
  #failuresInARow = 0;
  readonly #pause = new Rest();
  #closed = false;
  readonly #retiring = new AbortController();
  #lastError: string | undefined;

  constructor(parts: DeliveryQueueParts) {
    this.#parts = parts;
  }

  get name(): string {
    return this.#parts.name;
  }

  /** Reports that are neither delivered nor discarded. */
  get length(): number {
    return this.#ready.length + this.#again.length + this.#away.size;
  }

  get capacity(): number {
    return this.#parts.options.capacity;
  }

  /** Half of it free: enough for what one chunk of lines may bring. */
  get hasRoom(): boolean {
    return this.length * 2 <= this.capacity;
  }

  /** Resolves when there is room. Never rejects: race it with a limit. */
  room(): Promise<void> {
    return this.hasRoom ? Promise.resolve() : new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  get lastError(): string | undefined {
    return this.#lastError;
  }

  /** Takes the report over; discards it, counted, when it is not for this sink or the queue is full. */
  offer(report: DropReport): void {
    if (this.#parts.selects?.(report) === false) {
      this.#parts.books.refused(report, "not_selected");
      return;
    }
    if (this.length >= this.capacity) {
      this.#parts.books.refused(report, "queue_full");
      return;
    }
    this.#ready.push({ report, sinceMillis: this.#parts.clock.now(), attempts: 0 });
    this.#parts.books.queued(report);
    this.#sleepers.pop()?.();
  }

  /** No more offers; `run` resolves when the queue is empty. */
  close(): void {
    this.#closed = true;
    this.#wakeAll();
  }

  /** Delivers until the queue is closed and empty, or until `signal` aborts: then the rest stays in `undelivered`. */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = () => this.#wakeAll();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await Promise.all(Array.from({ length: this.#parts.options.concurrency }, () => this.#work(signal)));
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /**
   * Ends the queue for a successor: no new batch is begun, what is with the sink settles, the rest is the caller's.
   * `running` is what `run` gave.
   */
  async retire(running: Promise<void>): Promise<readonly DropReport[]> {
    this.#retiring.abort();
    this.#wakeAll();
    await running;
    const rest = [...this.undelivered()];
    this.#away.clear();
    this.#again = [];
    this.#ready.take(this.#ready.length);
    return rest;
  }

  /** Takes over what a retired queue with the same books had. */
  adopt(report: DropReport): void {
    this.#ready.push({ report, sinceMillis: this.#parts.clock.now(), attempts: 0 });
    this.#sleepers.pop()?.();
  }

  /** What a crash must not lose, oldest first as far as there is an order. */
  *undelivered(): Generator<DropReport> {
    for (const entry of this.#away) yield entry.report;
    for (const entry of this.#again) yield entry.report;
    for (const entry of this.#ready) yield entry.report;
  }

  /** Gives up what is left, counted; how many packets that were. For the end of a stop when no checkpoint keeps them. */
  discardRest(reason: string): number {
    let packets = 0;
    for (const entry of [...this.#away, ...this.#again, ...this.#ready.take(this.#ready.length)]) {
      packets += entry.report.count;
      this.#discard(entry, reason);
    }
    this.#again = [];
    return packets;
  }

  async #work(signal: AbortSignal): Promise<void> {
    const retiring = this.#retiring.signal;
    while (!signal.aborted && !retiring.aborted) {
      const pause = this.#pause.left(this.#parts.clock.now());
      if (pause > 0 && this.length > 0) await this.#sleep(pause, AbortSignal.any([signal, retiring]));
      else if (this.#again.length + this.#ready.length > 0) await this.#deliver(this.#takeBatch(), signal);
      else if (this.#closed && this.length === 0) break;
      else await new Promise<void>((resolve) => this.#sleepers.push(resolve));
    }
  }

  #sleep(millis: number, signal: AbortSignal): Promise<void> {
    return this.#parts.clock.sleep(millis, signal).catch(() => {});
  }

  #takeBatch(): Entry[] {
    const { maxBatch, maxAgeMillis } = this.#parts.options;
    const batch = this.#again.length > 0 ? this.#again.splice(0, maxBatch) : this.#ready.take(maxBatch);
    for (const entry of batch) this.#away.add(entry);
    const oldest = this.#parts.clock.now() - maxAgeMillis;
    const tooOld = batch.filter((entry) => entry.attempts > 0 && entry.sinceMillis < oldest);
    for (const entry of tooOld) this.#discard(entry, "retry_timeout");
    return tooOld.length === 0 ? batch : batch.filter((entry) => this.#away.has(entry));
  }

  async #deliver(batch: readonly Entry[], signal: AbortSignal): Promise<void> {
    if (batch.length === 0) return this.#afterBatch();
    for (const entry of batch) entry.attempts++;
    const { sink, clock, options } = this.#parts;
    const reports = batch.map((entry) => entry.report);
    const attempt = { sink, reports, clock, timeoutMillis: options.timeoutMillis };
    this.#apply(batch, await attemptDelivery(attempt, signal), signal);
    this.#afterBatch();
  }

  #apply(batch: readonly Entry[], outcome: DeliveryOutcome, signal: AbortSignal): void {
    if (outcome.kind === "settled") this.#settle(batch, outcome.result, signal);
    else if (outcome.kind === "again") this.#comeAgain(batch, outcome);
    else if (outcome.kind === "rejected") this.#reject(batch, outcome.error);
    // "aborted": the batch stays away, which is undelivered.
  }

  #settle(batch: readonly Entry[], result: DeliveryResult, signal: AbortSignal): void {
    this.#failuresInARow = 0;
    this.#observe(batch);
    const discarded = new Map(result.discarded?.map(({ report, reason }) => [report, reason]));
    const retry = new Map(result.retry?.map(({ report, retryAfterMillis }) => [report, retryAfterMillis ?? 0]));
    for (const entry of batch) {
      const reason = discarded.get(entry.report);
      const retryAfter = retry.get(entry.report);
      if (reason !== undefined) this.#discard(entry, reason);
      else if (retryAfter !== undefined) void this.#retryAlone(entry, retryAfter, signal);
      else if (this.#away.delete(entry)) this.#parts.books.delivered(entry.report);
    }
  }

  #observe(batch: readonly Entry[]): void {
    const oldest = batch.reduce((least, entry) => Math.min(least, entry.sinceMillis), Number.POSITIVE_INFINITY);
    this.#parts.onAck(this.#parts.clock.now() - oldest);
  }

  /** The report comes again by itself, so that it holds up no other. */
  async #retryAlone(entry: Entry, retryAfterMillis: number, signal: AbortSignal): Promise<void> {
    this.#parts.books.retried();
    const wait = backoffMillis(entry.attempts, backoff, retryAfterMillis);
    await this.#sleep(wait, signal);
    if (signal.aborted || !this.#away.delete(entry)) return;
    this.#again.push(entry);
    this.#sleepers.pop()?.();
  }

  /** The sink's partner is not there: the whole queue waits, and the batch is the first to go again. */
  #comeAgain(batch: readonly Entry[], outcome: { readonly error: unknown; readonly retryAfterMillis: number }): void {
    this.#failuresInARow++;
    this.#lastError = describeError(outcome.error);
    this.#parts.books.retried();
    if (this.#failuresInARow === 1) {
      this.#parts.logger.warn({ sink: this.name, error: this.#lastError }, "delivery failed: trying again");
    }
    const wait = backoffMillis(this.#failuresInARow, backoff, outcome.retryAfterMillis);
    this.#pause.begin(this.#parts.clock.now(), wait);
    for (const entry of batch) this.#away.delete(entry);
    this.#again.push(...batch);
  }

  #reject(batch: readonly Entry[], error: unknown): void {
    this.#lastError = describeError(error);
    const packets = batch.reduce((sum, entry) => sum + entry.report.count, 0);
    this.#parts.logger.error(
      { sink: this.name, packets, error: this.#lastError },
      "the sink rejected a batch: discarded",
    );
    for (const entry of batch) this.#discard(entry, "rejected");
  }

  #discard(entry: Entry, reason: string): void {
    this.#away.delete(entry);
    this.#parts.books.discarded(entry.report, reason);
  }

  #afterBatch(): void {
    if (this.#closed && this.length === 0) this.#wakeAll();
    if (this.#roomWaiters.length > 0 && this.hasRoom) for (const wake of this.#roomWaiters.splice(0)) wake();
  }

  #wakeAll(): void {
    const sleepers = this.#sleepers;
    this.#sleepers = [];
    for (const wake of sleepers) wake();
  }
}
