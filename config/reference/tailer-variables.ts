/**
 * The environment variables of box/kube-iptables-tailer, as the bundle reads them: default, where each ends up, and what
 * that key means. In: the bundle's text. Called by config/reference.ts.
 */
import { type ConfigNode, type KeyPath, nodeAt } from "../../core/config/config-node.ts";
import { parseYaml } from "../../core/config/parse-yaml.ts";
import { formatPath } from "../../core/config/problem.ts";
import { tailerEnvironment } from "../../core/config/tailer-environment.ts";
import { withJournal } from "../journal-bundle.ts";
import { kubeIptablesTailer } from "../kube-iptables-tailer.ts";

export interface TailerVariable {
  readonly name: string;
  /** Undefined: required. Empty: without it the key is left out. */
  readonly fallback: string | undefined;
  readonly unit: string;
  /** Keys of the bundle that it sets. */
  readonly keys: readonly string[];
  /** The plugin whose key the first one is, and the key's name there; undefined for the core's. */
  readonly plugin: string | undefined;
  readonly ownKey: string;
}

export function tailerVariables(): TailerVariable[] {
  const ofFile = variablesOf(kubeIptablesTailer);
  const names = new Set(ofFile.map(({ name }) => name));
  const ofJournal = variablesOf(withJournal(kubeIptablesTailer)).filter(({ name }) => !names.has(name));
  return [...ofJournal, ...ofFile];
}

function variablesOf(bundle: string): TailerVariable[] {
  const { root } = parseYaml(bundle, "kube-iptables-tailer.yaml");
  if (root === undefined) return [];
  const found = new Map<string, TailerVariable>();
  for (const [path, text] of scalars(root, [])) {
    const [, name = "", fallback, suffix = ""] = /^\$\{env:(\w+)(?::-([^}]*))?\}(.*)$/.exec(text) ?? [];
    if (name === "") continue;
    const before = found.get(name);
    const keys = [...(before?.keys ?? []), formatPath(path)];
    const use = nodeAt(root, [...path.slice(0, -1), "use"]);
    const plugin = use?.kind === "scalar" ? String(use.value) : undefined;
    const ownKey = String(path.at(-1));
    found.set(
      name,
      before === undefined ? { name, fallback, unit: units[suffix] ?? "", keys, plugin, ownKey } : { ...before, keys },
    );
  }
  return [...found.values()];
}

/** What the program says of the Go tailer's variables that it does not use, in its own words. */
export function unusedVariables(): readonly string[] {
  const required = { IPTABLES_LOG_PATH: "/log", IPTABLES_LOG_PREFIX: "x:" };
  return tailerEnvironment({ ...required, JOURNAL_DIRECTORY: "/log", SERVICE_LOG_PATHS: "/log" }).warnings;
}

const units: Readonly<Record<string, string>> = { s: "seconds", m: "minutes" };

function* scalars(node: ConfigNode, path: KeyPath): Generator<[KeyPath, string]> {
  if (node.kind === "scalar") yield [path, String(node.value)];
  else if (node.kind === "sequence") for (const [i, item] of node.items.entries()) yield* scalars(item, [...path, i]);
  else for (const [key, entry] of node.entries) yield* scalars(entry.node, [...path, key]);
}
