/** What the composition root can make. A token is a name with a type; each is registered once, in container.ts. */
import type { InjectionToken } from "tsyringe";
import type { Config } from "./config/config.ts";
import type { Droplens } from "./droplens.ts";
import type { PrometheusMetrics } from "./operations/metrics.ts";
import type { OperationsServer } from "./operations/server.ts";
import type { Pipeline } from "./pipeline/pipeline.ts";
import type { Clock, Environment, Logger, PluginContext } from "./plugin/context.ts";
import type { Workshop } from "./reload.ts";

export type Token<T> = InjectionToken<T> & symbol;

const token = <T>(name: string): Token<T> => Symbol(name) as Token<T>;

export const CONFIG = token<Config>("CONFIG");
export const ENVIRONMENT = token<Environment>("ENVIRONMENT");
export const CLOCK = token<Clock>("CLOCK");
export const LOGGER = token<Logger>("LOGGER");
export const METRICS = token<PrometheusMetrics>("METRICS");
export const STATE_FOLDER = token<Promise<string | undefined>>("STATE_FOLDER");
export const WORKSHOP = token<Promise<Workshop>>("WORKSHOP");
export const PIPELINES = token<Promise<readonly Pipeline[]>>("PIPELINES");
export const OPERATIONS = token<OperationsServer | undefined>("OPERATIONS");
export const DROPLENS = token<Promise<Droplens>>("DROPLENS");
/** Registered in the child container of one plugin instance. */
export const PLUGIN_CONTEXT = token<PluginContext>("PLUGIN_CONTEXT");
