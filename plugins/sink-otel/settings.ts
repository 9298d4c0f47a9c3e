/** What is in force for the sink. Options and environment in, one plain object out; called when it starts or checks. */
import { OtelEnvironment } from "../../core/otlp/environment.ts";
import { intervalMillis, type SignalSettings, signalSettings } from "../../core/otlp/settings.ts";
import type { Environment } from "../../core/plugin/index.ts";
import type { SinkOtelOptions } from "./config.ts";

export interface Settings {
  readonly logs: SignalSettings | undefined;
  readonly metrics: SignalSettings | undefined;
  readonly intervalMillis: number;
  readonly temporality: "cumulative" | "delta";
  /** What of the environment was ignored. */
  readonly warnings: readonly string[];
}

export function settingsOf(options: SinkOtelOptions, variables: Environment): Settings {
  const environment = new OtelEnvironment(variables);
  const from = { options, environment };
  return {
    logs: options.logs ? signalSettings("logs", from) : undefined,
    metrics: options.metrics ? signalSettings("metrics", from) : undefined,
    intervalMillis: intervalMillis(from),
    temporality: options.temporality ?? preferredTemporality(environment),
    warnings: environment.warnings,
  };
}

/** "lowmemory" means delta for a counter. */
function preferredTemporality(environment: OtelEnvironment): "cumulative" | "delta" {
  const variable = environment.own("metrics", "TEMPORALITY_PREFERENCE");
  const word = environment.oneOf(variable, ["cumulative", "delta", "lowmemory"]);
  return word === undefined || word === "cumulative" ? "cumulative" : "delta";
}
