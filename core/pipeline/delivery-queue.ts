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
import { Away } from "./away.ts";
import { Circuit, deliveryBackoff } from "./circuit.ts";
import { attemptDelivery, type DeliveryOutcome } from "./delivery-attempt.ts";
import type { DeliveryBooks } from "./delivery-books.ts";
import { Fifo } from "./fifo.ts";
import { OneLook } from "./one-look.ts";
import type { Selects } from "./selection.ts";
import { Waiters } from "./waiters.ts";

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

type Batch = readonly Entry[];

/** For a report that comes again by itself. */

export class DeliveryQueue {
  readonly #parts: DeliveryQueueParts;
  readonly #ready = new Fifo<Entry>();
  /** A batch that the sink could not take: it goes before what is ready. */
  #again: Entry[] = [];
  /** With the sink, or asleep until their own retry. */
  readonly #away = new Away<Entry>();
  #sleepers: (() => void)[] = [];
  readonly #roomWaiters = new Waiters();
  readonly #look: OneLook;
  readonly #circuit = new Circuit();
  #isProbing = false;
  #closed = false;
  readonly #retiring = new AbortController();
  #lastError: string | undefined;

  constructor(parts: DeliveryQueueParts) {
    this.#parts = parts;
    this.#look = new OneLook(parts.clock);
  }

  get name(): string {
    return this.#parts.name;
  }

  /** Reports that are neither delivered nor discarded. */
  get length(): number {
    return this.#ready.length + this.#again.length + this.#away.length;
  }

  get capacity(): number {
    return this.#parts.options.capacity;
  }

  /** Half of it free: enough for what one chunk of lines may bring. */
  get hasRoom(): boolean {
    return this.length * 2 <= this.capacity;
  }

  /** Whether the source has to wait for it. */
  get isWaitedFor(): boolean {
    return this.#parts.options.whenFull === "wait";
  }

  /** Resolves when there is room, or with `signal`. */
  async room(signal: AbortSignal): Promise<void> {
    if (!this.hasRoom) await this.#roomWaiters.wait(signal);
  }

  get lastError(): string | undefined {
    return this.#lastError;
  }

  /**
   * Takes the report over; discards it, counted, when it is not for this sink or the queue is full. One that is waited
   * for takes beyond its capacity what was under way: a chunk's reports, those in resolution, some closed windows.
   */
  offer(report: DropReport): void {
    if (this.#parts.selects?.(report) === false) {
      this.#parts.books.refused(report, "not_selected");
      return;
    }
    if (this.length >= this.capacity && !this.isWaitedFor) {
      this.#parts.books.refused(report, "queue_full");
      return;
    }
    this.#ready.push({ report, sinceMillis: this.#look.now(), attempts: 0 });
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
    this.#takeAll();
    return rest;
  }

  /** Takes over what a retired queue with the same books had. */
  adopt(report: DropReport): void {
    this.#ready.push({ report, sinceMillis: this.#look.now(), attempts: 0 });
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
    for (const { report } of this.#takeAll()) {
      packets += report.count;
      this.#parts.books.discarded(report, reason);
    }
    return packets;
  }

  #takeAll(): Batch {
    const all = [...this.#away, ...this.#again.splice(0), ...this.#ready.take(this.#ready.length)];
    this.#away.clear();
    this.#roomWaiters.wake();
    return all;
  }

  async #work(signal: AbortSignal): Promise<void> {
    const retiring = this.#retiring.signal;
    while (!signal.aborted && !retiring.aborted) {
      const hasWork = this.#again.length + this.#ready.length > 0;
      if (hasWork && this.#circuit.isClosed(this.#parts.clock.now())) await this.#deliver(this.#takeBatch(), signal);
      else if (hasWork && !this.#isProbing) await this.#probe(signal);
      else if (this.#closed && this.length === 0) break;
      else await new Promise<void>((resolve) => this.#sleepers.push(resolve));
    }
  }

  /** The others sleep meanwhile. */
  async #probe(signal: AbortSignal): Promise<void> {
    this.#isProbing = true;
    const pause = this.#circuit.pauseLeft(this.#parts.clock.now());
    if (pause > 0) await this.#sleep(pause, AbortSignal.any([signal, this.#retiring.signal]));
    else await this.#deliver(this.#takeBatch(), signal);
    this.#isProbing = false;
    if (this.#circuit.isClosed(this.#parts.clock.now())) this.#wakeAll();
  }

  #sleep(millis: number, signal: AbortSignal): Promise<void> {
    return this.#parts.clock.sleep(millis, signal).catch(() => {});
  }

  #takeBatch(): Batch {
    const { maxBatch, maxAgeMillis } = this.#parts.options;
    const batch = this.#again.length > 0 ? this.#again.splice(0, maxBatch) : this.#ready.take(maxBatch);
    const oldest = this.#parts.clock.now() - maxAgeMillis;
    const isTooOld = (entry: Entry) => entry.attempts > 0 && entry.sinceMillis < oldest;
    if (!batch.some(isTooOld)) return batch;
    for (const { report } of batch.filter(isTooOld)) this.#parts.books.discarded(report, "retry_timeout");
    return batch.filter((entry) => !isTooOld(entry));
  }

  async #deliver(batch: Batch, signal: AbortSignal): Promise<void> {
    if (batch.length === 0) return this.#afterBatch();
    this.#away.add(batch);
    for (const entry of batch) entry.attempts++;
    const { sink, clock, options } = this.#parts;
    const reports = batch.map((entry) => entry.report);
    const attempt = { sink, reports, clock, timeoutMillis: options.timeoutMillis };
    this.#apply(batch, await attemptDelivery(attempt, signal), signal);
    this.#afterBatch();
  }

  #apply(batch: Batch, outcome: DeliveryOutcome, signal: AbortSignal): void {
    // The batch stays away, which is undelivered.
    if (outcome.kind === "aborted" || !this.#away.delete(batch)) return;
    if (outcome.kind === "settled") this.#settle(batch, outcome.result, signal);
    else if (outcome.kind === "again") this.#comeAgain(batch, outcome);
    else this.#reject(batch, outcome.error);
  }

  #settle(batch: Batch, result: DeliveryResult, signal: AbortSignal): void {
    this.#circuit.worked();
    this.#observe(batch);
    if (result.discarded === undefined && result.retry === undefined) this.#parts.books.delivered(batch);
    else this.#settlePartly(batch, result, signal);
  }

  #settlePartly(batch: Batch, result: DeliveryResult, signal: AbortSignal): void {
    const { books } = this.#parts;
    const discarded = new Map(result.discarded?.map(({ report, reason }) => [report, reason]));
    const retry = new Map(result.retry?.map(({ report, retryAfterMillis }) => [report, retryAfterMillis ?? 0]));
    const stored: Entry[] = [];
    for (const entry of batch) {
      const reason = discarded.get(entry.report);
      const retryAfter = retry.get(entry.report);
      if (reason !== undefined) books.discarded(entry.report, reason);
      else if (retryAfter !== undefined) void this.#retryAlone(entry, retryAfter, signal);
      else stored.push(entry);
    }
    books.delivered(stored);
  }

  #observe(batch: Batch): void {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { sinceMillis } of batch) if (sinceMillis < oldest) oldest = sinceMillis;
    this.#parts.onAck(this.#parts.clock.now() - oldest);
  }

  /** The report comes again by itself, so that it holds up no other. */
  async #retryAlone(entry: Entry, retryAfterMillis: number, signal: AbortSignal): Promise<void> {
    const alone = [entry];
    this.#away.add(alone);
    this.#parts.books.retried();
    const wait = backoffMillis(entry.attempts, deliveryBackoff, retryAfterMillis);
    await this.#sleep(wait, signal);
    if (signal.aborted || !this.#away.delete(alone)) return;
    this.#again.push(entry);
    this.#sleepers.pop()?.();
  }

  /** The sink's partner is not there: the whole queue waits, and the batch is the first to go again. */
  #comeAgain(batch: Batch, outcome: { readonly error: unknown; readonly retryAfterMillis: number }): void {
    const { books, clock, logger } = this.#parts;
    this.#lastError = describeError(outcome.error);
    books.retried();
    if (this.#circuit.failed(clock.now(), outcome.retryAfterMillis))
      logger.warn({ sink: this.name, error: this.#lastError }, "delivery failed: trying again");
    this.#again.push(...batch);
  }

  #reject(batch: Batch, error: unknown): void {
    this.#lastError = describeError(error);
    const packets = batch.reduce((sum, entry) => sum + entry.report.count, 0);
    this.#parts.logger.error(
      { sink: this.name, packets, error: this.#lastError },
      "the sink rejected a batch: discarded",
    );
    for (const { report } of batch) this.#parts.books.discarded(report, "rejected");
  }

  #afterBatch(): void {
    if (this.#closed && this.length === 0) this.#wakeAll();
    if (this.hasRoom) this.#roomWaiters.wake();
  }

  #wakeAll(): void {
    const sleepers = this.#sleepers;
    this.#sleepers = [];
    for (const wake of sleepers) wake();
  }
}
