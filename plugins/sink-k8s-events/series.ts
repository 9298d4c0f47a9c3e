/**
 * What is remembered of the events already stored, so that a repeat raises the count of its event instead of making
 * another one. Bounded: the least recently used series is forgotten, its next packet makes a new event.
 */
import type { EventState } from "./event.ts";
import { combinedMessage, type Notice, type PodReference } from "./notice.ts";
import type { Retry } from "./outcome.ts";

/** The packets that one report adds to an event. */
export type Packets = { readonly count: number; readonly firstMillis: number; readonly lastMillis: number };

/** One event and what is on its way to it. The poster changes it; nobody else. */
export type Series<Waiting = unknown> = {
  readonly key: string;
  readonly pod: PodReference;
  readonly combined: boolean;
  /** The latest one for a combined event, else always the same. */
  message: string;
  /** The event's name; without `exists` that of a CREATE which may have arrived although its answer did not. */
  name: string | undefined;
  exists: boolean;
  /** What was stored last; kept when the event is gone, since the next one goes on counting. */
  stored: EventState | undefined;
  /** When that was, by our clock. */
  storedMillis: number;
  usedMillis: number;
  failures: number;
  /** After a failure: not to be tried before, and what failed. */
  notBeforeMillis: number;
  why: Retry["why"];
  busy: boolean;
  waiting: Waiting[];
};

export type SeriesLimits = {
  readonly maxSeries: number;
  /** Distinct messages of one pod within `distinctMillis`; further ones are combined. */
  readonly maxDistinct: number;
  readonly distinctMillis: number;
};

export class SeriesMemory<Waiting> {
  readonly #limits: SeriesLimits;
  readonly #series = new Map<string, Series<Waiting>>();
  readonly #byPod = new Map<string, Set<Series<Waiting>>>();

  constructor(limits: SeriesLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#series.size;
  }

  /** The series that a notice belongs to: its own, or the pod's combined one when the pod has too many already. */
  find(notice: Notice, nowMillis: number): Series<Waiting> {
    const own = podKey(notice.pod, notice.message);
    const known = this.#series.get(own);
    if (known !== undefined) return this.#touch(known, nowMillis);
    if (this.#distinct(notice.pod, nowMillis) < this.#limits.maxDistinct) {
      return this.#add(newSeries(own, notice, false), nowMillis);
    }
    const key = podKey(notice.pod, "");
    const message = combinedMessage(notice.message);
    const combined = this.#series.get(key) ?? this.#add(newSeries(key, notice, true), nowMillis);
    combined.message = message;
    return this.#touch(combined, nowMillis);
  }

  #touch(series: Series<Waiting>, nowMillis: number): Series<Waiting> {
    series.usedMillis = nowMillis;
    this.#series.delete(series.key);
    this.#series.set(series.key, series);
    return series;
  }

  #add(series: Series<Waiting>, nowMillis: number): Series<Waiting> {
    if (this.#series.size >= this.#limits.maxSeries) this.#forgetOldest();
    const pod = podKey(series.pod, "");
    const siblings = this.#byPod.get(pod);
    if (siblings === undefined) this.#byPod.set(pod, new Set([series]));
    else siblings.add(series);
    return this.#touch(series, nowMillis);
  }

  /** The oldest that nobody waits for; those in use are few and end by themselves. */
  #forgetOldest(): void {
    for (const series of this.#series.values()) {
      if (series.busy) continue;
      this.#series.delete(series.key);
      const pod = podKey(series.pod, "");
      const siblings = this.#byPod.get(pod);
      siblings?.delete(series);
      if (siblings?.size === 0) this.#byPod.delete(pod);
      return;
    }
  }

  #distinct(pod: PodReference, nowMillis: number): number {
    let distinct = 0;
    for (const series of this.#byPod.get(podKey(pod, "")) ?? []) {
      if (!series.combined && series.usedMillis > nowMillis - this.#limits.distinctMillis) distinct++;
    }
    return distinct;
  }
}

/** With the packets of some reports added. */
export function stateAfter(series: Series, packets: readonly Packets[]): EventState {
  let { count, firstMillis, lastMillis } = series.stored ?? { count: 0, firstMillis: Infinity, lastMillis: -Infinity };
  for (const added of packets) {
    count += added.count;
    firstMillis = Math.min(firstMillis, added.firstMillis);
    lastMillis = Math.max(lastMillis, added.lastMillis);
  }
  return { message: series.message, count, firstMillis, lastMillis };
}

/** After this the next packets make a new event. */
export function forgetEvent(series: Series): void {
  series.stored = undefined;
  series.name = undefined;
  series.exists = false;
}

function newSeries<Waiting>(key: string, notice: Notice, combined: boolean): Series<Waiting> {
  return {
    key,
    pod: notice.pod,
    combined,
    message: notice.message,
    name: undefined,
    exists: false,
    stored: undefined,
    storedMillis: 0,
    usedMillis: 0,
    failures: 0,
    notBeforeMillis: 0,
    why: "transport",
    busy: false,
    waiting: [],
  };
}

/** Neither a uid nor a message, which went through `printable`, has a line feed. */
function podKey(pod: PodReference, message: string): string {
  return `${pod.uid ?? `${pod.namespace}/${pod.name}`}\n${message}`;
}
