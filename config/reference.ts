/**
 * Makes docs/reference.md: every key from the schemas, every metric from the code that registers it, what each plugin
 * emits and how it fails from its README, the Go tailer's variables from the bundle. Called by generate.ts.
 */

import { lastReload } from "../core/cli/reloading.ts";
import { configSchema, useSchemas } from "../core/config/core-schema.ts";
import { jsonSchemaOf } from "../core/config/json-schema.ts";
import { showPipeline, timings } from "../core/operations/pipeline-metrics.ts";
import { showProcess } from "../core/operations/process-metrics.ts";
import { countExports } from "../core/operations/telemetry-metrics.ts";
import { uncaughtErrors } from "../core/operations/uncaught.ts";
import type { Pipeline } from "../core/pipeline/pipeline.ts";
import type { PluginDefinition, Role } from "../core/plugin/definition.ts";
import { plugins } from "./plugins.ts";
import { RecordingMetrics, type RegisteredInstrument } from "./reference/recording-metrics.ts";
import { lookAround, type Room } from "./reference/room.ts";
import { cell, type SchemaRow, schemaRows, tableOfRows } from "./reference/schema-rows.ts";
import { tailerVariables, unusedVariables } from "./reference/tailer-variables.ts";

export async function referenceText(): Promise<string> {
  const loaded = await Promise.all(Object.values(plugins).map((load) => load()));
  const chapters = loaded.map(({ default: plugin }) => ({ plugin, room: lookAround(plugin) }));
  const lines = [
    "<!-- Made by `npm run generate` from the schemas, the code and the rooms' READMEs: do not change it here. -->",
    "# Reference",
    "",
    "Every key, metric and variable. How a config file is found, what references to variables and files do, and how a",
    "config is tested: [config/README.md](../config/README.md).",
    "",
    ...coreChapter(),
    ...useChapter(),
    ...chapters.flatMap(({ plugin, room }) => pluginChapter(plugin, room)),
    ...metricsChapter(chapters.map(({ plugin, room }) => [plugin.name, room.instruments])),
    ...variablesChapter(chapters.map(({ plugin }) => plugin)),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

/** What stands below a plugin's place is told once, in the next chapter. */
const belowUse = /\.(source|parser|resolvers\[\]|sinks\[\])\./;

function coreChapter(): string[] {
  const rows = schemaRows(jsonSchemaOf(configSchema) ?? {}).filter(({ key }) => !belowUse.test(key));
  const shown = rows.map((row) => (/\.(source|parser)$/.test(row.key) ? { ...row, type: "plugin" } : row));
  const listed = shown.map((row) => (/\.(resolvers|sinks)$/.test(row.key) ? { ...row, type: "list of plugins" } : row));
  return [
    "## The config file",
    "",
    ...tableOfRows(listed),
    "",
    "A duration is a number with its unit: `250ms`, `5s`, `10m`, `2h`, `7d`.",
    "",
  ];
}

/** The core's keys beside a plugin's own: those of a sink are the others' and more. */
function useChapter(): string[] {
  const rows = schemaRows(jsonSchemaOf(useSchemas.sink) ?? {});
  const everybodys = schemaRows(jsonSchemaOf(useSchemas.source) ?? {}).map(({ key }) => key);
  const isEverybodys = ({ key }: SchemaRow) => everybodys.includes(key);
  return [
    "## Keys of every plugin",
    "",
    "Beside a plugin's own options:",
    "",
    ...tableOfRows(rows.filter(isEverybodys)),
    "",
    "Beside a sink's, too. What is left out of its queue is the sink's own choice:",
    "",
    ...tableOfRows(rows.filter((row) => !isEverybodys(row))),
    "",
  ];
}

const roleNames: Readonly<Record<Role, string>> = {
  source: "A source",
  parser: "A parser",
  resolver: "A resolver",
  sink: "A sink",
};

function pluginChapter(plugin: PluginDefinition, { sentence, sections }: Room): string[] {
  const rows = schemaRows(jsonSchemaOf(plugin.options) ?? {});
  const keys = rows.length === 0 ? ["No keys of its own."] : tableOfRows(rows);
  return [
    `## ${plugin.name}`,
    "",
    `${roleNames[plugin.role]}. ${sentence} More: [README](../plugins/${plugin.name}/README.md).`,
    "",
    ...keys,
    "",
    ...sections.flatMap(({ heading, body }) => [`### ${plugin.name}: ${heading}`, "", body, ""]),
  ];
}

type NamedInstruments = readonly [by: string, instruments: readonly RegisteredInstrument[]];

/** A metric that several share is told once. */
function metricsChapter(ofPlugins: readonly NamedInstruments[]): string[] {
  const owners = new Map<string, string[]>();
  const all: RegisteredInstrument[] = [];
  for (const [by, instruments] of [["core", coreInstruments()] as const, ...ofPlugins]) {
    for (const instrument of instruments) {
      if (!owners.has(instrument.name)) all.push(instrument);
      owners.set(instrument.name, [...(owners.get(instrument.name) ?? []), by]);
    }
  }
  const rows = all.map(({ name, kind, labels, help }) => {
    return `| \`${name}${labelList(labels)}\` | ${kind} | ${owners.get(name)?.join(", ")} | ${cell(help)} |`;
  });
  return ["## Metrics", "", "| metric | type | of | meaning |", "|---|---|---|---|", ...rows, ""];
}

function labelList(labels: readonly string[]): string {
  return labels.length === 0 ? "" : `{${labels.join(",")}}`;
}

function coreInstruments(): readonly RegisteredInstrument[] {
  const metrics = new RecordingMetrics();
  showProcess(metrics);
  uncaughtErrors(metrics);
  lastReload(metrics);
  timings(metrics, "drops");
  // Its values are read when somebody scrapes, which nobody does here.
  showPipeline(metrics, { name: "drops" } as Pipeline);
  countExports(metrics);
  return metrics.instruments;
}

function variablesChapter(definitions: readonly PluginDefinition[]): string[] {
  const core = schemaRows(jsonSchemaOf(configSchema) ?? {});
  const rows = tailerVariables().map(({ name, fallback, unit, keys, plugin, ownKey }) => {
    const definition = definitions.find((each) => each.name === plugin);
    const row =
      definition === undefined ? core.find(({ key }) => key.endsWith(`.${ownKey}`)) : rowOf(definition, ownKey);
    const shown = fallback === undefined ? "required" : fallback === "" ? "" : `\`${fallback}\`${unit && ` ${unit}`}`;
    return `| \`${name}\` | ${shown} | ${keys.map((key) => `\`${key}\``).join(", ")} | ${cell(row?.meaning ?? "")} |`;
  });
  return [
    "## Environment variables of kube-iptables-tailer",
    "",
    "Read where there is no config file, by the bundle [kube-iptables-tailer.yaml](../config/kube-iptables-tailer.yaml).",
    "An optional value that makes no sense gets a warning and its default.",
    "",
    "| variable | default | sets | meaning |",
    "|---|---|---|---|",
    ...rows,
    "",
    ...unusedVariables().map((text) => `- ${text}.`),
    "",
  ];
}

function rowOf(plugin: PluginDefinition, key: string): SchemaRow | undefined {
  return schemaRows(jsonSchemaOf(plugin.options) ?? {}).find((row) => row.key === key);
}
