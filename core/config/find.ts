/**
 * Finds the config file and reads it into a tree: the one that `--config` names, else what cosmiconfig finds in the
 * working directory, else nothing (loadConfig then takes the built-in bundle). A file that is there but cannot be
 * read is a problem, never passed over.
 */
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { describeError } from "../plugin/errors.ts";
import type { ConfigDocument } from "./config-node.ts";
import { parseModule } from "./parse-module.ts";
import type { Parsed } from "./parse-yaml.ts";
import type { Problem } from "./problem.ts";

/** Both undefined: there is no config file. */
export interface Found {
  readonly document?: ConfigDocument;
  readonly problems?: readonly Problem[];
}

export interface FindOptions {
  /** What `--config` names. */
  readonly file?: string | undefined;
  readonly cwd: string;
  /** How often a config was loaded before in this process: a module's file is read anew then. */
  readonly generation?: number;
}

export async function findConfig({ file, cwd, generation = 0 }: FindOptions): Promise<Found> {
  if (file !== undefined) return readConfig(resolve(cwd, file), file, generation);
  for (const place of searchPlaces) {
    const problem = await refuseFile(resolve(cwd, place), place);
    if (problem !== undefined && problem !== missingFile && place !== "package.json") return fail(place, problem);
  }
  try {
    const found = await (await explorer(generation)).search(cwd);
    if (found === null) return {};
    const origin = relative(cwd, found.filepath);
    return toFound(found.isEmpty ? undefined : found.config, found.filepath, origin);
  } catch (error) {
    return fail(cwd, `cannot look for a config here: ${describeError(error)}`);
  }
}

export const searchPlaces: readonly string[] = [
  "droplens.yaml",
  "droplens.yml",
  "droplens.json",
  "droplens.config.ts",
  "droplens.config.mts",
  "droplens.config.js",
  "droplens.config.mjs",
  "droplens.config.cjs",
  ".droplensrc",
  ".droplensrc.yaml",
  ".droplensrc.yml",
  ".droplensrc.json",
  ".config/droplens.yaml",
  ".config/droplens.yml",
  "package.json",
];

export const maxConfigBytes = 128 * 1024;

async function readConfig(path: string, origin: string, generation: number): Promise<Found> {
  const problem = await refuseFile(path, origin);
  if (problem !== undefined) return fail(origin, problem);
  try {
    const found = await (await explorer(generation)).load(path);
    return toFound(found === null || found.isEmpty ? undefined : found.config, path, origin);
  } catch (error) {
    return fail(origin, `cannot read this config: ${describeError(error)}`);
  }
}

const missingFile = "no such file: name an existing config with --config, or leave it out";

/** cosmiconfig reads whole files, waits for FIFOs and passes over what it may not read: so ask first. */
async function refuseFile(path: string, place: string): Promise<string | undefined> {
  try {
    const file = await stat(path);
    if (file.isDirectory()) return "is a directory: name the config file in it with --config";
    if (!file.isFile()) return "is no regular file";
    if (file.size > maxConfigBytes) return `has ${file.size} bytes: a config has at most ${maxConfigBytes}`;
    await access(path, constants.R_OK);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return missingFile;
    return `cannot read ${place} (${code ?? describeError(error)}): let the user that Droplens runs as read it`;
  }
}

/** Loaded late: with the built-in bundle in a container nothing of it is needed after the start. */
async function explorer(generation: number) {
  const { makeExplorer } = await import("./explorer.ts");
  return makeExplorer(searchPlaces, generation);
}

function toFound(loaded: unknown, path: string, origin: string): Found {
  const parsed = parsedOf(loaded, origin);
  // The loaders know the whole path only; people get the one they would write.
  const problems = parsed.problems.map((problem) => ({ ...problem, origin }));
  if (problems.length > 0) return { problems };
  if (parsed.root === undefined) return fail(origin, emptyConfig);
  if (parsed.root.kind !== "mapping") return fail(origin, `expected a mapping with "version: 1" and "pipelines:"`);
  return { document: { origin, folder: dirname(path), root: parsed.root } };
}

const emptyConfig = 'is empty: begin with "version: 1" and "pipelines:", or remove it to use the environment variables';

function parsedOf(loaded: unknown, origin: string): Parsed {
  if (typeof loaded !== "object" || loaded === null) return { root: undefined, problems: [] };
  if ("exported" in loaded) return parseModule(loaded.exported, origin);
  return "parsed" in loaded ? (loaded.parsed as Parsed) : { root: undefined, problems: [] };
}

function fail(origin: string, message: string): Found {
  return { problems: [{ origin, path: [], message }] };
}
