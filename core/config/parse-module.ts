/**
 * Turns what a `droplens.config.ts` (or .js) exports into the same tree that a YAML file gives, without positions.
 * Called by find.ts. Only plain data is taken: a function or a class instance is a problem, not a crash.
 */
import { type ConfigNode, type Entry, type KeyPath, maxDepth, maxNodes, reservedKeys, scalar } from "./config-node.ts";
import type { Parsed } from "./parse-yaml.ts";
import type { Problem } from "./problem.ts";

export function parseModule(exported: unknown, origin: string): Parsed {
  const problems: Problem[] = [];
  const budget = { nodes: 0 };
  const build = (value: unknown, path: KeyPath): ConfigNode | undefined => {
    const refused = ++budget.nodes > maxNodes || path.length > maxDepth ? "too large, or a circle" : refuse(value);
    if (refused !== undefined) {
      if (budget.nodes <= maxNodes + 1) problems.push({ origin, path, message: refused });
      return undefined;
    }
    if (Array.isArray(value)) {
      return { kind: "sequence", items: value.map((item, i) => build(item, [...path, i]) ?? scalar(null)) };
    }
    if (typeof value === "object" && value !== null) return { kind: "mapping", entries: entriesOf(value, path) };
    return scalar(value as string | number | boolean | null);
  };
  const entriesOf = (value: object, path: KeyPath): Map<string, Entry> => {
    const entries = new Map<string, Entry>();
    for (const [key, item] of Object.entries(value)) {
      if (reservedKeys.has(key)) problems.push({ origin, path, message: `key "${key}" is not allowed` });
      // What is undefined was not written: a config in TypeScript leaves keys out so.
      else if (item !== undefined) entries.set(key, { node: build(item, [...path, key]) ?? scalar(null) });
    }
    return entries;
  };
  return { root: exported === undefined || exported === null ? undefined : build(exported, []), problems };
}

function refuse(value: unknown): string | undefined {
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) return undefined;
  if (Array.isArray(value)) return undefined;
  if (typeof value !== "object") return `expected plain data, got a ${typeof value}`;
  const prototype: unknown = Object.getPrototypeOf(value);
  // A config module may run in another realm (vitest's): Object.prototype is the one without a prototype.
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return undefined;
  return "expected plain data, got an instance of a class";
}
