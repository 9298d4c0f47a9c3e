/**
 * What a plugin's folder tells the reference: its README's first sentence, smallest config and sections, and the metrics
 * that its code registers. Called by config/reference.ts.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { type ConfigNode, toValue } from "../../core/config/config-node.ts";
import { coreUseKeys } from "../../core/config/core-schema.ts";
import { isObject } from "../../core/config/json-schema.ts";
import { parseYaml } from "../../core/config/parse-yaml.ts";
import type { Logger, PluginContext } from "../../core/plugin/context.ts";
import type { PluginDefinition } from "../../core/plugin/definition.ts";
import { realClock } from "../../core/real-clock.ts";
import { RecordingMetrics, type RegisteredInstrument } from "./recording-metrics.ts";

export interface Room {
  readonly sentence: string;
  /** Headings and bodies, in the README's words. */
  readonly sections: readonly { readonly heading: string; readonly body: string }[];
  readonly instruments: readonly RegisteredInstrument[];
}

export function lookAround(plugin: PluginDefinition): Room {
  const readme = readmeOf(plugin.name);
  return {
    sentence: /^# .*\n+([^\n]+(?:\n[^\n#`|]+)*)/.exec(readme)?.[1]?.replaceAll("\n", " ") ?? "",
    sections: quotedSections(readme, plugin.name),
    instruments: instrumentsOf(plugin, readme),
  };
}

/** Which of a README's sections are quoted. Keys come from the schema; the rest is a click away. */
const quoted = /\b(emits|metrics|errors|outcomes)\b/i;

function quotedSections(readme: string, name: string): Room["sections"] {
  return readme
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [heading = "", ...body] = section.split("\n");
      return { heading: heading.trim(), body: fromDocs(body.join("\n").trim(), name) };
    })
    .filter(({ heading }) => quoted.test(heading));
}

/** Links are relative to the README, the reference lies in docs/. */
function fromDocs(text: string, name: string): string {
  return text
    .replaceAll(/\]\((?!https?:|#|\/)([^)]+)\)/g, `](../plugins/${name}/$1)`)
    .replaceAll(/^(#{2,4}) /gm, "$1## ");
}

function readmeOf(name: string): string {
  const file = new URL(`../../plugins/${name}/README.md`, import.meta.url);
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

/**
 * `create` does no I/O: the smallest config of the README is enough to make an instance, and see what it registers. What
 * it registers only once it has started is read from its code.
 */
function instrumentsOf(plugin: PluginDefinition, readme: string): readonly RegisteredInstrument[] {
  const metrics = new RecordingMetrics();
  const result = plugin.options["~standard"].validate(smallestConfig(plugin, readme));
  if ("then" in result || result.issues !== undefined) return writtenInstruments(plugin.name);
  plugin.create(result.value, contextOf(plugin.name, metrics));
  const names = metrics.instruments.map(({ name }) => name);
  const later = writtenInstruments(plugin.name).filter(({ name }) => !names.includes(name));
  return [...metrics.instruments, ...later];
}

const writtenInstrument =
  /\.(?<kind>counter|gauge|histogram)\(\{\s*name: "(?<name>\w+)",\s*help: "(?<help>[^"]*)",?(?:\s*labels: \[(?<labels>[^\]]*)\])?/g;

function writtenInstruments(plugin: string): RegisteredInstrument[] {
  const code = sourcesOf(plugin).join("\n");
  return [...code.matchAll(writtenInstrument)].map(
    ({ groups: { kind = "", name = "", help = "", labels = "" } = {} }) => ({
      kind: kind as RegisteredInstrument["kind"],
      name,
      help,
      labels: [...labels.matchAll(/"(\w+)"/g)].map(([, label = ""]) => label),
    }),
  );
}

/** The room's own code, without tests. */
export function sourcesOf(plugin: string): string[] {
  const folder = new URL(`../../plugins/${plugin}/`, import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  return files.toSorted().map((file) => readFileSync(new URL(file, folder), "utf8"));
}

function smallestConfig(plugin: PluginDefinition, readme: string): object {
  const [, yaml = ""] = /^```yaml\n([\s\S]*?)^```$/m.exec(readme) ?? [];
  const { root } = parseYaml(yaml, `plugins/${plugin.name}/README.md`);
  const own = root === undefined ? undefined : useOf(root, plugin.name);
  const keys = coreUseKeys[plugin.role];
  return Object.fromEntries(Object.entries(own ?? {}).filter(([key]) => !keys.includes(key)));
}

/** The mapping in it that uses the plugin, however deep. */
function useOf(node: ConfigNode, name: string): object | undefined {
  if (node.kind === "scalar") return undefined;
  const value = toValue(node);
  if (isObject(value) && value.use === name) return value;
  const inner = node.kind === "sequence" ? node.items : [...node.entries.values()].map((entry) => entry.node);
  return inner.map((each) => useOf(each, name)).find((found) => found !== undefined);
}

function contextOf(name: string, metrics: RecordingMetrics): PluginContext {
  const quiet = () => undefined;
  const logger: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  return { name, pipeline: "drops", logger, metrics, clock: realClock, environment: {} };
}
