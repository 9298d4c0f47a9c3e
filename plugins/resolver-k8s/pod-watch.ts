/**
 * Keeps the pod table as the API server has it, for as long as the process lives: one loop of list and watch that no
 * error ends. In: an ApiServer. Out: the table, whether it is synced, and what is wrong. Run by the resolver.
 */
import type { ApiServer, ApiStream } from "../../core/kubernetes/api-server.ts";
import { readStatus } from "../../core/kubernetes/status.ts";
import { backoffMillis } from "../../core/plugin/backoff.ts";
import { type Clock, type Counter, type Logger, OnceAMinute } from "../../core/plugin/index.ts";
import { asBuffer, PartialText } from "./partial-text.ts";
import type { Pod } from "./pod.ts";
import { itemsOf, metadataOf, PodEvents } from "./pod-events.ts";
import { type PodFormat, PodFormats } from "./pod-format.ts";
import type { PodTable } from "./pod-table.ts";
import { statusFailure, WatchFailure, watchFailure } from "./watch-failure.ts";

export interface PodWatchParts {
  readonly api: ApiServer;
  readonly table: PodTable;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly errors: Counter;
  readonly relists: Counter;
  readonly labelKey: string | undefined;
  /** Only this node's pods; undefined: all. */
  readonly nodeName: string | undefined;
  /** The first list begins at a random time within it, so that 5,000 nodes do not ask at once. */
  readonly startSpreadMillis: number;
  readonly onPod: (pod: Pod) => void;
  readonly onSynced: () => void;
}

/** Bookmarks come about once a minute: silence for longer than two of them is a dead connection. */
const idleTimeoutMillis = 150_000;
/** etcd refuses objects over 1.5 MiB; as JSON with its frame a pod stays below. */
const maxPodBytes = 4 * 1024 * 1024;
const pageSize = 500;
/** Of 500 pods it is 1 to 10 MB. */
const maxPageBytes = 64 * 1024 * 1024;
const maxStatusBytes = 65_536;
const backoff = { firstMillis: 1000, maxMillis: 60_000 };
/** After so many failures in a row something is wrong with the place from which the watch goes on. */
const failuresBeforeRelist = 3;

export class PodWatch {
  readonly #parts: PodWatchParts;
  readonly #formats: PodFormats;
  #resourceVersion: string | undefined;
  #failures = 0;
  #knowsWatchList = true;
  #heardMillis = 0;
  readonly #logged: OnceAMinute;
  /** How many lists were begun after the first complete one. */
  relistCount = 0;
  isSynced = false;
  /** What keeps it from going on right now, a sentence. */
  problem: string | undefined;

  constructor(parts: PodWatchParts) {
    this.#parts = parts;
    this.#formats = new PodFormats(parts.labelKey);
    this.#logged = new OnceAMinute(parts.clock);
  }

  get status(): Readonly<Record<string, unknown>> {
    const { clock } = this.#parts;
    const heard = this.#heardMillis === 0 ? undefined : Math.round((clock.now() - this.#heardMillis) / 1000);
    return {
      synced: this.isSynced,
      resourceVersion: this.#resourceVersion,
      secondsSinceLastEvent: heard,
      relists: this.relistCount,
      mode: this.#knowsWatchList ? "WatchList" : "list and watch",
    };
  }

  /** Until `signal` aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, startSpreadMillis } = this.#parts;
    try {
      await clock.sleep(Math.random() * startSpreadMillis, signal);
      while (!signal.aborted) await clock.sleep(await this.#turn(signal), signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** One stream from beginning to end. Returns how long to wait before the next one. */
  async #turn(signal: AbortSignal): Promise<number> {
    const { clock } = this.#parts;
    const before = { version: this.#resourceVersion, millis: clock.now() };
    const failure = await this.#follow(signal).then(() => undefined, watchFailure);
    if (signal.aborted) return 0;
    // A watch that brought something, or was quiet for a long time, did its work; its end begins a new count.
    const didWork = this.#resourceVersion !== before.version || clock.now() - before.millis > 60_000;
    this.#failures = didWork ? 1 : this.#failures + 1;
    return failure === undefined ? backoffMillis(this.#failures, backoff) : this.#afterFailure(failure);
  }

  #afterFailure(failure: WatchFailure): number {
    this.#parts.errors.add({ reason: failure.reason });
    if (failure.reason === "no_initial_events" || (failure.reason === "refused" && !this.#resourceVersion)) {
      this.#knowsWatchList = false;
    }
    const isStuck = failure.reason === "bad_line" && this.#failures >= failuresBeforeRelist;
    if (failure.reason === "gone" || failure.reason === "refused" || isStuck) this.#resourceVersion = undefined;
    // A resourceVersion gets too old in the ordinary course of things, but not again and again.
    if (failure.reason !== "gone" || this.#failures >= failuresBeforeRelist) this.#complain(failure);
    return backoffMillis(this.#failures, backoff, failure.retryAfterMillis);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    if (this.#resourceVersion === undefined && this.isSynced) this.#countRelist();
    if (this.#resourceVersion === undefined && !this.#knowsWatchList) await this.#listPages(signal);
    const query: Record<string, string> = {
      watch: "true",
      allowWatchBookmarks: "true",
      // As client-go: five to ten minutes, so that a connection's end is spread over the nodes.
      timeoutSeconds: String(Math.round(300 + Math.random() * 300)),
    };
    if (this.#resourceVersion === undefined) {
      Object.assign(query, { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" });
    } else {
      query.resourceVersion = this.#resourceVersion;
    }
    const events = this.#events();
    await this.#withStream(query, signal, async (stream, format) => {
      if (events.resourceVersion !== undefined) this.problem = undefined;
      await format.readEvents(stream.body, maxPodBytes, (event) => {
        events.take(event);
        this.#resourceVersion = events.resourceVersion;
        this.#heardMillis = this.#parts.clock.now();
      });
    });
    if (events.resourceVersion === undefined) {
      throw new WatchFailure("unreachable", "the watch ended before the initial events were complete");
    }
  }

  #countRelist(): void {
    this.relistCount++;
    this.#parts.relists.add({});
  }

  async #listPages(signal: AbortSignal): Promise<void> {
    const events = this.#events();
    const text = new PartialText(maxPageBytes, "a page of pods");
    let token: string | undefined;
    do {
      const query: Record<string, string> = { limit: String(pageSize) };
      if (token !== undefined) query.continue = token;
      const page = await this.#withStream(query, signal, async (stream, format) => {
        for await (const chunk of stream.body) text.add(asBuffer(chunk), 0, chunk.length);
        return format.readList(text.take());
      });
      for (const pod of itemsOf(page)) events.takeItem(pod);
      const metadata = metadataOf(page);
      token = typeof metadata.continue === "string" && metadata.continue !== "" ? metadata.continue : undefined;
      if (token === undefined) events.complete(String(metadata.resourceVersion));
    } while (token !== undefined);
    this.#resourceVersion = events.resourceVersion;
  }

  #events(): PodEvents {
    const { table, clock, labelKey, onPod, errors } = this.#parts;
    const onUnreadable = () => errors.add({ reason: "bad_object" });
    const parts = { table, now: () => clock.now(), labelKey, onPod, onUnreadable, onComplete: () => this.#completed() };
    return new PodEvents(parts, this.#resourceVersion);
  }

  #completed(): void {
    const { logger, table, onSynced } = this.#parts;
    if (!this.isSynced) logger.info({ pods: table.size, addresses: table.addresses }, "pods are synced");
    this.isSynced = true;
    this.problem = undefined;
    onSynced();
  }

  /** Whatever `use` does, the connection is free afterwards. */
  async #withStream<T>(
    query: Record<string, string>,
    signal: AbortSignal,
    use: (stream: ApiStream, format: PodFormat) => Promise<T>,
  ): Promise<T> {
    const { api, nodeName } = this.#parts;
    const parameters = new URLSearchParams(query);
    if (nodeName !== undefined) parameters.set("fieldSelector", `spec.nodeName=${nodeName}`);
    const done = new AbortController();
    try {
      const stream = await api.stream(
        { method: "GET", path: `/api/v1/pods?${parameters}`, accept: this.#formats.accept, idleTimeoutMillis },
        AbortSignal.any([signal, done.signal]),
      );
      const format = this.#formats.of(stream.contentType);
      if (stream.status !== 200) throw await refusal(stream, format);
      return await use(stream, format);
    } finally {
      done.abort();
    }
  }

  /** One line a minute while it lasts. */
  #complain(failure: WatchFailure): void {
    const { logger, api } = this.#parts;
    this.problem = problemOf(failure, api);
    if (!this.#logged.isDue()) return;
    const fields = { reason: failure.reason, apiServer: api.address };
    const needsPerson = failure.reason === "forbidden" || failure.reason === "unauthorized";
    if (needsPerson || !this.isSynced) logger.error(fields, this.problem);
    else logger.warn(fields, this.problem);
  }
}

function problemOf(failure: WatchFailure, api: ApiServer): string {
  const what = `cannot watch pods at ${api.address} (${api.origin}): ${failure.message}`;
  if (failure.reason === "forbidden") {
    return `${what}; add to the ClusterRole: {apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"]}`;
  }
  if (failure.reason === "unauthorized") return `${what}; the token or certificate is not accepted: renew it`;
  return `${what}; trying again`;
}

async function refusal(stream: ApiStream, format: PodFormat): Promise<WatchFailure> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream.body) {
    parts.push(Uint8Array.from(chunk));
    bytes += chunk.length;
    if (bytes > maxStatusBytes) break;
  }
  const body = Buffer.concat(parts);
  const json = () => {
    try {
      return format.readStatus(body);
    } catch {
      return undefined;
    }
  };
  return statusFailure(readStatus({ status: stream.status, body, json }), stream.retryAfterMillis);
}
