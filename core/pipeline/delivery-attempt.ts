/**
 * One call of a sink's `deliver`, bounded in time, with whatever it does told as data.
 * Called by the delivery queue only.
 */
import type { DropReport } from "../model/drop-report.ts";
import type { Clock } from "../plugin/context.ts";
import { DroplensError, isRetryable, RetryableError } from "../plugin/errors.ts";
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
  if (signal.aborted) return { kind: "aborted" };
  const call = new AbortController();
  try {
    const delivery = attempt.sink.deliver(attempt.reports, call.signal);
    const result = (await settlesAtOnce(delivery)) ? await delivery : await bounded(delivery, attempt, call, signal);
    return { kind: "settled", result: resultOf(result) };
  } catch (error) {
    if (signal.aborted) return { kind: "aborted" };
    if (!isRetryable(error)) return { kind: "rejected", error };
    return { kind: "again", error, retryAfterMillis: error.retryAfterMillis ?? 0 };
  }
}

/** Enough for a few `await`s of what is there already. */
const turnsAtOnce = 8;

/** A sink that only keeps the reports is done before anything else can run: it costs neither a timer nor listeners. */
async function settlesAtOnce(delivery: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const onSettled = () => {
    settled = true;
  };
  Promise.resolve(delivery).then(onSettled, onSettled);
  for (let turn = 0; turn < turnsAtOnce && !settled; turn++) await undefined;
  return settled;
}

/** The delivery's result, unless `signal` aborts or its time is up: then `call` aborts too, with the reason thrown. */
async function bounded<T>(
  delivery: Promise<T>,
  attempt: DeliveryAttempt,
  call: AbortController,
  signal: AbortSignal,
): Promise<T> {
  const timer = new AbortController();
  const onStop = () => call.abort(signal.reason);
  signal.addEventListener("abort", onStop, { once: true });
  if (signal.aborted) onStop();
  attempt.clock.sleep(attempt.timeoutMillis, timer.signal).then(() => call.abort(timeout(attempt)), ignoreAbort);
  try {
    return await Promise.race([delivery, rejection(call.signal)]);
  } finally {
    timer.abort();
    signal.removeEventListener("abort", onStop);
  }
}

/** What a plugin without types may give back. */
function resultOf(result: unknown): DeliveryResult {
  if (typeof result !== "object" || result === null) return {};
  const { discarded, retry } = result as { discarded?: unknown; retry?: unknown };
  const isList = (list: unknown) => list === undefined || (Array.isArray(list) && list.every(namesReport));
  if (isList(discarded) && isList(retry)) return result;
  throw new DroplensError(
    "SINK_RESULT",
    "deliver resolved with no DeliveryResult: {discarded, retry} list {report, …}",
  );
}

function namesReport(entry: unknown): boolean {
  return typeof entry === "object" && entry !== null && "report" in entry;
}

function timeout(attempt: DeliveryAttempt): RetryableError {
  return new RetryableError("SINK_TIMEOUT", `no answer from the sink within ${attempt.timeoutMillis} ms`);
}

/** A sink that does not heed its signal must not hold the queue for ever. */
function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function ignoreAbort(): void {}
