/**
 * From nothing to the config in force: find, parse, replace references, check. Called by every command. Out: the
 * config, or every problem at once; nothing has been started by then.
 */
import type { Environment } from "../plugin/context.ts";
import { type Checked, checkConfig } from "./check.ts";
import type { Config } from "./config.ts";
import { type ConfigDocument, scalar, withEntries } from "./config-node.ts";
import { type FindOptions, findConfig } from "./find.ts";
import { interpolate } from "./interpolate.ts";
import type { BuiltInPlugins } from "./load-plugin.ts";
import { parseYaml } from "./parse-yaml.ts";
import { byPosition, formatPath, type Problem } from "./problem.ts";
import { tailerEnvironment } from "./tailer-environment.ts";

export interface LoadOptions extends FindOptions {
  readonly environment: Environment;
  readonly builtIn: BuiltIn;
  /** `droplens replay`: each pipeline reads these files from beginning to end instead of its source, whatever their age. */
  readonly replay?: readonly string[] | undefined;
}

/** What is part of the program: handed in, because the core names no plugin. config/built-in.ts has it. */
export interface BuiltIn {
  readonly plugins: BuiltInPlugins;
  /** Runs where there is no config file. */
  readonly bundle: { readonly origin: string; text(environment: Environment): string };
}

export type Loaded =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly string[]; readonly details: LoadDetails }
  | {
      readonly ok: false;
      readonly problems: readonly Problem[];
      readonly warnings: readonly string[];
      /** The config was not named or found: it is the built-in bundle that lacks something. */
      readonly fromBundle: boolean;
    };

/** What the config in force was made of, for print-config and plugins. */
export interface LoadDetails {
  readonly document: ConfigDocument;
  readonly uses: Checked["uses"];
}

export async function loadConfig(options: LoadOptions): Promise<Loaded> {
  const found = await findConfig(options);
  if (found.problems !== undefined) return failed(found.problems);
  if (found.document !== undefined) return finish(found.document, options, options.environment);
  const tailer = tailerEnvironment(options.environment, { readsFiles: options.replay !== undefined });
  const { problems, warnings } = tailer;
  if (problems.length > 0) {
    const lines = problems.map((message): Problem => ({ origin: "environment", path: [], message }));
    return { ...failed([...lines, noConfigFile]), warnings, fromBundle: true };
  }
  const loaded = await finish(bundleDocument(options), options, tailer.environment);
  return { ...loaded, warnings, ...(loaded.ok ? {} : { fromBundle: true }) };
}

const noConfigFile: Problem = {
  origin: "environment",
  path: [],
  message: "no config file was found either: write a droplens.yaml here, or name one with --config FILE",
};

function bundleDocument({ builtIn, cwd, environment }: LoadOptions): ConfigDocument {
  const { origin } = builtIn.bundle;
  const { root, problems } = parseYaml(builtIn.bundle.text(environment), origin);
  if (root?.kind !== "mapping" || problems.length > 0) throw new Error(`${origin} is broken`);
  return { origin, folder: cwd, root };
}

async function finish(found: ConfigDocument, options: LoadOptions, environment: Environment): Promise<Loaded> {
  const written = options.replay === undefined ? found : withSource(found, options.replay);
  const { document, problems: unresolved } = interpolate(written, environment);
  const { config, problems, uses } = await checkConfig(document, options.builtIn.plugins);
  // What the schemas say about a value that could not be filled in is no second mistake.
  const unfilled = new Set(unresolved.map((problem) => formatPath(problem.path)));
  const all = [...unresolved, ...problems.filter((problem) => !unfilled.has(formatPath(problem.path)))];
  if (config === undefined || all.length > 0) return failed(all);
  const replayed = options.replay === undefined ? config : withoutExpiry(config);
  return { ok: true, config: replayed, warnings: [], details: { document, uses } };
}

/** Before references are replaced: what the config's own source would need from the environment is not needed. */
function withSource(document: ConfigDocument, files: readonly string[]): ConfigDocument {
  const source = {
    kind: "mapping" as const,
    entries: new Map([
      ["use", { node: scalar("source-file") }],
      [
        "path",
        { node: { kind: "sequence" as const, items: files.map((file) => scalar(file.replaceAll("$", "$$$$"))) } },
      ],
      ["until", { node: scalar("end") }],
    ]),
  };
  const root = withEntries(document.root, (entries) => {
    const pipelines = entries.get("pipelines");
    if (pipelines?.node.kind !== "mapping") return;
    const node = withEntries(pipelines.node, (byName) => {
      for (const [name, pipeline] of byName) {
        if (pipeline.node.kind !== "mapping") continue;
        byName.set(name, {
          ...pipeline,
          node: withEntries(pipeline.node, (keys) => keys.set("source", { node: source })),
        });
      }
    });
    entries.set("pipelines", { ...pipelines, node });
  });
  return { ...document, root };
}

function withoutExpiry(config: Config): Config {
  return { ...config, pipelines: config.pipelines.map((pipeline) => ({ ...pipeline, maxAgeMillis: undefined })) };
}

function failed(problems: readonly Problem[]): Loaded & { readonly ok: false } {
  return { ok: false, problems: problems.toSorted(byPosition), warnings: [], fromBundle: false };
}
