/**
 * Finds the pod that had an address at a packet's time. In: addresses from the pipeline. Out: Endpoints, at once for
 * what is known, after a bounded wait for what may be known soon. Owns the watch, the table and the connection.
 */
import { accessReview, describeRight } from "../../core/kubernetes/access-review.ts";
import type { ApiServer } from "../../core/kubernetes/api-server.ts";
import { connectApiServer } from "../../core/kubernetes/connect.ts";
import {
  type AddressQuery,
  canonicalAddress,
  describeError,
  type Endpoint,
  type Finding,
  type PluginContext,
  type Resolver,
} from "../../core/plugin/index.ts";
import { type ResolverK8sOptions, watchedNode } from "./config.ts";
import { shrinkHeap } from "./heap.ts";
import { Holds } from "./holds.ts";
import { LateAnswers } from "./late-answers.ts";
import { type ResolverMetrics, resolverMetrics } from "./metrics.ts";
import type { Pod } from "./pod.ts";
import { podEndpoint } from "./pod-endpoint.ts";
import { PodLookup } from "./pod-lookup.ts";
import { PodNetworks } from "./pod-networks.ts";
import { type KnownPod, PodTable } from "./pod-table.ts";
import { PodWatch } from "./pod-watch.ts";

/** Packets are reported up to ten minutes late (maxAge of a pipeline), and then may be held. */
const keepClosedMillis = 11 * 60_000;
/** The key under which questions wait for the first list; no address. */
const firstList = "";
/**
 * The pipeline's `inFlight` comes first: two questions a report, and what a chunk brings beyond. Whoever is turned away
 * here is told of without its pod, and no event comes of it.
 */
const maxEarly = 100_000;
const shrinkAfterMillis = 5000;

/** What exists between start and stop. */
interface Running {
  readonly api: ApiServer;
  readonly watch: PodWatch;
  readonly lookup: PodLookup | undefined;
  readonly late: LateAnswers;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  readonly syncDeadline: number;
}

export class PodResolver implements Resolver {
  readonly #connect: typeof connectApiServer;
  readonly #options: ResolverK8sOptions;
  readonly #context: PluginContext;
  readonly #table = new PodTable(keepClosedMillis);
  readonly #networks: PodNetworks;
  readonly #holds: Holds;
  /** Questions that came before the first list. */
  readonly #early: Holds;
  readonly #metrics: ResolverMetrics;
  #running: Running | undefined;

  /** `connect` is replaced by tests. */
  constructor(options: ResolverK8sOptions, context: PluginContext, connect = connectApiServer) {
    this.#connect = connect;
    this.#options = options;
    this.#context = context;
    this.#networks = new PodNetworks(options.podNetworks);
    this.#holds = new Holds(context.clock, options.maxHeld);
    this.#early = new Holds(context.clock, maxEarly);
    this.#metrics = resolverMetrics(context.metrics);
  }

  /** Does not wait for the first list: a server that is down must not keep the drops from being counted. */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { clock, environment, logger } = this.#context;
    const api = this.#connect(this.#options, environment);
    const scope = watchedNode(this.#options) ?? "all nodes";
    logger.info({ apiServer: api.address, origin: api.origin, scope }, "watching pods");
    const stop = new AbortController();
    const lookup = watchedNode(this.#options) === undefined ? undefined : this.#makeLookup(api, stop.signal);
    const watch = this.#makeWatch(api);
    this.#running = {
      api,
      watch,
      lookup,
      late: this.#makeLateAnswers(lookup),
      stop,
      ended: watch.run(stop.signal),
      syncDeadline: clock.now() + this.#options.syncTimeout,
    };
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    running?.stop.abort(new Error("resolver-k8s stops"));
    for (const holds of [this.#holds, this.#early]) holds.wakeAll();
    await Promise.all([running?.ended, running?.lookup?.settled(), this.#holds.settled(), this.#early.settled()]);
    running?.api.close();
  }

  resolve(query: AddressQuery, signal: AbortSignal): Endpoint | undefined | Promise<Endpoint | undefined> {
    const pod = this.#table.find(query.address, query.timeMillis);
    if (pod !== undefined) return this.#endpoint(pod, query);
    const running = this.#running;
    if (running === undefined || !this.#networks.mayBePod(query.address)) return undefined;
    if (!running.watch.isSynced) return this.#afterFirstList(query, running, signal);
    const late = running.late.answer(query, signal);
    return late instanceof Promise ? late.then((found) => this.#endpoint(found, query)) : this.#endpoint(late, query);
  }

  problems(): readonly string[] {
    if (this.#running === undefined) return [];
    const { watch, api } = this.#running;
    const notSynced = watch.isSynced ? [] : [`pods are not synced yet with ${api.address}: drops have no pod names`];
    return watch.problem === undefined ? notSynced : [watch.problem];
  }

  status(): Readonly<Record<string, unknown>> {
    return {
      scope: watchedNode(this.#options) ?? "cluster",
      pods: this.#table.size,
      addresses: this.#table.addresses,
      tableBytes: this.#table.bytes,
      held: this.#holds.waiting + this.#early.waiting,
      rememberedLookups: this.#running?.lookup?.size,
      ...this.#running?.watch.status,
    };
  }

  async check(signal: AbortSignal): Promise<readonly Finding[]> {
    let api: ApiServer;
    try {
      api = this.#connect(this.#options, this.#context.environment);
    } catch (error) {
      return [{ ok: false, what: "find the Kubernetes API server", problem: describeError(error) }];
    }
    try {
      return await Promise.all(["list", "watch"].map((verb) => checkRight(api, verb, signal)));
    } finally {
      api.close();
    }
  }

  /** Without the list nobody is known; the time for it runs from the start on, so an outage delays only once. */
  async #afterFirstList(query: AddressQuery, running: Running, signal: AbortSignal): Promise<Endpoint | undefined> {
    const left = running.syncDeadline - this.#context.clock.now();
    const waited = left > 0 ? this.#early.wait(firstList, left, signal) : undefined;
    if (waited === undefined) {
      this.#metrics.held.add({ outcome: left > 0 ? "too_many" : "not_synced" });
      return undefined;
    }
    await waited;
    if (running.watch.isSynced) return await this.resolve(query, signal);
    this.#metrics.held.add({ outcome: "not_synced" });
    return undefined;
  }

  #endpoint(pod: KnownPod | undefined, query: AddressQuery): Endpoint | undefined {
    return pod && podEndpoint(pod, query.address, this.#options.podIdentifier);
  }

  #makeWatch(api: ApiServer): PodWatch {
    return new PodWatch({
      api,
      table: this.#table,
      clock: this.#context.clock,
      logger: this.#context.logger,
      errors: this.#metrics.watchErrors,
      relists: this.#metrics.relists,
      labelKey: this.#labelKey,
      nodeName: watchedNode(this.#options),
      startSpreadMillis: this.#options.startSpread,
      onPod: (pod) => this.#onPod(pod),
      onSynced: () => this.#onSynced(),
    });
  }

  #makeLookup(api: ApiServer, stop: AbortSignal): PodLookup {
    const { perMinute, burst, remember, rememberUnknown } = this.#options.lookups;
    return new PodLookup({
      api,
      stop,
      clock: this.#context.clock,
      logger: this.#context.logger,
      lookups: this.#metrics.lookups,
      labelKey: this.#labelKey,
      keepClosedMillis,
      perMinute,
      burst,
      rememberMillis: remember,
      rememberUnknownMillis: rememberUnknown,
    });
  }

  #makeLateAnswers(lookup: PodLookup | undefined): LateAnswers {
    return new LateAnswers({
      lookup,
      table: this.#table,
      holds: this.#holds,
      clock: this.#context.clock,
      holdMillis: this.#options.hold,
      held: this.#metrics.held,
    });
  }

  /** The one label that is kept, if any is shown. */
  get #labelKey(): string | undefined {
    return this.#options.podIdentifier === "label" ? this.#options.podIdentifierLabel : undefined;
  }

  #onSynced(): void {
    this.#metrics.pods.set({}, this.#table.size);
    this.#early.wake(firstList);
    void this.#shrinkLater();
  }

  async #shrinkLater(): Promise<void> {
    const stop = this.#running?.stop.signal ?? AbortSignal.abort();
    // What has waited for the list goes first. It is a favour to the node: without it nothing is wrong.
    const waited = this.#context.clock.sleep(shrinkAfterMillis, stop);
    await waited.then(shrinkHeap).catch(() => undefined);
  }

  #onPod(pod: Pod): void {
    if (this.#running?.watch.isSynced) this.#metrics.pods.set({}, this.#table.size);
    if (this.#holds.waiting === 0) return;
    for (const address of pod.addresses) {
      const canonical = canonicalAddress(address);
      if (canonical !== undefined) this.#holds.wake(canonical);
    }
  }
}

async function checkRight(api: ApiServer, verb: string, signal: AbortSignal): Promise<Finding> {
  const right = { verb, resource: "pods" };
  const what = `${describeRight(right)} at ${api.address} (${api.origin})`;
  const rule = `add to the ClusterRole: {apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"]}`;
  try {
    const { verdict, reason } = await accessReview(api, right, signal);
    if (verdict === "allowed") return { ok: true, what };
    if (verdict === "unknown") return { ok: false, what, problem: reason ?? "the server would not say" };
    return { ok: false, what, problem: `not allowed${reason === undefined ? "" : ` (${reason})`}; ${rule}` };
  } catch (error) {
    return { ok: false, what, problem: describeError(error) };
  }
}
