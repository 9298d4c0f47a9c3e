/**
 * The counter's way to the Collector: at an interval and at the stop what was counted, or, when a report has no log
 * record to ack it, at once. One export at a time, so that sums never arrive out of order. Called by otel-sink.ts.
 */
import type { Resource } from "@opentelemetry/resources";
import type { ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { type Exporter, metricsExporter } from "../../core/otlp/exporter.ts";
import { type Outcome, toError } from "../../core/otlp/outcome.ts";
import { probe } from "../../core/otlp/probe.ts";
import type { SignalSettings } from "../../core/otlp/settings.ts";
import {
  backoffMillis,
  type DeliveryResult,
  type DropReport,
  describeError,
  type Finding,
  type PluginContext,
} from "../../core/plugin/index.ts";
import type { Journal } from "./journal.ts";
import { PacketSums } from "./packet-sums.ts";
import { scopeOf } from "./scope.ts";
import type { Settings } from "./settings.ts";

export interface MetricExportParts {
  readonly settings: SignalSettings;
  readonly intervalMillis: number;
  readonly temporality: Settings["temporality"];
  readonly maxSeries: number;
  readonly resource: Resource;
  readonly context: PluginContext;
  readonly journal: Journal;
}

/** A cumulative export holds every series: a delivery for each packet must not send them all each time. */
const gapMillis = 1000;
const attemptsAtStop = 3;

export class MetricExport {
  readonly #parts: MetricExportParts;
  readonly #exporter: Exporter<ResourceMetrics>;
  readonly #sums: PacketSums;
  #turn: Promise<unknown> = Promise.resolve();
  #lastStoreMillis = Number.NEGATIVE_INFINITY;

  constructor(parts: MetricExportParts) {
    const { settings, temporality, maxSeries, context } = parts;
    this.#parts = parts;
    this.#exporter = metricsExporter(settings, context.clock);
    this.#sums = new PacketSums({ temporality, maxSeries, startMillis: context.clock.now() });
  }

  get series(): number {
    return this.#sums.size;
  }

  get unsettledPackets(): number {
    return this.#sums.unsettled;
  }

  /** Counts what is stored already as log records; it goes with the next export. */
  count(reports: Iterable<DropReport>): void {
    for (const report of reports) this.#sums.add(report);
    this.#measure();
  }

  /** Counts `reports` and sends the sums: they are stored when the Collector has them. Called one at a time. */
  store(reports: readonly DropReport[], signal: AbortSignal): Promise<DeliveryResult | undefined> {
    return this.#inTurn(async () => {
      await this.#gap(signal);
      const keys = reports.map((report) => this.#sums.add(report));
      const outcome = await this.#send(signal, () => this.#sums.forget());
      if (outcome.kind === "again") throw toError(outcome);
      if (outcome.kind === "refused")
        return { discarded: reports.map((report) => ({ report, reason: outcome.reason })) };
      const refused = lastOf(keys, outcome.refused);
      this.#sums.settle(refused);
      this.#measure();
      const unstored = reports.filter((_report, i) => refused.has(keys[i] ?? ""));
      return { discarded: unstored.map((report) => ({ report, reason: "partial_success" })) };
    });
  }

  /** Exports at the interval until `signal` aborts; sooner again after a failure. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts.context;
    let pauseMillis = this.#parts.intervalMillis;
    for (let failures = 0; !signal.aborted; ) {
      await clock.sleep(pauseMillis, signal).catch(() => undefined);
      if (signal.aborted) return;
      const outcome = await this.#exportPending(signal);
      failures = outcome?.kind === "again" ? failures + 1 : 0;
      pauseMillis = this.#pauseMillis(outcome, failures);
    }
  }

  /** The last export. What then is not stored is told in the log. */
  async flush(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#parts.context;
    for (let attempt = 1; attempt <= attemptsAtStop && this.unsettledPackets > 0 && !signal.aborted; attempt++) {
      const outcome = await this.#exportPending(signal);
      if (outcome?.kind !== "again") break;
      const options = { firstMillis: 500, maxMillis: 2000 };
      const wait = backoffMillis(attempt, options, outcome.retryAfterMillis);
      if (attempt < attemptsAtStop) await clock.sleep(wait, signal).catch(() => undefined);
    }
    const packets = this.unsettledPackets;
    if (packets > 0) logger.error({ packets }, "stopped before the counter was sent: the metrics lack these packets");
  }

  /** Asks the Collector whether it takes metrics. */
  probe(signal: AbortSignal): Promise<Finding> {
    const { settings, resource } = this.#parts;
    return probe(settings, () => this.#exporter.export({ resource, scopeMetrics: [] }, signal));
  }

  close(): void {
    this.#exporter.close();
  }

  #exportPending(signal: AbortSignal): Promise<Outcome | undefined> {
    return this.#inTurn(async () => {
      try {
        const outcome = await this.#send(signal, () => this.#sums.putBack());
        if (outcome.kind === "stored") this.#sums.settle();
        else if (outcome.kind === "again") this.#parts.journal.putOff("metrics", outcome.error);
        return outcome;
      } catch (error) {
        // Nobody waits for it: an error of the program is told, and the next export tries again.
        if (!signal.aborted) this.#parts.journal.putOff("metrics", describeError(error));
        return undefined;
      } finally {
        this.#measure();
      }
    });
  }

  async #send(signal: AbortSignal, onFailure: () => void): Promise<Outcome> {
    const { context, resource, journal } = this.#parts;
    const metric = this.#sums.take(context.clock.now());
    if (metric === undefined) return { kind: "stored", refused: 0, message: "" };
    let stored = false;
    try {
      const scopeMetrics = [{ scope: scopeOf(context), metrics: [metric] }];
      const outcome = await this.#exporter.export({ resource, scopeMetrics }, signal);
      journal.answered("metrics", outcome, metric.dataPoints.length);
      stored = outcome.kind === "stored";
      return outcome;
    } finally {
      if (!stored) onFailure();
    }
  }

  async #gap(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts.context;
    const wait = this.#lastStoreMillis + gapMillis - clock.now();
    // A clock that was set back shall not make it longer.
    if (wait > 0) await clock.sleep(Math.min(wait, gapMillis), signal);
    signal.throwIfAborted();
    this.#lastStoreMillis = clock.now();
  }

  #pauseMillis(outcome: Outcome | undefined, failures: number): number {
    const { intervalMillis } = this.#parts;
    if (outcome?.kind !== "again") return intervalMillis;
    return backoffMillis(failures, { firstMillis: 1000, maxMillis: intervalMillis }, outcome.retryAfterMillis);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  #measure(): void {
    this.#parts.journal.measured(this.#sums.size, this.#sums.unsettled);
  }
}

/** The last `count` different keys: which of its points a Collector refused it does not say. */
function lastOf(keys: readonly string[], count: number): ReadonlySet<string> {
  const different = [...new Set(keys)];
  return new Set(count === 0 ? [] : different.slice(-count));
}
