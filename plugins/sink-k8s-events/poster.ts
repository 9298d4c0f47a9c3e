/**
 * Stores notices as events: the first packets of a series CREATE one, later ones PATCH its count. One request at a time
 * for each event; what arrives meanwhile is added up and goes with the next one, so that a flood costs few requests.
 * The sink posts every notice here and learns whether it is stored, to come again, or given up.
 */
import type { ApiServer } from "../../core/kubernetes/api-server.ts";
import { backoffMillis, type Clock, describeError } from "../../core/plugin/index.ts";
import {
  EventNames,
  type EventOrigin,
  type EventState,
  eventPatch,
  eventsPath,
  mergePatch,
  newEvent,
} from "./event.ts";
import type { Notice } from "./notice.ts";
import { type Discard, type Outcome, outcomeOf, type Retry, type Verb } from "./outcome.ts";
import type { Refusals } from "./refusals.ts";
import type { RequestBudget } from "./request-budget.ts";
import type { RequestSlots } from "./request-slots.ts";
import { forgetEvent, type Packets, type Series, type SeriesMemory, stateAfter } from "./series.ts";

export type Posted = { readonly kind: "stored" } | Retry | Discard;

export type Waiting = { readonly packets: Packets; settle(posted: Posted): void };

export type PosterParts = {
  readonly api: ApiServer;
  readonly clock: Clock;
  readonly memory: SeriesMemory<Waiting>;
  readonly budget: RequestBudget;
  readonly slots: RequestSlots;
  readonly refusals: Refusals;
  readonly origin: EventOrigin;
  /** An event not written for this long has expired at the server. */
  readonly eventTtlMillis: number;
  /** Told of every answer. */
  observe(verb: Verb, namespace: string, outcome: Outcome): void;
  /** Told how many notices a pod's combined event has just taken in. */
  combined(notices: number): void;
};

const backoff = { firstMillis: 500, maxMillis: 30_000 };
/** What the transport lets a server ask for, and the jitter on top. */
const longestWaitMillis = 12.5 * 60_000;
const requestTimeoutMillis = 10_000;
const stored = { kind: "stored" } as const;
const stopping: Retry = { kind: "retry", why: "stopping", problem: "stopping" };

export class Poster {
  readonly #parts: PosterParts;
  readonly #names = new EventNames();
  readonly #underWay = new Set<Promise<void>>();
  /** Aborts at stop: what is under way then comes to nothing. */
  readonly #signal: AbortSignal;

  constructor(parts: PosterParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = signal;
  }

  /** Never rejects. */
  post(notice: Notice, packets: Packets): Promise<Posted> {
    const series = this.#parts.memory.find(notice, this.#parts.clock.now());
    return new Promise((settle) => {
      series.waiting.push({ packets, settle });
      if (!series.busy) this.#start(series);
    });
  }

  /** Resolves when nothing is under way; after the signal has aborted that is soon. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #start(series: Series<Waiting>): void {
    series.busy = true;
    const work = this.#drain(series).finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
  }

  async #drain(series: Series<Waiting>): Promise<void> {
    while (series.waiting.length > 0) {
      const answer = this.#answerAtOnce(series);
      if (answer === undefined) await this.#turn(series);
      else settleAll(series.waiting.splice(0), answer);
    }
    series.busy = false;
  }

  /** What needs no request: the series waits for its next try, or its namespace has just refused. */
  #answerAtOnce(series: Series): Retry | Discard | undefined {
    const { clock, refusals } = this.#parts;
    const waitMillis = series.notBeforeMillis - clock.now();
    // The upper bound: a clock that was set back must not stop a series for an hour.
    if (waitMillis > 0 && waitMillis <= longestWaitMillis) {
      return { kind: "retry", why: series.why, problem: "waits for its next try", retryAfterMillis: waitMillis };
    }
    return refusals.find(series.exists ? "patch" : "create", series.pod.namespace);
  }

  /** Writes what waits by the time that it is this series' turn. */
  async #turn(series: Series<Waiting>): Promise<void> {
    const { slots, budget } = this.#parts;
    let taken: Waiting[] = [];
    let posted: Posted = stopping;
    try {
      posted = await slots.run(
        series.pod.namespace,
        async () => {
          await budget.take(this.#signal);
          taken = series.waiting.splice(0);
          return this.#write(series, taken);
        },
        this.#signal,
      );
    } catch {
      // Only the stop's signal rejects; who waits is told so below.
      taken = [...taken, ...series.waiting.splice(0)];
    }
    if (series.combined && posted.kind === "stored") this.#parts.combined(taken.length);
    settleAll(taken, posted);
  }

  async #write(series: Series<Waiting>, taken: readonly Waiting[]): Promise<Posted> {
    if (series.storedMillis < this.#parts.clock.now() - this.#parts.eventTtlMillis) forgetExpired(series);
    const state = stateAfter(
      series,
      taken.map((waiting) => waiting.packets),
    );
    const outcome = series.exists ? await this.#patchElseCreate(series, state) : await this.#create(series, state);
    return this.#conclude(series, state, outcome);
  }

  async #patchElseCreate(series: Series<Waiting>, state: EventState): Promise<Outcome> {
    const outcome = await this.#patch(series, state);
    if (outcome.kind !== "gone") return outcome;
    // The new event goes on counting where the old one stopped, as client-go's recorder does.
    series.exists = false;
    series.name = undefined;
    await this.#parts.budget.take(this.#signal);
    return this.#create(series, state);
  }

  async #create(series: Series<Waiting>, state: EventState): Promise<Outcome> {
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

  #patch(series: Series<Waiting>, state: EventState): Promise<Outcome> {
    const renamed = series.stored?.message === state.message ? undefined : state.message;
    return this.#send("patch", series, eventPatch(state, renamed));
  }

  async #send(verb: Verb, series: Series<Waiting>, body: object): Promise<Outcome> {
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

  #conclude(series: Series<Waiting>, state: EventState, outcome: Outcome): Posted {
    const now = this.#parts.clock.now();
    if (outcome.kind === "stored") {
      series.exists = true;
      series.stored = state;
      series.storedMillis = now;
      series.failures = 0;
      return stored;
    }
    if (outcome.kind === "discard") {
      if (!series.exists) series.name = undefined;
      series.failures = 0;
      return outcome;
    }
    return this.#backOff(series, outcome.kind === "retry" ? outcome : vanished, now);
  }

  #backOff(series: Series<Waiting>, retry: Retry, now: number): Retry {
    series.failures++;
    const retryAfterMillis = Math.ceil(backoffMillis(series.failures, backoff, retry.retryAfterMillis));
    series.notBeforeMillis = now + retryAfterMillis;
    series.why = retry.why;
    return { ...retry, retryAfterMillis };
  }
}

/** An event that was there a moment ago and is not any more: the next try makes another one. */
const vanished: Retry = { kind: "retry", why: "server_error", problem: "the event was deleted while it was written" };

function settleAll(waiting: readonly Waiting[], posted: Posted): void {
  for (const one of waiting) one.settle(posted);
}

function mayHaveArrived(outcome: Outcome): boolean {
  return outcome.kind === "retry" && outcome.why !== "throttled" && outcome.why !== "unauthorized";
}

/** Not a CREATE that may have arrived: its name tells whether it did. */
function forgetExpired(series: Series): void {
  if (series.exists) forgetEvent(series);
}
