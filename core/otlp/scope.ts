/** Droplens as an instrumentation scope. `attributes` tell its parts from each other. */
import { version } from "../version.ts";

export interface Scope {
  readonly name: string;
  readonly version: string;
  readonly attributes: Record<string, string>;
}

export function droplensScope(attributes: Readonly<Record<string, string>> = {}): Scope {
  return { name: "droplens", version, attributes: { ...attributes } };
}
