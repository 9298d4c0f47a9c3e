/**
 * Asks the API server who has an address, for pods of other nodes: a list with the field selector status.podIP. The
 * answers go into a pod table of their own, and are believed for a while, "nobody" too. Called by the resolver.
 *
 * The server finds them by a scan over all pods, so the number of questions is bounded: at 5,000 nodes each counts.
 */
import type { ApiServer } from "../../core/kubernetes/api-server.ts";
import { describeStatus, readStatus } from "../../core/kubernetes/status.ts";
import { type Clock, type Counter, describeError, type Logger, OnceAMinute } from "../../core/plugin/index.ts";
import { untilOver } from "./holds.ts";
import { readPod } from "./pod.ts";
import { itemsOf } from "./pod-events.ts";
import { type KnownPod, PodTable } from "./pod-table.ts";

export interface PodLookupParts {
  readonly api: ApiServer;
  /** Ends all questions. A question is shared by its callers: one of them going away does not end it. */
  readonly stop: AbortSignal;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lookups: Counter;
  readonly labelKey: string | undefined;
  readonly keepClosedMillis: number;
  readonly perMinute: number;
  readonly burst: number;
  readonly rememberMillis: number;
  readonly rememberUnknownMillis: number;
}

interface Answer {
  readonly untilMillis: number;
  readonly uids: readonly string[];
}

const maxAnswers = 10_000;
const maxInFlight = 10;
/** Finished pods keep their address in the status, so an address may have several; more are not worth a page. */
const maxPodsPerAddress = 50;
const idleTimeoutMillis = 5000;

export class PodLookup {
  readonly #parts: PodLookupParts;
  readonly #table: PodTable;
  readonly #answers = new Map<string, Answer>();
  readonly #asking = new Map<string, Promise<void>>();
  #tokens: number;
  #filledMillis: number;
  readonly #logged: OnceAMinute;

  constructor(parts: PodLookupParts) {
    this.#parts = parts;
    this.#table = new PodTable(parts.keepClosedMillis);
    this.#tokens = parts.burst;
    this.#logged = new OnceAMinute(parts.clock);
    this.#filledMillis = parts.clock.now();
  }

  get size(): number {
    return this.#answers.size;
  }

  /** Answers that are still believed; "unknown" when the server has to be asked. */
  remembered(address: string, timeMillis: number): KnownPod | undefined | "unknown" {
    const answer = this.#answers.get(address);
    if (answer === undefined || answer.untilMillis <= this.#parts.clock.now()) return "unknown";
    this.#parts.lookups.add({ outcome: "cached" });
    return this.#table.find(address, timeMillis);
  }

  /** Never rejects but when `signal` aborts: without an answer it is undefined, and counted. */
  async ask(address: string, timeMillis: number, signal: AbortSignal): Promise<KnownPod | undefined> {
    const running = this.#asking.get(address) ?? this.#begin(address);
    if (running === undefined) return undefined;
    await untilOver(running, signal);
    return this.#answers.has(address) ? this.#table.find(address, timeMillis) : undefined;
  }

  /** When no question is under way any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#asking.values());
  }

  /** Undefined when the question must not be asked now. */
  #begin(address: string): Promise<void> | undefined {
    const refused = this.#asking.size >= maxInFlight ? "busy" : this.#takeToken() ? undefined : "rate_limited";
    if (refused !== undefined) {
      this.#parts.lookups.add({ outcome: refused });
      return undefined;
    }
    const running = this.#request(address)
      .catch((error: unknown) => this.#failed(address, describeError(error)))
      .finally(() => this.#asking.delete(address));
    this.#asking.set(address, running);
    return running;
  }

  async #request(address: string): Promise<void> {
    const query = new URLSearchParams({ fieldSelector: `status.podIP=${address}`, limit: String(maxPodsPerAddress) });
    const request = { method: "GET", path: `/api/v1/pods?${query}`, idleTimeoutMillis } as const;
    const response = await this.#parts.api.request(request, this.#parts.stop);
    if (response.status !== 200) {
      // The server is busy: no more questions until it has recovered.
      if (response.status === 429) this.#pause(response.retryAfterMillis ?? 1000);
      this.#failed(address, describeStatus(readStatus(response)));
      return;
    }
    this.#remember(address, itemsOf(response.json()));
  }

  #remember(address: string, items: readonly unknown[]): void {
    const { clock, labelKey, lookups, rememberMillis, rememberUnknownMillis } = this.#parts;
    const now = clock.now();
    const pods = items.map((item) => readPod(item, labelKey, now)).filter((pod) => pod !== undefined);
    for (const pod of pods) this.#table.upsert(pod, now);
    const uids = pods.map((pod) => pod.uid);
    this.#forget(address, uids);
    this.#table.expire(now);
    const hasOwner = this.#table.find(address, now) !== undefined;
    this.#answers.set(address, { untilMillis: now + (hasOwner ? rememberMillis : rememberUnknownMillis), uids });
    const oldest = this.#answers.keys().next().value;
    if (this.#answers.size > maxAnswers && oldest !== undefined) this.#forget(oldest, []);
    lookups.add({ outcome: hasOwner ? "found" : "not_found" });
  }

  /** Drops the answer about `address`; the pods it named, but for `uids`, have the address no more. */
  #forget(address: string, uids: readonly string[]): void {
    const old = this.#answers.get(address)?.uids ?? [];
    for (const uid of old) if (!uids.includes(uid)) this.#table.remove(uid, this.#parts.clock.now());
    this.#answers.delete(address);
  }

  #failed(address: string, problem: string): void {
    const { logger, lookups, api } = this.#parts;
    this.#answers.delete(address);
    if (this.#parts.stop.aborted) return;
    lookups.add({ outcome: "failed" });
    if (!this.#logged.isDue()) return;
    const message = `cannot ask ${api.address} (${api.origin}) for the pod of an address of another node: ${problem}`;
    logger.warn({}, message);
  }

  #takeToken(): boolean {
    const { clock, perMinute, burst } = this.#parts;
    const now = clock.now();
    if (now > this.#filledMillis) {
      this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledMillis) * perMinute) / 60_000);
      this.#filledMillis = now;
    }
    if (now < this.#filledMillis || this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  #pause(millis: number): void {
    this.#tokens = 0;
    this.#filledMillis = this.#parts.clock.now() + millis;
  }
}
