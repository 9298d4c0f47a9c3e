/**
 * Checks a whole config and makes the Config in force of it: the core's keys, then every plugin that it names and
 * that plugin's options. Every problem is found at once. Called by loadConfig after references are replaced.
 */
import type { PluginDefinition, Role } from "../plugin/definition.ts";
import { describeError } from "../plugin/errors.ts";
import { pluginTitle } from "../plugin-instance.ts";
import type { CheckedUse } from "./checked-use.ts";
import type { Config, PipelineConfig, PluginUse, SinkUse } from "./config.ts";
import { type ConfigDocument, type ConfigNode, type KeyPath, nodeAt, positionAt, toValue } from "./config-node.ts";
import { type CorePipeline, configSchema, coreUseKeys } from "./core-schema.ts";
import { explainIssues } from "./explain.ts";
import { jsonSchemaOf } from "./json-schema.ts";
import { type BuiltInPlugins, type LoadedPlugin, loadPlugin } from "./load-plugin.ts";
import { formatPath, formatPlace, type Problem, problemAt } from "./problem.ts";
import { withoutSecrets } from "./secret.ts";
import { logDestination, sharedStdin } from "./standard-streams.ts";

export interface Checked {
  /** Undefined when there are problems. */
  readonly config: Config | undefined;
  readonly problems: readonly Problem[];
  /** The plugins that could be loaded, also when something else is wrong. */
  readonly uses: readonly CheckedUse[];
}

export async function checkConfig(document: ConfigDocument, builtIns: BuiltInPlugins): Promise<Checked> {
  const core = configSchema.safeParse(toValue(document.root));
  const jsonSchema = core.success ? undefined : jsonSchemaOf(configSchema);
  const problems = explainIssues(core.error?.issues ?? [], { document, base: [], jsonSchema, coreKeys: [] });
  const uses: CheckedUse[] = [];
  for (const { role, path } of namedPlugins(document)) {
    const use = await checkUse(document, { role, path }, builtIns);
    problems.push(...use.problems);
    if (use.checked !== undefined) uses.push(use.checked);
  }
  problems.push(...doubledNames(document, uses), ...sharedStdin(document, uses));
  if (!core.success || problems.length > 0) return { config: undefined, problems, uses };
  const pipelines = Object.entries(core.data.pipelines).map(([name, each]) => pipeline(document, name, each, uses));
  const { stateFolder, stopTimeout: stopTimeoutMillis, operations, telemetry } = core.data;
  const log = { ...core.data.log, destination: logDestination(core.data.log.destination, uses) };
  const shared = { stateFolder, stopTimeoutMillis, operations, telemetry };
  const config: Config = { origin: document.origin, log, ...shared, pipelines };
  return { config, problems, uses };
}

interface Place {
  readonly role: Role;
  readonly path: KeyPath;
}

/** Every mapping that may name a plugin, however wrong the rest of the config is. */
export function namedPlugins(document: ConfigDocument): Place[] {
  const pipelines = nodeAt(document.root, ["pipelines"]);
  if (pipelines?.kind !== "mapping") return [];
  return [...pipelines.entries.keys()].flatMap((name): Place[] => {
    const base = ["pipelines", name];
    const listed = (key: string, role: Role): Place[] => {
      const list = nodeAt(document.root, [...base, key]);
      return list?.kind === "sequence" ? list.items.map((_, i) => ({ role, path: [...base, key, i] })) : [];
    };
    return [
      { role: "source", path: [...base, "source"] },
      { role: "parser", path: [...base, "parser"] },
      ...listed("resolvers", "resolver"),
      ...listed("sinks", "sink"),
    ];
  });
}

async function checkUse(
  document: ConfigDocument,
  { role, path }: Place,
  builtIns: BuiltInPlugins,
): Promise<{ problems: readonly Problem[]; checked?: CheckedUse }> {
  const name = nodeAt(document.root, [...path, "use"]);
  // Anything else has been reported by the core's schema.
  if (name?.kind !== "scalar" || typeof name.value !== "string" || name.value === "") return { problems: [] };
  const atUse = (message: string) => ({ problems: [problemAt(document, [...path, "use"], { message })] });
  const loaded = await loadPlugin(name.value, builtIns, document.folder);
  if (!loaded.ok) return atUse(loaded.problem);
  const { definition } = loaded.plugin;
  if (definition.role !== role) return atUse(wrongRole(loaded.plugin, role, builtIns));
  const { options, problems } = checkOptions(document, { role, path }, loaded.plugin);
  return { problems, checked: { path, role, plugin: loaded.plugin, options } };
}

function wrongRole(plugin: LoadedPlugin, role: Role, builtIns: BuiltInPlugins): string {
  const fitting = Object.keys(builtIns).filter((name) => name.startsWith(`${role}-`));
  const listed = fitting.length === 0 ? "" : ` (built in for it: ${fitting.join(", ")})`;
  return `${pluginTitle(plugin)} is a ${plugin.definition.role}, here a ${role} is needed${listed}`;
}

function checkOptions(
  document: ConfigDocument,
  { role, path }: Place,
  plugin: LoadedPlugin,
): { options: unknown; problems: readonly Problem[] } {
  const { definition } = plugin;
  const who = `plugin ${pluginTitle(plugin)}`;
  const fail = (message: string) => ({ options: undefined, problems: [problemAt(document, path, { message })] });
  try {
    const result = definition.options["~standard"].validate(ownOptions(nodeAt(document.root, path), role));
    if ("then" in result) return fail(`${who}: its options schema is asynchronous; only synchronous ones can be used`);
    if (result.issues === undefined) return { options: result.value, problems: [] };
    const jsonSchema = jsonSchemaOf(definition.options);
    const explained = { document, base: path, jsonSchema, coreKeys: coreUseKeys[role] };
    const problems = explainIssues(result.issues, explained);
    if (plugin.from.kind === "built-in") return { options: undefined, problems };
    const named = problems.map((problem) => ({ ...problem, message: `${who}: ${problem.message}` }));
    return { options: undefined, problems: named };
  } catch (error) {
    const told = withoutSecrets(describeError(error), document.root);
    return fail(`${who}: its options schema failed: ${told}`);
  }
}

function ownOptions(node: ConfigNode | undefined, role: Role): unknown {
  if (node?.kind !== "mapping") return {};
  const own = [...node.entries].filter(([key]) => !coreUseKeys[role].includes(key));
  return Object.fromEntries(own.map(([key, entry]) => [key, toValue(entry.node)]));
}

function doubledNames(document: ConfigDocument, uses: readonly CheckedUse[]): Problem[] {
  const seen = new Map<string, KeyPath>();
  return uses.flatMap((use) => {
    const name = nameOf(document, use);
    const key = JSON.stringify([use.path[1], use.role, name]);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, use.path);
    if (first === undefined) return [];
    const message = `another ${use.role} is named "${name}" too (${formatPath(first)}): give this one a "name" of its own`;
    return [problemAt(document, use.path, { message })];
  });
}

function nameOf(document: ConfigDocument, use: CheckedUse): string {
  const written = nodeAt(document.root, [...use.path, "name"]);
  return written?.kind === "scalar" && typeof written.value === "string" ? written.value : use.plugin.definition.name;
}

function pipeline(
  document: ConfigDocument,
  name: string,
  core: CorePipeline,
  uses: readonly CheckedUse[],
): PipelineConfig {
  const find = <R extends Role>(role: R, ...path: KeyPath): PluginUse<R> => {
    const wanted = formatPath(["pipelines", name, ...path]);
    const use = uses.find((each) => formatPath(each.path) === wanted);
    if (use === undefined || !hasRole(use.plugin.definition, role)) throw new Error(`${wanted} was not checked`);
    const where = `${formatPlace(document.origin, positionAt(document.root, use.path))} ${wanted}`;
    const { definition, version } = use.plugin;
    return { name: nameOf(document, use), definition, version, options: use.options, where };
  };
  const sinks = core.sinks.map(({ queue = {}, when }, i): SinkUse => ({ ...find("sink", "sinks", i), queue, when }));
  return {
    name,
    maxAgeMillis: core.maxAge,
    repeatIntervalMillis: core.repeatInterval,
    maxFlows: core.maxFlows,
    inFlight: core.inFlight,
    source: find("source", "source"),
    parser: find("parser", "parser"),
    resolvers: core.resolvers.map((_, i) => find("resolver", "resolvers", i)),
    sinks,
  };
}

function hasRole<R extends Role>(definition: PluginDefinition, role: R): definition is PluginDefinition<R> {
  return definition.role === role;
}
