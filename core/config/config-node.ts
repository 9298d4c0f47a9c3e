/**
 * A config as a tree whose values remember where they were written. Made by parse-yaml.ts and parse-module.ts,
 * changed by interpolate.ts, read by check.ts and in-force.ts. Trees are never changed in place.
 */
export interface ConfigDocument {
  /** For messages: the file as the user would name it. */
  readonly origin: string;
  /** What relative paths in it are relative to. */
  readonly folder: string;
  readonly root: MappingNode;
}

export type ConfigNode = ScalarNode | SequenceNode | MappingNode;

export interface ScalarNode {
  readonly kind: "scalar";
  readonly value: Scalar;
  /** Written without quotes, so that a reference in its place gets the type of what it brings. */
  readonly plain: boolean;
  readonly position?: Position | undefined;
  /** What was put in for `${…}`, in order. */
  readonly references: readonly Reference[];
  /** Must not be shown. */
  readonly secret: boolean;
}

export interface SequenceNode {
  readonly kind: "sequence";
  readonly items: readonly ConfigNode[];
  readonly position?: Position | undefined;
}

export interface MappingNode {
  readonly kind: "mapping";
  readonly entries: ReadonlyMap<string, Entry>;
  readonly position?: Position | undefined;
}

export interface Entry {
  readonly keyPosition?: Position | undefined;
  readonly node: ConfigNode;
}

export type Scalar = string | number | boolean | null;

/** Both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export type Reference =
  | { readonly kind: "environment"; readonly name: string }
  /** The variable was unset or empty. */
  | { readonly kind: "default"; readonly name: string }
  | { readonly kind: "file"; readonly path: string };

export type KeyPath = readonly (string | number)[];

/** The most values and the deepest nesting that a config may have; real ones have a hundredth of it. */
export const maxNodes = 50_000;
export const maxDepth = 64;

/** Keys that would reach an object's prototype instead of the object. */
export const reservedKeys: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

export function scalar(value: Scalar, position?: Position): ScalarNode {
  return { kind: "scalar", value, plain: false, position, references: [], secret: false };
}

/** The value without positions, as the schemas read it. */
export function toValue(node: ConfigNode): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "sequence") return node.items.map(toValue);
  return Object.fromEntries([...node.entries].map(([key, entry]) => [key, toValue(entry.node)]));
}

export function nodeAt(root: ConfigNode, path: KeyPath): ConfigNode | undefined {
  let node: ConfigNode | undefined = root;
  for (const key of path) node = node === undefined ? undefined : childOf(node, key);
  return node;
}

/** Where a value stands; where a key stands with `of: "key"`; the nearest thing around it if neither exists. */
export function positionAt(root: ConfigNode, path: KeyPath, of: "key" | "value" = "value"): Position | undefined {
  let node = root;
  let position = root.position;
  for (const [i, key] of path.entries()) {
    const child = childOf(node, key);
    if (child === undefined) break;
    const entry = node.kind === "mapping" ? node.entries.get(String(key)) : undefined;
    const isKey = of === "key" && i === path.length - 1;
    position = (isKey ? entry?.keyPosition : child.position) ?? position;
    node = child;
  }
  return position;
}

export function withEntries(node: MappingNode, change: (entries: Map<string, Entry>) => void): MappingNode {
  const entries = new Map(node.entries);
  change(entries);
  return { ...node, entries };
}

function childOf(node: ConfigNode, key: string | number): ConfigNode | undefined {
  if (node.kind === "mapping") return node.entries.get(String(key))?.node;
  return node.kind === "sequence" ? node.items[Number(key)] : undefined;
}
