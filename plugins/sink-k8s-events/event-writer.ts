/**
 * Brings one event at the API server up to date: CREATE, or PATCH when it exists, and what follows from the answer.
 * The poster calls it for a series, one write at a time; every request after the first takes its own token here.
 */
import type { ApiServer } from "../../core/kubernetes/api-server.ts";
import { type Clock, describeError } from "../../core/plugin/index.ts";
import {
  EventNames,
  type EventOrigin,
  type EventState,
  eventPatch,
  eventsPath,
  mergePatch,
  newEvent,
} from "./event.ts";
import { type Outcome, outcomeOf, type Retry, type Verb } from "./outcome.ts";
import type { Refusals } from "./refusals.ts";
import type { RequestBudget } from "./request-budget.ts";
import type { Series } from "./series.ts";

export type WriterParts = {
  readonly api: ApiServer;
  readonly clock: Clock;
  readonly budget: RequestBudget;
  readonly refusals: Refusals;
  readonly origin: EventOrigin;
  /** Told of every answer. */
  observe(verb: Verb, namespace: string, outcome: Outcome): void;
};

const requestTimeoutMillis = 10_000;

export const stopping: Retry = { kind: "retry", why: "stopping", problem: "stopping" };

export class EventWriter {
  readonly #parts: WriterParts;
  readonly #names = new EventNames();
  readonly #signal: AbortSignal;

  constructor(parts: WriterParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = signal;
  }

  /** Sets the name of the series; what the outcome means for the rest of it is the poster's. Rejects when stopped. */
  write(series: Series, state: EventState): Promise<Outcome> {
    return series.exists ? this.#patchElseCreate(series, state) : this.#create(series, state);
  }

  async #patchElseCreate(series: Series, state: EventState): Promise<Outcome> {
    const outcome = await this.#patch(series, state);
    if (outcome.kind !== "gone") return outcome;
    // The new event goes on counting where the old one stopped, as client-go's recorder does.
    series.exists = false;
    series.name = undefined;
    await this.#parts.budget.take(this.#signal);
    return this.#create(series, state);
  }

  async #create(series: Series, state: EventState): Promise<Outcome> {
    const { origin, clock, budget } = this.#parts;
    for (let attempt = 1; attempt <= 2; attempt++) {
      const mayExist = series.name !== undefined;
      const name = series.name ?? this.#names.next(series.pod.name, clock.now());
      const outcome = await this.#send("create", series, newEvent(name, series.pod, state, origin));
      if (outcome.kind === "stored" || mayHaveArrived(outcome)) series.name = name;
      if (outcome.kind !== "conflict") return outcome;
      await budget.take(this.#signal);
      if (mayExist) return this.#patch(series, state);
      series.name = undefined;
    }
    return { kind: "discard", reason: "conflict", problem: "two new names were both taken" };
  }

  #patch(series: Series, state: EventState): Promise<Outcome> {
    const renamed = series.stored?.message === state.message ? undefined : state.message;
    return this.#send("patch", series, eventPatch(state, renamed));
  }

  async #send(verb: Verb, series: Series, body: object): Promise<Outcome> {
    const { api, observe } = this.#parts;
    const { namespace } = series.pod;
    const request =
      verb === "create"
        ? ({ method: "POST", path: eventsPath(namespace) } as const)
        : ({ method: "PATCH", path: eventsPath(namespace, series.name), contentType: mergePatch } as const);
    let outcome: Outcome;
    try {
      const response = await api.request({ ...request, body, idleTimeoutMillis: requestTimeoutMillis }, this.#signal);
      outcome = outcomeOf(verb, response);
    } catch (error) {
      if (this.#signal.aborted) return stopping;
      outcome = { kind: "retry", why: "transport", problem: describeError(error) };
    }
    this.#adapt(verb, namespace, outcome);
    observe(verb, namespace, outcome);
    return outcome;
  }

  #adapt(verb: Verb, namespace: string, outcome: Outcome): void {
    const { budget, refusals } = this.#parts;
    if (outcome.kind !== "retry") budget.faster();
    else if (outcome.why !== "webhook_failed") budget.slower();
    if (outcome.kind === "discard") refusals.remember(verb, namespace, outcome);
  }
}

function mayHaveArrived(outcome: Outcome): boolean {
  return outcome.kind === "retry" && outcome.why !== "throttled" && outcome.why !== "unauthorized";
}
