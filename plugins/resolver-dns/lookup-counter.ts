/** droplens_dns_lookups_total: each address that was asked about, once, by what came of it. Used by host-resolver.ts. */
import type { Counter, Labels, Metrics } from "../../core/plugin/index.ts";

const outcomes = {
  /** At once, remembered: a name or that there is none. */
  cached: { outcome: "cached" },
  /** Waits for the answer to the same question. */
  shared: { outcome: "shared" },
  answered: { outcome: "answered" },
  no_name: { outcome: "no_name" },
  /** Answered, and no name of it was fit to show. */
  bad_name: { outcome: "bad_name" },
  server_error: { outcome: "server_error" },
  timeout: { outcome: "timeout" },
  unreachable: { outcome: "unreachable" },
  malformed: { outcome: "malformed" },
  /** Not asked: too many questions wait, or it waited too long. */
  overloaded: { outcome: "overloaded" },
  /** Not asked: the servers have stopped answering. */
  silent: { outcome: "silent" },
  stopped: { outcome: "stopped" },
} as const satisfies Record<string, Labels>;

export type LookupOutcome = keyof typeof outcomes;

export class LookupCounter {
  readonly #counter: Counter;

  constructor(metrics: Metrics) {
    this.#counter = metrics.counter({
      name: "droplens_dns_lookups_total",
      help: "Addresses whose host name was asked for, by what came of it.",
      labels: ["outcome"],
    });
  }

  add(outcome: LookupOutcome): void {
    this.#counter.add(outcomes[outcome]);
  }
}
