/** droplens_dns_lookups_total: each address that was asked about, once, by what came of it. Used by host-resolver.ts. */
import type { CounterSeries, Metrics } from "../../core/plugin/index.ts";

const outcomes = [
  /** At once, remembered: a name or that there is none. */
  "cached",
  /** Waits for the answer to the same question. */
  "shared",
  "answered",
  "no_name",
  /** Answered, and no name of it was fit to show. */
  "bad_name",
  "server_error",
  "timeout",
  "unreachable",
  "malformed",
  /** Not asked: too many questions wait, or it waited too long. */
  "overloaded",
  /** Not asked: the servers have stopped answering. */
  "silent",
  "stopped",
] as const;

export type LookupOutcome = (typeof outcomes)[number];

export class LookupCounter {
  readonly #series = new Map<LookupOutcome, CounterSeries>();

  constructor(metrics: Metrics) {
    const counter = metrics.counter({
      name: "droplens_dns_lookups_total",
      help: "Addresses whose host name was asked for, by what came of it.",
      labels: ["outcome"],
    });
    for (const outcome of outcomes) this.#series.set(outcome, counter.series({ outcome }));
  }

  add(outcome: LookupOutcome): void {
    this.#series.get(outcome)?.add(1);
  }
}
