/** Which instance reports: the instrumentation scope, so that two sinks of one process are two streams to a backend. */
import { droplensScope, type Scope } from "../../core/otlp/scope.ts";
import type { PluginContext } from "../../core/plugin/index.ts";

export function scopeOf({ pipeline, name }: PluginContext): Scope {
  return droplensScope({ "droplens.pipeline": pipeline, "droplens.sink": name });
}
