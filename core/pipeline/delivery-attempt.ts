/**
 * One call of a sink's `deliver`, bounded in time, with whatever it does told as data.
 * Called by the delivery queue only.
 */
import type { DropReport } from "../model/drop-report.ts";
import type { Clock } from "../plugin/context.ts";
import { isRetryable, RetryableError } from "../plugin/errors.ts";
import type { DeliveryResult, Sink } from "../plugin/sink.ts";

export type DeliveryOutcome =
  /** Stored, but for what `result` names. */
  | { readonly kind: "settled"; readonly result: DeliveryResult }
  /** The partner is not there: the whole batch again, later. */
  | { readonly kind: "again"; readonly error: unknown; readonly retryAfterMillis: number }
  /** Never going to work. */
  | { readonly kind: "rejected"; readonly error: unknown }
  /** The process is stopping: the batch stays undelivered. */
  | { readonly kind: "aborted" };

export interface DeliveryAttempt {
  readonly sink: Sink;
  readonly reports: readonly DropReport[];
  readonly timeoutMillis: number;
  readonly clock: Clock;
}

export async function attemptDelivery(attempt: DeliveryAttempt, signal: AbortSignal): Promise<DeliveryOutcome> {
  const call = new AbortController();
  const onStop = () => call.abort(signal.reason);
  signal.addEventListener("abort", onStop, { once: true });
  const timer = new AbortController();
  attempt.clock.sleep(attempt.timeoutMillis, timer.signal).then(() => call.abort(timeout(attempt)), ignoreAbort);
  try {
    signal.throwIfAborted();
    const result = await Promise.race([attempt.sink.deliver(attempt.reports, call.signal), rejection(call.signal)]);
    return { kind: "settled", result: result ?? {} };
  } catch (error) {
    if (signal.aborted) return { kind: "aborted" };
    if (!isRetryable(error)) return { kind: "rejected", error };
    return { kind: "again", error, retryAfterMillis: error.retryAfterMillis ?? 0 };
  } finally {
    timer.abort();
    signal.removeEventListener("abort", onStop);
  }
}

function timeout(attempt: DeliveryAttempt): RetryableError {
  return new RetryableError("SINK_TIMEOUT", `no answer from the sink within ${attempt.timeoutMillis} ms`);
}

/** A sink that does not heed its signal must not hold the queue for ever. */
function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function ignoreAbort(): void {}
