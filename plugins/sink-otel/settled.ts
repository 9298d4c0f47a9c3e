/**
 * What became of a batch that went in one request or more: which reports are stored, and what the delivery queue is told
 * of the others. Parts in; called by otel-sink.ts.
 */
import { toError } from "../../core/otlp/outcome.ts";
import type { Part } from "../../core/otlp/parts.ts";
import type { DeliveryResult, DropReport } from "../../core/plugin/index.ts";

export interface Settled {
  readonly stored: readonly DropReport[];
  readonly result: DeliveryResult;
}

/** Throws the retryable error when the whole batch shall come again. */
export function settled(parts: readonly Part<DropReport>[]): Settled {
  const [first] = parts;
  if (first?.outcome.kind === "again") throw toError(first.outcome);
  const each = parts.map(divided);
  const retry = each.flatMap((part) => part.retry);
  const discarded = each.flatMap((part) => part.discarded);
  const result = retry.length === 0 ? { discarded } : { discarded, retry };
  return { stored: each.flatMap((part) => part.stored), result };
}

/** A Collector that refuses some does not say which: the last ones of the request are taken for them. */
function divided({ items, outcome }: Part<DropReport>) {
  if (outcome.kind === "again") {
    const { retryAfterMillis } = outcome;
    const later = retryAfterMillis === undefined ? {} : { retryAfterMillis };
    return { stored: [], discarded: [], retry: items.map((report) => ({ report, ...later })) };
  }
  const refused = outcome.kind === "refused" ? items.length : Math.min(outcome.refused, items.length);
  const reason = outcome.kind === "refused" ? outcome.reason : "partial_success";
  const discarded = items.slice(items.length - refused).map((report) => ({ report, reason }));
  return { stored: items.slice(0, items.length - refused), discarded, retry: [] };
}
