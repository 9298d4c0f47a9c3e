/**
 * The running program: all pipelines and the operations server, started, watched and stopped together.
 * Made by the composition root; `droplens run`, `replay` and `demo` call it.
 */
import type { PrometheusMetrics } from "./operations/metrics.ts";
import type { OperationsAddress, OperationsPages, OperationsServer } from "./operations/server.ts";
import type { Pipeline } from "./pipeline/pipeline.ts";
import { lifecycle, type Stage, startStages, stopStages } from "./pipeline/stage.ts";
import type { Logger } from "./plugin/context.ts";

export interface DroplensParts {
  readonly pipelines: readonly Pipeline[];
  /** Undefined: nobody asks (replay). */
  readonly operations: OperationsServer | undefined;
  readonly address: OperationsAddress;
  readonly metrics: PrometheusMetrics;
  readonly logger: Logger;
  readonly stopTimeoutMillis: number;
}

export class Droplens implements OperationsPages {
  readonly pipelines: readonly Pipeline[];
  readonly #parts: DroplensParts;
  #phase: "starting" | "running" | "stopping" = "starting";
  #port: number | undefined;

  constructor(parts: DroplensParts) {
    this.#parts = parts;
    this.pipelines = parts.pipelines;
  }

  /** Where /metrics is served; undefined before it is. */
  get operationsPort(): number | undefined {
    return this.#port;
  }

  /**
   * Runs until `signal` aborts or every source is at its end. Rejects when a plugin cannot start or a source fails for
   * good. Whatever happens, everything is stopped when it settles; that takes at most the stop timeout, twice.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { operations, address, logger } = this.#parts;
    try {
      this.#port = await operations?.start(this, address);
      for (const pipeline of this.pipelines) await startStages(startOrder(pipeline), signal);
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
      startOrder(pipeline).flatMap((stage) => {
        const problems = lifecycle(stage).problems?.() ?? [];
        return problems.map((problem) => `${pipeline.name}: ${stage.name}: ${problem}`);
      }),
    );
  }

  status(): object {
    return { phase: this.#phase, problems: this.problems(), pipelines: this.pipelines.map(pipelineStatus) };
  }

  async #runPipelines(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const deadline = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const onStop = () => {
      timer ??= setTimeout(() => deadline.abort(), this.#parts.stopTimeoutMillis);
      this.#phase = "stopping";
      stop.abort(signal.reason);
    };
    if (signal.aborted) onStop();
    signal.addEventListener("abort", onStop, { once: true });
    const runs = this.pipelines.map((pipeline) => pipeline.run(stop.signal, deadline.signal));
    // One source that fails for good takes the others with it, in order.
    for (const run of runs) run.catch(onStop);
    const results = await Promise.allSettled(runs);
    clearTimeout(timer);
    signal.removeEventListener("abort", onStop);
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  async #stop(): Promise<void> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), this.#parts.stopTimeoutMillis);
    for (const pipeline of this.pipelines) {
      await stopStages(startOrder(pipeline).reverse(), this.#parts.logger, deadline.signal);
    }
    clearTimeout(timer);
    await this.#parts.operations?.stop();
  }
}

/** Sinks first, the source last; stopping goes the other way. */
function startOrder({ plan }: Pipeline): Stage[] {
  return [...plan.sinks, ...plan.resolvers, plan.parser, plan.source];
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
    plugins: startOrder(pipeline).map((stage) => ({
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
