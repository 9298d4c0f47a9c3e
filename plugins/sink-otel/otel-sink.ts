/**
 * The sink: reports come in, go to the Collector as log records and into the counter, and are acked when it said so.
 * Made by index.ts, called by the delivery queue of the core.
 */

import { listenToDiag } from "../../core/otlp/diag.ts";
import { portHint } from "../../core/otlp/endpoint.ts";
import { sendInParts } from "../../core/otlp/parts.ts";
import { resourceOf } from "../../core/otlp/resource.ts";
import { type SignalSettings, shownSettings } from "../../core/otlp/settings.ts";
import { readTlsMaterial } from "../../core/otlp/tls-material.ts";
import {
  type DeliveryOptions,
  type DeliveryResult,
  DroplensError,
  type DropReport,
  describeError,
  type Finding,
  type PluginContext,
  type Sink,
} from "../../core/plugin/index.ts";
import type { SinkOtelOptions } from "./config.ts";
import { Journal } from "./journal.ts";
import { LogExport } from "./log-export.ts";
import { MetricExport } from "./metric-export.ts";
import { scopeOf } from "./scope.ts";
import { type Settings, settingsOf } from "./settings.ts";
import { settled } from "./settled.ts";

interface Running {
  readonly settings: Settings;
  readonly logs: LogExport | undefined;
  readonly metrics: MetricExport | undefined;
  /** Aborts when the interval is over for good. */
  readonly ticking: AbortController;
  readonly ticks: Promise<void> | undefined;
  /** Aborts whatever is still under way at the end. */
  readonly stopping: AbortController;
  leaveDiag(): void;
}

const common = { capacity: 10_000, timeoutMillis: 60_000, maxAgeMillis: 600_000 } as const;

export class OtelSink implements Sink {
  readonly delivery: Partial<DeliveryOptions>;
  readonly #options: SinkOtelOptions;
  readonly #context: PluginContext;
  readonly #journal: Journal;
  #running: Running | undefined;
  #ending: Promise<void> | undefined;

  constructor(options: SinkOtelOptions, context: PluginContext) {
    this.#options = options;
    this.#context = context;
    this.#journal = new Journal(context);
    // Sums are for all reports together: one export at a time, for many of them.
    this.delivery = {
      ...common,
      ...(options.logs ? { maxBatch: 500, concurrency: 4 } : { maxBatch: 2500, concurrency: 1 }),
    };
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const settings = settingsOf(this.#options, this.#context.environment);
    for (const warning of settings.warnings) this.#context.logger.warn({}, warning);
    for (const one of signalsOf(settings)) await this.#announce(one);
    const { logs, metrics } = this.#exports(settings);
    const ticking = new AbortController();
    this.#running = {
      settings,
      logs,
      metrics,
      ticking,
      ticks: metrics?.run(ticking.signal),
      stopping: new AbortController(),
      leaveDiag: listenToDiag(this.#context.logger),
    };
  }

  async deliver(reports: readonly DropReport[], signal: AbortSignal): Promise<DeliveryResult | undefined> {
    const running = this.#running;
    if (running === undefined) throw new DroplensError("SINK_NOT_STARTED", "deliver was called before start");
    signal.throwIfAborted();
    const either = AbortSignal.any([signal, running.stopping.signal]);
    if (running.logs === undefined) return await running.metrics?.store(reports, either);
    const { logs } = running;
    const parts = await sendInParts([...reports], async (part) => {
      const outcome = await logs.export(part, either);
      this.#journal.answered("logs", outcome, part.length);
      return outcome;
    });
    const { stored, result } = settled(parts);
    running.metrics?.count(stored);
    return result;
  }

  async stop(signal: AbortSignal): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running !== undefined) this.#ending = end(running, signal);
    await this.#ending;
  }

  async check(signal: AbortSignal): Promise<readonly Finding[]> {
    let settings: Settings;
    try {
      settings = settingsOf(this.#options, this.#context.environment);
    } catch (error) {
      return [{ ok: false, what: "the address of the Collector and how to talk to it", problem: describeError(error) }];
    }
    const exports = this.#exports(settings);
    try {
      return await Promise.all([
        ...(exports.logs === undefined ? [] : [exports.logs.probe(signal)]),
        ...(exports.metrics === undefined ? [] : [exports.metrics.probe(signal)]),
      ]);
    } finally {
      exports.logs?.close();
      exports.metrics?.close();
    }
  }

  problems(): readonly string[] {
    return this.#running === undefined ? [] : this.#journal.problems();
  }

  status(): Readonly<Record<string, unknown>> {
    const { settings, metrics } = this.#running ?? {};
    return {
      logs: settings?.logs && shownSettings(settings.logs),
      metrics: settings?.metrics && shownSettings(settings.metrics),
      series: metrics?.series,
      unsettledPackets: metrics?.unsettledPackets,
    };
  }

  #exports({ logs, metrics, intervalMillis, temporality }: Settings): Pick<Running, "logs" | "metrics"> {
    const context = this.#context;
    const resource = resourceOf(this.#options.resource, context.environment);
    const { maxSeries } = this.#options;
    const shared = { resource, context, journal: this.#journal, intervalMillis, temporality, maxSeries };
    return {
      logs: logs && new LogExport({ settings: logs, resource, scope: scopeOf(context), clock: context.clock }),
      metrics: metrics && new MetricExport({ ...shared, settings: metrics }),
    };
  }

  /** Rejects when a certificate or key cannot be used: only a person can mend that. */
  async #announce(settings: SignalSettings): Promise<void> {
    await readTlsMaterial(settings.tls);
    const { logger } = this.#context;
    logger.info(shownSettings(settings), `${settings.signal} go to the Collector`);
    const hint = portHint(settings.protocol, settings.endpoint.url);
    if (hint !== undefined) logger.warn(shownSettings(settings), hint);
  }
}

async function end(running: Running, signal: AbortSignal): Promise<void> {
  running.ticking.abort();
  await running.ticks;
  await running.metrics?.flush(signal);
  running.stopping.abort(new DroplensError("SINK_STOPPED", "sink-otel has stopped"));
  running.logs?.close();
  running.metrics?.close();
  running.leaveDiag();
}

function signalsOf({ logs, metrics }: Settings): SignalSettings[] {
  return [logs, metrics].filter((settings) => settings !== undefined);
}
