/**
 * Answers for addresses that the watch's table does not know: a pod of another node is asked for, the status of a pod
 * that has just started is waited for. In: the question. Out: the pod, sooner or later, or undefined, mostly at once.
 */
import type { AddressQuery, Clock, Counter } from "../../core/plugin/index.ts";
import type { Holds } from "./holds.ts";
import type { PodLookup } from "./pod-lookup.ts";
import type { KnownPod, PodTable } from "./pod-table.ts";

export interface LateAnswersParts {
  readonly table: PodTable;
  readonly holds: Holds;
  readonly clock: Clock;
  /** Only where not all pods are watched. */
  readonly lookup: PodLookup | undefined;
  readonly holdMillis: number;
  readonly held: Counter;
}

const maxVain = 10_000;
const vainMillis = 60_000;

export class LateAnswers {
  readonly #parts: LateAnswersParts;
  /** Addresses that were waited for in vain (a bridge, a gateway among pods), and until when they are not again. */
  readonly #vain = new Map<string, number>();

  constructor(parts: LateAnswersParts) {
    this.#parts = parts;
  }

  answer(query: AddressQuery, signal: AbortSignal): KnownPod | undefined | Promise<KnownPod | undefined> {
    const { lookup } = this.#parts;
    if (lookup === undefined) return this.#waitForStatus(query, signal);
    const remembered = lookup.remembered(query.address, query.timeMillis);
    if (remembered === "unknown") return this.#askThenWait(lookup, query, signal);
    return remembered ?? this.#waitForStatus(query, signal);
  }

  async #askThenWait(lookup: PodLookup, query: AddressQuery, signal: AbortSignal): Promise<KnownPod | undefined> {
    const asked = await lookup.ask(query.address, query.timeMillis, signal);
    return asked ?? this.#parts.table.find(query.address, query.timeMillis) ?? this.#waitForStatus(query, signal);
  }

  /** The kernel may log a pod's first packet seconds before the pod's status names its address. */
  #waitForStatus(query: AddressQuery, signal: AbortSignal): Promise<KnownPod | undefined> | undefined {
    const { table, holds, clock, holdMillis, held } = this.#parts;
    const left = Math.min(query.timeMillis - clock.now(), 0) + holdMillis;
    if (left <= 0 || this.#isVain(query.address) || !table.knowsNetwork(query.address)) return undefined;
    const waited = holds.wait(query.address, left, signal);
    if (waited === undefined) held.add({ outcome: "too_many" });
    return waited?.then(() => this.#lookAgain(query));
  }

  #lookAgain(query: AddressQuery): KnownPod | undefined {
    const { table, clock, held } = this.#parts;
    const pod = table.find(query.address, query.timeMillis);
    held.add({ outcome: pod === undefined ? "not_found" : "found" });
    if (pod !== undefined) return pod;
    this.#vain.delete(query.address);
    this.#vain.set(query.address, clock.now() + vainMillis);
    const oldest = this.#vain.keys().next().value;
    if (this.#vain.size > maxVain && oldest !== undefined) this.#vain.delete(oldest);
    return undefined;
  }

  #isVain(address: string): boolean {
    return (this.#vain.get(address) ?? 0) > this.#parts.clock.now();
  }
}
