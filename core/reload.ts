/**
 * Goes on with another config while the program runs: what is the same keeps running, what is new is started before
 * anything old is touched, so that a config that cannot start changes nothing. Called by Droplens, one at a time.
 */
import { isDeepStrictEqual } from "node:util";
import type { Config, PipelineConfig, PluginUse, SinkUse } from "./config/config.ts";
import type { Telemetry } from "./operations/telemetry.ts";
import type { OtlpOptions } from "./otlp/options.ts";
import type { SinkStage } from "./pipeline/deliveries.ts";
import type { Pipeline, PipelinePlan } from "./pipeline/pipeline.ts";
import { type Stage, startStages, stopStages } from "./pipeline/stage.ts";
import type { Logger } from "./plugin/context.ts";
import type { Role } from "./plugin/definition.ts";
import { pluginTitle } from "./plugin-instance.ts";

/** Makes what a config names; nothing moves yet. */
export interface Workshop {
  stage<R extends Role>(pipeline: PipelineConfig, use: PluginUse<R>): Stage<R>;
  sink(pipeline: PipelineConfig, use: SinkUse): SinkStage;
  pipeline(plan: PipelinePlan): Pipeline;
  /** Undefined where nothing is to be sent. Rejects when it cannot be. */
  telemetry(otlp: OtlpOptions | undefined): Promise<Telemetry | undefined>;
  /** The pipeline has ended: takes it off the metrics. */
  forget(pipeline: Pipeline): void;
}

export interface Reload {
  /** By name, with what they shall be from now on. */
  readonly changed: ReadonlyMap<Pipeline, PipelinePlan>;
  /** New ones; their stages are started. */
  readonly added: readonly Pipeline[];
  readonly removed: readonly Pipeline[];
}

/** Starts what is new. Rejects, with all of that stopped again, when something cannot start. */
export async function prepareReload(
  current: readonly Pipeline[],
  config: Config,
  { workshop, logger, signal }: { workshop: Workshop; logger: Logger; signal: AbortSignal },
): Promise<Reload> {
  const plans = config.pipelines.map((wanted) => {
    const pipeline = current.find(({ name }) => name === wanted.name);
    return { pipeline, plan: planFor(wanted, pipeline?.plan, workshop) };
  });
  const fresh = plans.flatMap(({ pipeline, plan }) => leaving(plan, pipeline?.plan));
  try {
    await startStages(fresh, signal);
  } catch (error) {
    await stopStages(fresh.reverse(), logger, signal);
    throw error;
  }
  const names = new Set(config.pipelines.map(({ name }) => name));
  return {
    changed: new Map(
      plans.flatMap(({ pipeline, plan }) => (pipeline === undefined ? [] : [[pipeline, plan] as const])),
    ),
    added: plans.flatMap(({ pipeline, plan }) => (pipeline === undefined ? [workshop.pipeline(plan)] : [])),
    removed: current.filter(({ name }) => !names.has(name)),
  };
}

/** The stages of `one` that `other` does not have, sinks first. */
export function leaving(one: PipelinePlan, other: PipelinePlan | undefined): Stage[] {
  const kept = new Set(other === undefined ? [] : stagesOf(other));
  return stagesOf(one).filter((stage) => !kept.has(stage));
}

/** In the order of starting: sinks first, the source last. */
export function stagesOf(plan: PipelinePlan): Stage[] {
  return [...plan.sinks, ...plan.resolvers, plan.parser, plan.source];
}

function planFor(wanted: PipelineConfig, current: PipelinePlan | undefined, workshop: Workshop): PipelinePlan {
  const keep = <S extends Stage>(stages: readonly S[] | undefined, use: PluginUse, make: () => S): S =>
    stages?.find((stage) => isSame(stage, use)) ?? make();
  const { source, parser, resolvers, sinks, ...options } = wanted;
  return {
    options: { ...options, replay: false },
    source: keep(current && [current.source], source, () => workshop.stage(wanted, source)),
    parser: keep(current && [current.parser], parser, () => workshop.stage(wanted, parser)),
    resolvers: resolvers.map((use) => keep(current?.resolvers, use, () => workshop.stage(wanted, use))),
    sinks: sinks.map((use) => keepSink(current, wanted, use, workshop)),
  };
}

function keepSink(
  current: PipelinePlan | undefined,
  wanted: PipelineConfig,
  use: SinkUse,
  workshop: Workshop,
): SinkStage {
  const made = workshop.sink(wanted, use);
  const kept = current?.sinks.find((stage) => isSame(stage, use));
  if (kept === undefined || !isDeepStrictEqual(settingsOf(kept), settingsOf(made))) return made;
  return kept;
}

/** Everything that the core keeps about a sink beside the plugin's own options. */
function settingsOf({ instance: _instance, options: _options, where: _where, ...settings }: SinkStage): object {
  return settings;
}

function isSame(stage: Stage, use: PluginUse): boolean {
  const { name, options } = use;
  return stage.plugin === pluginTitle(use) && stage.name === name && isDeepStrictEqual(stage.options, options);
}
