/**
 * The sink: reports come in, and for each pod that is ours to tell an event is stored or its count raised.
 * Made by index.ts, called by the delivery queue of the core.
 */
import { setMaxListeners } from "node:events";
import type { ApiServer } from "../../core/kubernetes/api-server.ts";
import { connectApiServer } from "../../core/kubernetes/connect.ts";
import {
  type DeliveryResult,
  DroplensError,
  type DropReport,
  describeError,
  type Finding,
  type PluginContext,
  type Sink,
} from "../../core/plugin/index.ts";
import { checkRights, rightsQuestion } from "./check.ts";
import type { Options } from "./config.ts";
import { Delivery } from "./delivery.ts";
import { Journal } from "./journal.ts";
import { Ledger } from "./ledger.ts";
import type { Outcome, Verb } from "./outcome.ts";
import { Poster, type Waiting } from "./poster.ts";
import { Refusals } from "./refusals.ts";
import { RequestBudget } from "./request-budget.ts";
import { RequestSlots } from "./request-slots.ts";
import { Rights } from "./rights.ts";
import { SeriesMemory } from "./series.ts";

/** Many small batches at once: one that waits for a slow event leaves room for all others. */
const delivery = {
  capacity: 4096,
  maxBatch: 32,
  concurrency: 128,
  timeoutMillis: 30_000,
  maxAgeMillis: 10 * 60_000,
};

// The connection pool has 32; some are left for the access reviews. One namespace never gets all of them.
const slotLimits = { inAll: 28, perNamespace: 12 };

export class KubernetesEventSink implements Sink {
  readonly delivery = delivery;
  readonly #options: Options;
  readonly #context: PluginContext;
  readonly #memory: SeriesMemory<Waiting>;
  readonly #budget: RequestBudget;
  readonly #slots = new RequestSlots(slotLimits);
  readonly #refusals: Refusals;
  readonly #rights: Rights;
  /** More than the queue holds and the batches carry: a report that is still alive is never forgotten. */
  readonly #ledger = new Ledger(delivery.capacity + delivery.maxBatch * delivery.concurrency);
  #running: Running | undefined;

  constructor(options: Options, context: PluginContext) {
    const { clock, logger } = context;
    this.#options = options;
    this.#context = context;
    this.#memory = new SeriesMemory({
      maxSeries: options.maxSeries,
      maxDistinct: options.distinctMessages,
      distinctMillis: options.distinctInterval,
    });
    this.#budget = new RequestBudget(options, clock);
    this.#refusals = new Refusals(clock);
    this.#rights = new Rights({ clock, logger, onGranted: () => this.#refusals.forgetMissingRights() });
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const api = connectApiServer(this.#options, this.#context.environment);
    const stop = new AbortController();
    // Every waiting event listens to it.
    setMaxListeners(0, stop.signal);
    const journal = new Journal(this.#context, api.address);
    const poster = this.#poster(api, journal, stop.signal);
    const { clock } = this.#context;
    const parts = { poster, ledger: this.#ledger, journal, clock, notices: this.#options };
    this.#running = {
      api,
      journal,
      poster,
      stop,
      delivery: new Delivery(parts),
      // Not awaited: an API server that is down is no reason not to start.
      watch: this.#watch(api, journal, stop.signal),
    };
    this.#context.logger.info({ server: api.address, origin: api.origin }, "events go to the Kubernetes API server");
  }

  async deliver(reports: readonly DropReport[], signal: AbortSignal): Promise<DeliveryResult> {
    if (this.#running === undefined) throw new DroplensError("SINK_NOT_STARTED", "deliver was called before start");
    return await this.#running.delivery.deliver(reports, signal);
  }

  async stop(_signal: AbortSignal): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    running.stop.abort(new DroplensError("SINK_STOPPED", "sink-k8s-events has stopped"));
    await Promise.all([running.poster.idle(), running.watch]);
    running.api.close();
  }

  async check(signal: AbortSignal): Promise<readonly Finding[]> {
    return await checkRights(() => connectApiServer(this.#options, this.#context.environment), signal);
  }

  problems(): readonly string[] {
    return [...(this.#running?.journal.problems() ?? []), ...this.#rights.problems()];
  }

  status(): Readonly<Record<string, unknown>> {
    const { api, journal } = this.#running ?? {};
    return {
      server: api?.address,
      login: api?.origin,
      series: this.#memory.size,
      requestsPerSecond: this.#budget.perSecond,
      tokens: this.#budget.tokens,
      underWay: this.#slots.underWay,
      waiting: this.#slots.waiting,
      lastError: journal?.lastError,
    };
  }

  async #watch(api: ApiServer, journal: Journal, signal: AbortSignal): Promise<void> {
    try {
      await this.#rights.watch(rightsQuestion(api, journal), () => journal.problems().length > 0, signal);
    } catch (error) {
      if (!signal.aborted)
        this.#context.logger.error({ error: describeError(error) }, "the watch over the rights ended");
    }
  }

  #poster(api: ApiServer, journal: Journal, signal: AbortSignal): Poster {
    const { reason, sourceComponent, host, eventTtl } = this.#options;
    const observe = (verb: Verb, namespace: string, outcome: Outcome): void => {
      journal.answered(verb, outcome);
      if (outcome.kind === "stored") this.#rights.worked(verb, namespace);
      if (outcome.kind === "discard" && outcome.reason === "missing_right") this.#rights.refused(verb, namespace);
    };
    const parts = {
      api,
      clock: this.#context.clock,
      memory: this.#memory,
      budget: this.#budget,
      slots: this.#slots,
      refusals: this.#refusals,
      origin: { reason, sourceComponent, host: host === "" ? undefined : host },
      eventTtlMillis: eventTtl,
      observe,
      combined: (notices: number) => journal.combined(notices),
    };
    return new Poster(parts, signal);
  }
}

type Running = {
  readonly api: ApiServer;
  readonly journal: Journal;
  readonly poster: Poster;
  readonly delivery: Delivery;
  readonly stop: AbortController;
  readonly watch: Promise<void>;
};
