/**
 * `telemetry.otlp`: sends all that /metrics shows to an OpenTelemetry Collector, at an interval and at the stop, in
 * nobody's way: one request at a time, nothing is kept for later (the next one holds it all), and a failure is counted
 * and logged. Loaded only when the config names it. Made by the composition root, driven by Droplens.
 */
import type { Resource } from "@opentelemetry/resources";
import type { MetricData, ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { listenToDiag } from "../otlp/diag.ts";
import { OtelEnvironment } from "../otlp/environment.ts";
import { type Exporter, metricsExporter } from "../otlp/exporter.ts";
import type { OtlpOptions } from "../otlp/options.ts";
import type { Outcome } from "../otlp/outcome.ts";
import { isTooLarge, sendInParts } from "../otlp/parts.ts";
import { probe } from "../otlp/probe.ts";
import { resourceOf } from "../otlp/resource.ts";
import { droplensScope } from "../otlp/scope.ts";
import { intervalMillis, shownSettings, signalSettings } from "../otlp/settings.ts";
import { readTlsMaterial } from "../otlp/tls-material.ts";
import type { Clock, Counter, Environment, Logger } from "../plugin/context.ts";
import { DroplensError, describeError } from "../plugin/errors.ts";
import type { Finding } from "../plugin/lifecycle.ts";
import { OnceAMinute } from "../plugin/once-a-minute.ts";
import { MetricPoints } from "./metric-points.ts";
import type { PrometheusMetrics } from "./metrics.ts";
import { countExports } from "./telemetry-metrics.ts";

export interface TelemetryParts {
  readonly options: OtlpOptions;
  readonly environment: Environment;
  readonly metrics: PrometheusMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
}

export class Telemetry {
  readonly options: OtlpOptions;
  readonly #parts: TelemetryParts;
  readonly #way: Way;
  readonly #points: MetricPoints;
  readonly #exports: Counter;
  readonly #ration: OnceAMinute;
  readonly #ticking = new AbortController();
  #running: { readonly ticks: Promise<void>; leaveDiag(): void } | undefined;
  #lastError: string | undefined;

  /** Rejects when the options or the environment cannot be used: only a person can mend that. */
  static async make(parts: TelemetryParts): Promise<Telemetry> {
    try {
      const way = wayOf(parts);
      await readTlsMaterial(way.settings.tls);
      return new Telemetry(parts, way);
    } catch (error) {
      throw new DroplensError("TELEMETRY", `telemetry.otlp: ${describeError(error)}`);
    }
  }

  private constructor(parts: TelemetryParts, way: Way) {
    const { options, metrics, clock } = parts;
    const startMillis = clock.now() - process.uptime() * 1000;
    this.options = options;
    this.#parts = parts;
    this.#way = way;
    this.#points = new MetricPoints(metrics.registry, startMillis);
    this.#exports = countExports(metrics);
    this.#ration = new OnceAMinute(clock);
  }

  /** Once. Returns at once; the first export comes within an interval. */
  begin(): void {
    const { logger } = this.#parts;
    for (const warning of this.#way.warnings) logger.warn({}, warning);
    logger.info(shownSettings(this.#way.settings), "Droplens' own metrics go to the Collector");
    this.#running = { leaveDiag: listenToDiag(logger), ticks: this.#run(this.#ticking.signal) };
  }

  /** The last export, unless nothing has begun; ends by `signal`. Idempotent. */
  async stop(signal: AbortSignal): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    this.#ticking.abort(new DroplensError("TELEMETRY_STOPPED", "the telemetry is to stop"));
    await running?.ticks;
    if (running !== undefined) await this.#export(signal);
    this.#way.exporter.close();
    running?.leaveDiag();
  }

  /** For /status. */
  status(): object {
    return { ...shownSettings(this.#way.settings), lastError: this.#lastError };
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { intervalMillis } = this.#way;
    // Agents that start together on 5,000 nodes shall not send together.
    let pauseMillis = Math.random() * intervalMillis;
    while (!signal.aborted) {
      await this.#parts.clock.sleep(pauseMillis, signal).catch(() => undefined);
      if (!signal.aborted) pauseMillis = Math.max(intervalMillis, await this.#export(signal));
    }
  }

  /** How long the Collector wants to be left alone, in milliseconds. Never rejects. */
  async #export(signal: AbortSignal): Promise<number> {
    try {
      const metrics = await this.#points.read(this.#parts.clock.now());
      const parts = await sendInParts(metrics, (some) => this.#send(some, signal));
      const waits = parts.map(({ outcome }) => (outcome.kind === "again" ? (outcome.retryAfterMillis ?? 0) : 0));
      return Math.max(0, ...waits);
    } catch (error) {
      // Cut short by the stop: the last export holds it all.
      if (signal !== this.#ticking.signal || !signal.aborted) this.#failed("failed", describeError(error));
      return 0;
    }
  }

  async #send(metrics: readonly MetricData[], signal: AbortSignal): Promise<Outcome> {
    const outcome = await this.#way.exporter.export(request(this.#way.resource, metrics), signal);
    if (outcome.kind === "stored" && outcome.refused === 0) {
      this.#exports.add({ outcome: "stored" });
      this.#lastError = undefined;
    } else if (outcome.kind === "stored")
      this.#failed("partial", `${outcome.refused} points are refused: ${outcome.message}`);
    else if (!isTooLarge(outcome) || metrics.length === 1) this.#failed(outcome.kind, outcome.error);
    return outcome;
  }

  #failed(outcome: string, error: string): void {
    this.#exports.add({ outcome });
    this.#lastError = error;
    const { logger } = this.#parts;
    const isLast = this.#running === undefined;
    if (this.#ration.isDue(isLast ? "last" : ""))
      logger.warn({ outcome, error, isLast }, "Droplens' own metrics are not stored");
  }
}

/** What `droplens validate` asks; nothing is sent but an empty request. */
export async function checkTelemetry(
  parts: Pick<TelemetryParts, "options" | "environment" | "clock">,
  signal: AbortSignal,
): Promise<Finding> {
  let way: Way;
  try {
    way = wayOf(parts);
  } catch (error) {
    return { ok: false, what: "the address of the Collector and how to talk to it", problem: describeError(error) };
  }
  const { exporter, resource, settings } = way;
  return await probe(settings, () => exporter.export({ resource, scopeMetrics: [] }, signal)).finally(() =>
    exporter.close(),
  );
}

interface Way {
  readonly settings: ReturnType<typeof signalSettings>;
  readonly intervalMillis: number;
  readonly warnings: readonly string[];
  readonly resource: Resource;
  readonly exporter: Exporter<ResourceMetrics>;
}

function wayOf({ options, environment, clock }: Pick<TelemetryParts, "options" | "environment" | "clock">): Way {
  const variables = new OtelEnvironment(environment);
  const from = { options, environment: variables };
  const settings = signalSettings("metrics", from);
  return {
    settings,
    intervalMillis: intervalMillis(from),
    warnings: variables.warnings,
    resource: resourceOf(options.resource, environment),
    exporter: metricsExporter(settings, clock),
  };
}

function request(resource: Resource, metrics: readonly MetricData[]): ResourceMetrics {
  return { resource, scopeMetrics: [{ scope: droplensScope(), metrics: [...metrics] }] };
}
