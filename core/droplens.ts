/**
 * The running program: all pipelines and the operations server, started, watched and stopped together.
 * Made by the composition root; `droplens run`, `replay` and `demo` call it.
 */

import { isDeepStrictEqual } from "node:util";
import type { Config } from "./config/config.ts";
import type { PrometheusMetrics } from "./operations/metrics.ts";
import type { OperationsAddress, OperationsPages, OperationsServer } from "./operations/server.ts";
import type { Telemetry } from "./operations/telemetry.ts";
import type { OtlpOptions } from "./otlp/options.ts";
import type { Pipeline, PipelinePlan } from "./pipeline/pipeline.ts";
import { lifecycle, type Stage, startStages, stopStages } from "./pipeline/stage.ts";
import { PipelineRuns } from "./pipeline-runs.ts";
import type { Logger } from "./plugin/context.ts";
import { leaving, prepareReload, stagesOf, type Workshop } from "./reload.ts";

export interface DroplensParts {
  readonly pipelines: readonly Pipeline[];
  /** Undefined: nobody asks (replay). */
  readonly operations: OperationsServer | undefined;
  readonly address: OperationsAddress;
  readonly metrics: PrometheusMetrics;
  /** Where Droplens' own metrics go, beside its server; undefined: nowhere. */
  readonly otlp: OtlpOptions | undefined;
  /** For what a reload adds. */
  readonly workshop: Workshop;
  readonly logger: Logger;
  readonly stopTimeoutMillis: number;
}

/** Beside the stop timeout, so that what a stuck stop leaves is still told. */
const lastExportMillis = 3000;

export class Droplens implements OperationsPages {
  pipelines: readonly Pipeline[];
  readonly #parts: DroplensParts;
  readonly #runs: PipelineRuns;
  readonly #stopping = new AbortController();
  #phase: "starting" | "running" | "stopping" = "starting";
  #port: number | undefined;
  #telemetry: Telemetry | undefined;

  constructor(parts: DroplensParts) {
    this.#parts = parts;
    this.pipelines = parts.pipelines;
    this.#runs = new PipelineRuns(parts.stopTimeoutMillis);
  }

  /** Where /metrics is served; undefined before it is. */
  get operationsPort(): number | undefined {
    return this.#port;
  }

  /**
   * Runs until `signal` aborts or every source is at its end. Rejects when a plugin cannot start or a source fails for
   * good. Whatever happens, everything is stopped when it settles; that takes at most the stop timeout, twice, and
   * 3 s for the telemetry.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { operations, address, logger, otlp, workshop } = this.#parts;
    try {
      await this.#useTelemetry(await workshop.telemetry(otlp));
      this.#port = await operations?.start(this, address);
      for (const pipeline of this.pipelines) await startStages(stagesOf(pipeline.plan), signal);
      this.#phase = "running";
      logger.info({ port: this.#port, pipelines: this.pipelines.map(({ name }) => name) }, "droplens is running");
      await this.#runPipelines(signal);
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error;
    } finally {
      this.#phase = "stopping";
      await this.#stop();
    }
  }

  async metrics(): Promise<{ readonly contentType: string; readonly text: string }> {
    const { metrics } = this.#parts;
    return { contentType: metrics.contentType, text: await metrics.text() };
  }

  /** What keeps Droplens from its work, a sentence each; empty: ready. */
  problems(): readonly string[] {
    if (this.#phase !== "running") return [this.#phase];
    return this.pipelines.flatMap((pipeline) =>
      stagesOf(pipeline.plan).flatMap((stage) => {
        const problems = lifecycle(stage).problems?.() ?? [];
        return problems.map((problem) => `${pipeline.name}: ${stage.name}: ${problem}`);
      }),
    );
  }

  status(): object {
    return {
      phase: this.#phase,
      problems: this.problems(),
      telemetry: this.#telemetry?.status(),
      pipelines: this.pipelines.map(pipelineStatus),
    };
  }

  /**
   * Goes on with another config: what is the same keeps running, no packet is lost or told twice. Rejects, with nothing
   * changed, when something new cannot start. Not at the same time as another one.
   */
  async reload(config: Config): Promise<void> {
    if (this.#phase !== "running") return;
    const { workshop, logger } = this.#parts;
    const { signal } = this.#stopping;
    const telemetry = await this.#telemetryFor(config.telemetry?.otlp);
    const { changed, added, removed } = await prepareReload(this.pipelines, config, { workshop, logger, signal });
    await this.#useTelemetry(telemetry);
    this.pipelines = [...changed.keys(), ...added];
    for (const pipeline of added) this.#runs.add(pipeline);
    await Promise.all([...changed].map(([pipeline, plan]) => this.#change(pipeline, plan)));
    for (const pipeline of removed) {
      await this.#runs.remove(pipeline);
      await this.#stopStages(stagesOf(pipeline.plan));
      workshop.forget(pipeline);
    }
  }

  /** The one that is there, where its options are the same. */
  async #telemetryFor(otlp: OtlpOptions | undefined): Promise<Telemetry | undefined> {
    if (isDeepStrictEqual(otlp, this.#telemetry?.options)) return this.#telemetry;
    return await this.#parts.workshop.telemetry(otlp);
  }

  async #useTelemetry(telemetry: Telemetry | undefined): Promise<void> {
    const before = this.#telemetry;
    if (telemetry === before) return;
    this.#telemetry = telemetry;
    await before?.stop(AbortSignal.timeout(lastExportMillis));
    telemetry?.begin();
  }

  async #change(pipeline: Pipeline, plan: PipelinePlan): Promise<void> {
    const before = pipeline.plan;
    await pipeline.reconfigure(plan);
    await this.#stopStages(leaving(before, plan));
  }

  async #runPipelines(signal: AbortSignal): Promise<void> {
    const onStop = () => {
      this.#phase = "stopping";
      this.#stopping.abort(signal.reason);
      this.#runs.stopAll();
    };
    for (const pipeline of this.pipelines) this.#runs.add(pipeline);
    if (signal.aborted) onStop();
    signal.addEventListener("abort", onStop, { once: true });
    try {
      await this.#runs.ended();
    } finally {
      signal.removeEventListener("abort", onStop);
    }
  }

  async #stop(): Promise<void> {
    for (const pipeline of this.pipelines) await this.#stopStages(stagesOf(pipeline.plan));
    await this.#useTelemetry(undefined);
    await this.#parts.operations?.stop();
  }

  /** The source first, sinks last. */
  async #stopStages(stages: readonly Stage[]): Promise<void> {
    const { logger, stopTimeoutMillis } = this.#parts;
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), stopTimeoutMillis);
    await stopStages(stages.toReversed(), logger, deadline.signal);
    clearTimeout(timer);
  }
}

function pipelineStatus(pipeline: Pipeline): object {
  const { collector } = pipeline;
  return {
    name: pipeline.name,
    linesRead: pipeline.linesRead,
    matched: collector.matched,
    malformed: Object.fromEntries(collector.malformedByReason),
    otherLines: Object.fromEntries(collector.otherLinesByReason),
    openFlows: pipeline.window.flows,
    discardedBeforeSinks: Object.fromEntries(pipeline.discardedBeforeSinks()),
    checkpoint: pipeline.checkpointPath ?? "in memory",
    lag: pipeline.lag(),
    plugins: stagesOf(pipeline.plan).map((stage) => ({
      role: stage.role,
      name: stage.name,
      problems: lifecycle(stage).problems?.() ?? [],
      ...lifecycle(stage).status?.(),
    })),
    sinks: pipeline.queues.map((queue) => sinkStatus(pipeline, queue.name, queue)),
  };
}

function sinkStatus(pipeline: Pipeline, name: string, queue: Pipeline["queues"][number]): object {
  const books = pipeline.books.get(name);
  return {
    name,
    queued: queue.length,
    capacity: queue.capacity,
    openPackets: pipeline.openPackets(name),
    deliveredPackets: books?.deliveredPackets ?? 0,
    discardedPackets: Object.fromEntries(books?.discardedByReason ?? []),
    retries: books?.retries ?? 0,
    lastError: queue.lastError,
  };
}
