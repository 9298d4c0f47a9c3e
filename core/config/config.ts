/** The config in force: defaults filled in, references replaced, every plugin loaded and its options checked. */
import type { OtlpOptions } from "../otlp/options.ts";
import type { PluginDefinition, Role } from "../plugin/definition.ts";
import type { DeliveryOptions } from "../plugin/sink.ts";
import type { When } from "./when.ts";

export interface Config {
  /** Where it came from, for messages: a path, or "built-in kube-iptables-tailer bundle". */
  readonly origin: string;
  readonly log: { readonly level: LogLevel; readonly destination: "stdout" | "stderr" };
  /** Where checkpoints are kept. */
  readonly stateFolder: string;
  /** How long a stop may take. */
  readonly stopTimeoutMillis: number;
  /** An empty host listens on every address, IPv4 and IPv6. */
  readonly operations: { readonly host: string; readonly port: number };
  /** Where Droplens' own metrics go, beside /metrics. */
  readonly telemetry?: { readonly otlp?: OtlpOptions | undefined } | undefined;
  readonly pipelines: readonly PipelineConfig[];
}

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface PipelineConfig {
  readonly name: string;
  /** Packets older than this when read are discarded as `expired`; undefined: never (replay). */
  readonly maxAgeMillis: number | undefined;
  /** How long repeats of a flow are folded into one report. */
  readonly repeatIntervalMillis: number;
  /** Flows whose repeats are being folded at most; beyond, the oldest is reported early. */
  readonly maxFlows: number;
  /** Reports whose addresses are being resolved at once, at most; beyond, the source waits. */
  readonly inFlight: number;
  readonly source: PluginUse<"source">;
  readonly parser: PluginUse<"parser">;
  readonly resolvers: readonly PluginUse<"resolver">[];
  readonly sinks: readonly SinkUse[];
}

/** One plugin as the config uses it. */
export interface PluginUse<R extends Role = Role> {
  /** Unique within its pipeline and role: `name:` of the config, else the plugin's own. */
  readonly name: string;
  readonly definition: PluginDefinition<R>;
  /** The plugin's own; undefined for a built-in one, and where nobody says. */
  readonly version?: string | undefined;
  /** As the plugin's schema returned it. */
  readonly options: unknown;
  /** Where it stands, for messages: "droplens.yaml:7:7 pipelines.drops.source". */
  readonly where: string;
}

export interface SinkUse extends PluginUse<"sink"> {
  readonly queue: Partial<DeliveryOptions>;
  /** Which reports it gets; undefined: all. */
  readonly when: When | undefined;
}
