/**
 * Delivers a batch: each report's notices are posted, and what is not stored after a moment comes again later, so that a
 * slow event holds up no other; but when the server is away the batch comes again as a whole, so that the queue waits.
 * Called by the sink; the ledger keeps what was already done for a report that comes again.
 */
import { type Clock, type DeliveryResult, type DropReport, RetryableError } from "../../core/plugin/index.ts";
import type { Journal } from "./journal.ts";
import { type Ledger, type Side, settledBy } from "./ledger.ts";
import { type Notice, type NoticeOptions, noticesOf } from "./notice.ts";
import type { Poster } from "./poster.ts";

/** How long a batch waits for its slowest event. Its requests go on when it stops waiting. */
const patienceMillis = 2000;
const comeAgainMillis = 1000;

export type DeliveryParts = {
  readonly poster: Poster;
  readonly ledger: Ledger;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly notices: NoticeOptions;
};

export class Delivery {
  readonly #parts: DeliveryParts;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  async deliver(reports: readonly DropReport[], signal: AbortSignal): Promise<DeliveryResult> {
    signal.throwIfAborted();
    const batch = reports.map((report) => ({ report, sides: this.#post(report) }));
    const all = Promise.all(batch.flatMap(({ sides }) => sides.map((side) => side.posted)));
    await this.#wait(all, signal);
    const discarded: { report: DropReport; reason: string }[] = [];
    const retry: { report: DropReport; retryAfterMillis: number }[] = [];
    for (const { report, sides } of batch) {
      const settled = settledBy(sides);
      if (settled.kind === "retry") {
        retry.push({ report, retryAfterMillis: settled.retryAfterMillis ?? comeAgainMillis });
        continue;
      }
      this.#parts.ledger.forget(report.id);
      if (settled.kind === "discarded") discarded.push({ report, reason: settled.discard.reason });
    }
    if (retry.length === batch.length && this.#parts.journal.isAway) throw away(retry, this.#parts.journal);
    return { discarded, retry };
  }

  /** Posts what is not yet stored, given up or on its way. */
  #post(report: DropReport): readonly Side[] {
    const { ledger, notices } = this.#parts;
    const earlier = ledger.find(report.id) ?? [];
    const sides = noticesOf(report, notices).map((notice, index) => {
      const side = earlier[index];
      return side !== undefined && side.result?.kind !== "retry" ? side : this.#postOne(notice, report);
    });
    if (sides.length > 0) ledger.keep(report.id, sides);
    return sides;
  }

  #postOne(notice: Notice, report: DropReport): Side {
    const { poster, journal } = this.#parts;
    const side: Side = {
      result: undefined,
      posted: poster.post(notice, report).then((result) => {
        side.result = result;
        if (result.kind === "discard") journal.discarded(result);
        return result;
      }),
    };
    return side;
  }

  /** Until all have ended, or patience has; rejects when `signal` aborts. */
  async #wait(all: Promise<unknown>, signal: AbortSignal): Promise<void> {
    const timer = new AbortController();
    const onAbort = () => timer.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await Promise.race([all, this.#parts.clock.sleep(patienceMillis, timer.signal)]);
    } catch (error) {
      // A clock may reject with an AbortError of its own; the caller is to see its own reason.
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener("abort", onAbort);
      timer.abort();
    }
  }
}

/** A try for each of thousands of reports would cost more than all else, and find out no more than one. */
function away(retry: readonly { readonly retryAfterMillis: number }[], { lastError }: Journal): RetryableError {
  const retryAfterMillis = Math.min(...retry.map((one) => one.retryAfterMillis));
  return new RetryableError("EVENTS_NOT_STORED", lastError?.problem ?? "no event is stored", { retryAfterMillis });
}
