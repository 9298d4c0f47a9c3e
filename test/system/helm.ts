/** The chart through the real helm, whose program HELM names: what it prints, and its objects by kind. */
import { globSync } from "node:fs";
import { basename } from "node:path";
import { parseAllDocuments } from "yaml";
import { type CommandResult, run } from "./command.ts";

export const chart = "deploy/helm/droplens";

/** The chart's own examples of values, by name; "default" has none. Each is options of helm. */
export const variants: Readonly<Record<string, readonly string[]>> = Object.fromEntries([
  ["default", []],
  ...globSync(`${chart}/ci/*-values.yaml`)
    .toSorted()
    .map((path) => [basename(path, "-values.yaml"), ["--values", path]]),
]);

/** The program that an environment variable names; the real system has it. */
export function toolNamed(variable: "HELM" | "PROMTOOL"): string {
  const path = process.env[variable];
  if (path === undefined || path === "")
    throw new Error(`${variable} is not set: name the program (.ci/run builds it)`);
  return path;
}

export function helm(words: readonly string[], allow: readonly number[] = []): Promise<CommandResult> {
  return run([toolNamed("HELM"), ...words], { allow, timeoutMillis: 60_000 });
}

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [key: string]: unknown;
}

/** As release `release`, in the namespace of the same name. */
export async function rendered(options: readonly string[], release = "droplens"): Promise<KubernetesObject[]> {
  const { stdout } = await helm(["template", release, chart, "--namespace", release, ...options]);
  return objectsIn(stdout);
}

export function objectsIn(text: string): KubernetesObject[] {
  return parseAllDocuments(text)
    .map((document): KubernetesObject | null => document.toJS())
    .filter((object) => object !== null);
}

export function only(kind: string, objects: readonly KubernetesObject[]): KubernetesObject {
  const found = objects.filter((object) => object.kind === kind);
  const [object] = found;
  if (object === undefined || found.length > 1) throw new Error(`${found.length} objects of kind ${kind}`);
  return object;
}

/** droplens.yaml within a ConfigMap. */
export function configText(objects: readonly KubernetesObject[]): string {
  for (const { kind, data } of objects) {
    if (kind !== "ConfigMap" || typeof data !== "object" || data === null || !("droplens.yaml" in data)) continue;
    return String(data["droplens.yaml"]);
  }
  throw new Error("no ConfigMap has droplens.yaml");
}
