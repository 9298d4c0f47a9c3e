/**
 * What has become of each event of a report that is delivered in several tries, so that an event which is stored is not
 * counted again when its sibling must be retried. Used by the sink; bounded, and empty while all is well.
 */
import type { Discard } from "./outcome.ts";
import type { Posted } from "./poster.ts";

/** One event of a report: on its way, or as it ended. */
export type Side = { readonly posted: Promise<Posted>; result: Posted | undefined };

export class Ledger {
  readonly #capacity: number;
  readonly #reports = new Map<number, Side[]>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#reports.size;
  }

  /** The sides of an earlier try, in the order of the report's notices. */
  find(reportId: number): Side[] | undefined {
    return this.#reports.get(reportId);
  }

  /** Beyond the capacity the one untouched for longest goes: the core has given it up by then. */
  keep(reportId: number, sides: Side[]): void {
    this.#reports.delete(reportId);
    this.#reports.set(reportId, sides);
    const oldest = this.#reports.keys().next();
    if (this.#reports.size > this.#capacity && !oldest.done) this.#reports.delete(oldest.value);
  }

  forget(reportId: number): void {
    this.#reports.delete(reportId);
  }
}

export type Settled =
  | { readonly kind: "stored" }
  | { readonly kind: "discarded"; readonly discard: Discard }
  /** Undefined: still on its way. */
  | { readonly kind: "retry"; readonly retryAfterMillis: number | undefined };

/** A report is stored when one of its events is, since its packets are told then; discarded when none can be. */
export function settledBy(sides: readonly Side[]): Settled {
  let discard: Discard | undefined;
  let isStored = sides.length === 0;
  for (const { result } of sides) {
    if (result === undefined) return { kind: "retry", retryAfterMillis: undefined };
    if (result.kind === "retry") return { kind: "retry", retryAfterMillis: result.retryAfterMillis };
    if (result.kind === "stored") isStored = true;
    else discard = result;
  }
  return isStored || discard === undefined ? { kind: "stored" } : { kind: "discarded", discard };
}
