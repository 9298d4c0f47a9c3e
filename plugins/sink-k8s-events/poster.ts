/**
 * Stores notices as events: the first packets of a series CREATE one, later ones PATCH its count. One request at a time
 * for each event; what arrives meanwhile is added up and goes with the next one, so that a flood costs few requests.
 * The sink posts every notice here and learns whether it is stored, to come again, or given up.
 */
import { backoffMillis, describeError } from "../../core/plugin/index.ts";
import type { EventState } from "./event.ts";
import { EventWriter, stopping, type WriterParts } from "./event-writer.ts";
import type { Notice } from "./notice.ts";
import type { Discard, Outcome, Retry } from "./outcome.ts";
import type { RequestSlots } from "./request-slots.ts";
import { forgetEvent, type Packets, type Series, type SeriesMemory, stateAfter } from "./series.ts";

export type Posted = { readonly kind: "stored" } | Retry | Discard;

export type Waiting = { readonly packets: Packets; settle(posted: Posted): void };

export type PosterParts = WriterParts & {
  readonly memory: SeriesMemory<Waiting>;
  readonly slots: RequestSlots;
  /** An event not written for this long has expired at the server. */
  readonly eventTtlMillis: number;
  /** Told how many notices a pod's combined event has just taken in. */
  combined(notices: number): void;
};

const backoff = { firstMillis: 500, maxMillis: 30_000 };
/** What the transport lets a server ask for, and the jitter on top. */
const longestWaitMillis = 12.5 * 60_000;
const stored = { kind: "stored" } as const;

export class Poster {
  readonly #parts: PosterParts;
  readonly #writer: EventWriter;
  readonly #underWay = new Set<Promise<void>>();
  /** Aborts at stop: what is under way then comes to nothing. */
  readonly #signal: AbortSignal;

  constructor(parts: PosterParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#writer = new EventWriter(parts, signal);
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
    } catch (error) {
      taken = [...taken, ...series.waiting.splice(0)];
      // Nothing but the stop rejects, unless there is a mistake in this room: that must be seen.
      if (!this.#signal.aborted) posted = { kind: "discard", reason: "internal_error", problem: describeError(error) };
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
    return this.#conclude(series, state, await this.#writer.write(series, state));
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

/** Not a CREATE that may have arrived: its name tells whether it did. */
function forgetExpired(series: Series): void {
  if (series.exists) forgetEvent(series);
}
