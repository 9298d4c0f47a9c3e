/** Which instance reports: the instrumentation scope, so that two sinks of one process are two streams to a backend. */
import type { PluginContext } from "../../core/plugin/index.ts";
import { droplensVersion } from "./exporter.ts";

export interface Scope {
  readonly name: string;
  readonly version: string;
  readonly attributes: { readonly "droplens.pipeline": string; readonly "droplens.sink": string };
}

export function scopeOf({ pipeline, name }: PluginContext): Scope {
  return {
    name: "droplens",
    version: droplensVersion,
    attributes: { "droplens.pipeline": pipeline, "droplens.sink": name },
  };
}
