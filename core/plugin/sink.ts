/** The role that reports drops to people and to other systems. */
import type { DropReport } from "../model/drop-report.ts";
import type { Lifecycle } from "./lifecycle.ts";

/** Reports drops: to people, to files, to other systems. */
export interface Sink extends Lifecycle {
  /** How the delivery queue in front of this sink behaves unless the config's `queue` says otherwise. */
  readonly delivery?: Partial<DeliveryOptions>;

  /**
   * Delivers a batch (1 to `maxBatch` reports, oldest first).
   *
   * - Resolving means: every report is stored for good, but for those that the result names. Only then is it acked.
   * - Rejecting with a RetryableError (any error whose `retryable` is true): the same batch comes again after a back-off
   *   (`retryAfterMillis` of the error, if it has one). Any other error: the batch is discarded, counted as
   *   `rejected`, and logged.
   * - At least once: after a crash a report may come again.
   * - `signal` aborts at the deadline of a stop or when the delivery takes longer than `timeoutMillis`: give up, reject.
   * - At most `concurrency` calls are under way at once. The reports are shared by all sinks: never change them
   *   (a report is frozen, its drop and ends are read-only by type; the testkit's suite freezes them all); the array
   *   belongs to the core again once the promise settles.
   */
  deliver(reports: readonly DropReport[], signal: AbortSignal): Promise<DeliveryResult | undefined>;
}

/** For batches of which a part could not be stored. Whatever is not named here is stored. */
export interface DeliveryResult {
  /** Given up for good. `reason` is a fixed word (a metric label). */
  readonly discarded?: ReadonlyArray<{ readonly report: DropReport; readonly reason: string }>;
  /** To come again; `retryAfterMillis` from now at the earliest. */
  readonly retry?: ReadonlyArray<{ readonly report: DropReport; readonly retryAfterMillis?: number }>;
}

/** The delivery queue in front of a sink; what a sink leaves out has the core's defaults. */
export interface DeliveryOptions {
  /** Reports that wait at most; `whenFull` says what becomes of a further one. */
  readonly capacity: number;
  /**
   * What a queue that stays full does: `discard`: after a second the sink alone loses what is new, with reason
   * `queue_full`. `wait`: the source waits, which holds up every other sink of the pipeline too.
   */
  readonly whenFull: "discard" | "wait";
  /** Reports in one call of `deliver`. */
  readonly maxBatch: number;
  /** How many calls of `deliver` may be under way at once. */
  readonly concurrency: number;
  /** How long one call of `deliver` may take before its signal aborts and it counts as retryable. */
  readonly timeoutMillis: number;
  /** A report that could not be delivered for this long is discarded with reason `retry_timeout`. */
  readonly maxAgeMillis: number;
}
