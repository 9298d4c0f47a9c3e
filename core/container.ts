/**
 * The composition root: every part that `run`, `replay` and `demo` are made of is registered here, once.
 * Nothing moves before Droplens.run.
 */
import type { Config, PipelineConfig, PluginUse, SinkUse } from "./config/config.ts";
import { Droplens } from "./droplens.ts";
import { childLogger } from "./operations/logger.ts";
import { PrometheusMetrics } from "./operations/metrics.ts";
import { showPipeline, timings } from "./operations/pipeline-metrics.ts";
import { showProcess } from "./operations/process-metrics.ts";
import { OperationsServer } from "./operations/server.ts";
import type { Telemetry } from "./operations/telemetry.ts";
import type { OtlpOptions } from "./otlp/options.ts";
import { CheckpointFile } from "./pipeline/checkpoint.ts";
import type { SinkStage } from "./pipeline/deliveries.ts";
import { Pipeline, type PipelinePlan } from "./pipeline/pipeline.ts";
import type { Stage } from "./pipeline/stage.ts";
import type { Clock, Environment, Logger } from "./plugin/context.ts";
import type { Role } from "./plugin/definition.ts";
import type { DeliveryOptions } from "./plugin/sink.ts";
import { makeInstance, pluginTitle } from "./plugin-instance.ts";
import { realClock } from "./real-clock.ts";
import { Registry } from "./registry.ts";
import type { Workshop } from "./reload.ts";
import { usableStateFolder } from "./state-folder.ts";
import * as tokens from "./tokens.ts";

export interface Composition {
  readonly config: Config;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Files from the past: no checkpoint, no operations server, no telemetry, windows by the packets' time. */
  readonly replay?: boolean;
  /** Takes secrets out of what the operations server says. */
  readonly redact?: (text: string) => string;
}

export function compose(composition: Composition): Registry {
  const { config, environment, logger, clock = realClock, replay = false, redact } = composition;
  return new Registry()
    .register(tokens.CONFIG, () => config)
    .register(tokens.ENVIRONMENT, () => environment)
    .register(tokens.CLOCK, () => clock)
    .register(tokens.LOGGER, () => logger)
    .register(tokens.METRICS, makeMetrics)
    .register(tokens.STATE_FOLDER, async () => (replay ? undefined : usableStateFolder(config.stateFolder, logger)))
    .register(tokens.WORKSHOP, (registry) => makeWorkshop(registry, replay))
    .register(tokens.PIPELINES, (registry) => makePipelines(registry, replay))
    .register(tokens.OPERATIONS, () => (replay ? undefined : new OperationsServer(redact)))
    .register(tokens.DROPLENS, makeDroplens);
}

function makeMetrics(): PrometheusMetrics {
  const metrics = new PrometheusMetrics();
  showProcess(metrics);
  return metrics;
}

async function makeDroplens(registry: Registry): Promise<Droplens> {
  const { operations: address, telemetry, stopTimeoutMillis } = registry.get(tokens.CONFIG);
  return new Droplens({
    pipelines: await registry.get(tokens.PIPELINES),
    operations: registry.get(tokens.OPERATIONS),
    address,
    metrics: registry.get(tokens.METRICS),
    otlp: telemetry?.otlp,
    workshop: await registry.get(tokens.WORKSHOP),
    logger: registry.get(tokens.LOGGER),
    stopTimeoutMillis,
  });
}

async function makePipelines(registry: Registry, replay: boolean): Promise<readonly Pipeline[]> {
  const workshop = await registry.get(tokens.WORKSHOP);
  return registry.get(tokens.CONFIG).pipelines.map((config) =>
    workshop.pipeline({
      options: { ...config, replay },
      source: workshop.stage(config, config.source),
      parser: workshop.stage(config, config.parser),
      resolvers: config.resolvers.map((use) => workshop.stage(config, use)),
      sinks: config.sinks.map((use) => workshop.sink(config, use)),
    }),
  );
}

async function makeWorkshop(registry: Registry, replay: boolean): Promise<Workshop> {
  const folder = await registry.get(tokens.STATE_FOLDER);
  const shown = new WeakMap<Pipeline, () => void>();
  return {
    stage: (pipeline, use) => makeStage(registry, pipeline, use),
    sink: (pipeline, use) => makeSink(registry, pipeline, use),
    pipeline(plan) {
      const pipeline = makePipeline(registry, plan, folder);
      shown.set(pipeline, showPipeline(registry.get(tokens.METRICS), pipeline));
      return pipeline;
    },
    telemetry: async (otlp) => (replay || otlp === undefined ? undefined : makeTelemetry(registry, otlp)),
    forget: (pipeline) => shown.get(pipeline)?.(),
  };
}

/** OpenTelemetry's libraries are loaded here, by those who want them. */
async function makeTelemetry(registry: Registry, options: OtlpOptions): Promise<Telemetry> {
  const { Telemetry } = await import("./operations/telemetry.ts");
  return await Telemetry.make({
    options,
    environment: registry.get(tokens.ENVIRONMENT),
    metrics: registry.get(tokens.METRICS),
    logger: childLogger(registry.get(tokens.LOGGER), { key: "telemetry.otlp" }),
    clock: registry.get(tokens.CLOCK),
  });
}

function makePipeline(registry: Registry, plan: PipelinePlan, folder: string | undefined): Pipeline {
  const { name } = plan.options;
  return new Pipeline({
    ...plan,
    clock: registry.get(tokens.CLOCK),
    logger: childLogger(registry.get(tokens.LOGGER), { pipeline: name }),
    checkpoint: folder === undefined ? undefined : new CheckpointFile(folder, name),
    observe: timings(registry.get(tokens.METRICS), name),
  });
}

const defaultDelivery: DeliveryOptions = {
  capacity: 10_000,
  whenFull: "discard",
  maxBatch: 500,
  concurrency: 1,
  timeoutMillis: 30_000,
  maxAgeMillis: 600_000,
};

function makeSink(registry: Registry, pipeline: PipelineConfig, use: SinkUse): SinkStage {
  const stage = makeStage(registry, pipeline, use);
  return { ...stage, delivery: { ...defaultDelivery, ...stage.instance.delivery, ...use.queue }, when: use.when };
}

/** A plugin instance, with a container of its own for what it is handed. */
export function makeStage<R extends Role>(registry: Registry, pipeline: { name: string }, use: PluginUse<R>): Stage<R> {
  const child = registry.child().register(tokens.PLUGIN_CONTEXT, (own) => ({
    name: use.name,
    pipeline: pipeline.name,
    logger: childLogger(own.get(tokens.LOGGER), { pipeline: pipeline.name, plugin: use.name }),
    metrics: own.get(tokens.METRICS),
    clock: own.get(tokens.CLOCK),
    environment: own.get(tokens.ENVIRONMENT),
  }));
  const instance = makeInstance(use, child.get(tokens.PLUGIN_CONTEXT));
  const { name, where, options } = use;
  return { role: use.definition.role, name, plugin: pluginTitle(use), options, where, instance };
}
