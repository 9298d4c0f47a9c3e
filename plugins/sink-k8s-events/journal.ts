/**
 * What is told about the events: counters for each answer and each discard, one log line a minute for what went wrong,
 * and the problems that `/readyz` and `/status` show. The poster and the sink report here.
 */
import { type Clock, type Counter, type Logger, OnceAMinute, type PluginContext } from "../../core/plugin/index.ts";
import type { Discard, Outcome, Retry, Verb } from "./outcome.ts";

/** So many failures in a row, with nothing stored between them, are no matter of single events. */
const enoughFailures = 10;

/** Pods and namespaces come and go. */
const everyday: readonly Discard["reason"][] = ["not_found", "namespace_terminating"];

export type LastError = { readonly time: string; readonly problem: string };

export class Journal {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #server: string;
  readonly #posted: Counter;
  readonly #discarded: Counter;
  readonly #retried: Counter;
  readonly #combined: Counter;
  readonly #logged: OnceAMinute;
  #outage: string | undefined;
  #failuresInARow = 0;
  #lastError: LastError | undefined;

  constructor(context: PluginContext, server: string) {
    this.#clock = context.clock;
    this.#logged = new OnceAMinute(context.clock);
    this.#logger = context.logger;
    this.#server = server;
    const { metrics } = context;
    this.#posted = metrics.counter({
      name: "droplens_events_posted_total",
      help: "Requests that stored an event: create makes one, patch raises its count",
      labels: ["verb"],
    });
    this.#discarded = metrics.counter({
      name: "droplens_events_discarded_total",
      help: "Events given up, one for each pod of a report",
      labels: ["reason"],
    });
    this.#retried = metrics.counter({
      name: "droplens_events_failed_requests_total",
      help: "Requests whose event comes again later",
      labels: ["reason"],
    });
    this.#combined = metrics.counter({
      name: "droplens_events_combined_total",
      help: "Drops told by a pod's one event for all that came after its first distinct messages",
    });
  }

  get lastError(): LastError | undefined {
    return this.#lastError;
  }

  /** Nothing is stored at the moment, whatever is sent. */
  get isAway(): boolean {
    return this.#outage !== undefined || this.#failuresInARow >= enoughFailures;
  }

  /** Called with every answer of the server, or the lack of one. */
  answered(verb: Verb, outcome: Outcome): void {
    if (outcome.kind === "stored") this.#posted.add({ verb });
    if (outcome.kind === "retry") this.#failed(outcome);
    else this.reached();
  }

  /** The server answers. */
  reached(): void {
    this.#failuresInARow = 0;
    if (this.#outage === undefined) return;
    this.#outage = undefined;
    this.#logger.info({}, `${this.#server} answers again; the events that waited follow`);
  }

  /** Nobody answered when nothing was to be stored. */
  unreachable(problem: string): void {
    this.#remember(problem);
    this.#outage = problem;
    if (this.#logged.isDue("outage")) this.#logger.warn({}, problem);
  }

  /** Called once for each event that is given up. */
  discarded(discard: Discard): void {
    this.#discarded.add({ reason: discard.reason });
    this.#remember(discard.problem);
    // A missing right has its own line, which names the rule.
    if (discard.reason === "missing_right") return;
    const level = everyday.includes(discard.reason) ? "debug" : "error";
    if (!this.#logged.isDue(discard.reason)) return;
    const text = `events are discarded as ${discard.reason}; the latest one, at ${this.#server}: ${discard.problem}`;
    this.#logger[level]({ reason: discard.reason }, text);
  }

  combined(notices: number): void {
    this.#combined.add({}, notices);
  }

  problems(): readonly string[] {
    return this.#outage === undefined ? [] : [this.#outage];
  }

  #failed(retry: Retry): void {
    if (retry.why === "stopping") return;
    this.#retried.add({ reason: retry.why });
    this.#remember(retry.problem);
    this.#failuresInARow++;
    const outage = this.#mayBeIdleClose(retry) ? undefined : outageOf(retry, this.#server);
    if (outage !== undefined) this.#outage = outage;
    if (!this.#logged.isDue(outage === undefined ? retry.why : "outage")) return;
    const text = outage ?? `${this.#server} did not store an event (${retry.problem}); it is tried again`;
    this.#logger.warn({ reason: retry.why }, text);
  }

  /** A connection that the server closed while it was idle fails once, and means nothing. */
  #mayBeIdleClose(retry: Retry): boolean {
    return retry.why === "transport" && this.#failuresInARow < 2 && this.#outage === undefined;
  }

  #remember(problem: string): void {
    this.#lastError = { time: new Date(this.#clock.now()).toISOString(), problem };
  }
}

/** What keeps every event from being stored; a single 429 or 500 does not. */
function outageOf(retry: Retry, server: string): string | undefined {
  // The transport's own message names the server.
  if (retry.why === "transport") return `${retry.problem}; events wait and are tried again`;
  if (retry.why !== "unauthorized") return undefined;
  return `${server} refuses the credentials (${retry.problem}): check the service account's token or the kubeconfig; tried again after 60 s`;
}
