/**
 * Finds the plugin that a config names: a built-in, a package, or a file beside the config. In: what stands after
 * `use:`. Out: its definition, proven to be one, or a sentence that says why not. Called by check.ts; nothing that a
 * config does not name is loaded.
 */
import { readFile, realpath } from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { apiVersion, type PluginDefinition, type Role } from "../plugin/definition.ts";
import { describeError } from "../plugin/errors.ts";
import { asPlugin } from "../plugin-at-work.ts";
import { isObject, type JsonSchema } from "./json-schema.ts";
import { provideOwnPackages } from "./own-packages.ts";
import { didYouMean } from "./suggest.ts";

/** The built-in plugins: name → how to load it. config/plugins.ts has the only one. */
export type BuiltInPlugins = Readonly<Record<string, () => Promise<{ readonly default: PluginDefinition }>>>;

export interface LoadedPlugin {
  readonly definition: PluginDefinition;
  readonly from: PluginOrigin;
  /** Undefined for a built-in one, whose version is Droplens' own, and where nobody says. */
  readonly version: string | undefined;
}

export type PluginOrigin =
  | { readonly kind: "built-in" }
  | { readonly kind: "package"; readonly path: string }
  | { readonly kind: "path"; readonly path: string };

export type LoadResult =
  | { readonly ok: true; readonly plugin: LoadedPlugin }
  | { readonly ok: false; readonly problem: string };

export const roles: readonly Role[] = ["source", "parser", "resolver", "sink"];

/** `folder` is the config file's: packages and paths are looked for from there. */
export async function loadPlugin(use: string, builtIns: BuiltInPlugins, folder: string): Promise<LoadResult> {
  const builtIn = Object.hasOwn(builtIns, use) ? builtIns[use] : undefined;
  if (builtIn !== undefined) return loadBuiltIn(use, builtIn);
  if (/^\.{0,2}\//.test(use)) return loadFile(use, resolve(folder, use));
  if (isPackageName(use)) return loadPackage(use, folder);
  return { ok: false, problem: unknownPlugin(use, builtIns) };
}

/** Third-party packages are told by their name, so that a typo in a built-in name is not looked for on the disk. */
export const packageName = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?droplens-plugin-[a-z0-9._~-]+$/;

function isPackageName(use: string): boolean {
  return packageName.test(use);
}

function unknownPlugin(use: string, builtIns: BuiltInPlugins): string {
  const names = Object.keys(builtIns);
  const suggestion = didYouMean(use, names) || ` (built in: ${names.join(", ")})`;
  return `unknown plugin "${use}"${suggestion}; a package is named droplens-plugin-…, a file begins with "./"`;
}

async function loadBuiltIn(use: string, load: () => Promise<unknown>): Promise<LoadResult> {
  const from = { kind: "built-in" } as const;
  try {
    return examine(use, await load(), { from, version: undefined });
  } catch (error) {
    return { ok: false, problem: `cannot load plugin "${use}": ${describeError(error)}` };
  }
}

/** A file of a plugin's package has the package's version; any other file none but what it says itself. */
async function loadFile(use: string, path: string): Promise<LoadResult> {
  const manifest = await readManifest(findManifest(".", path));
  const isPlugin = typeof manifest.name === "string" && isPackageName(manifest.name);
  return importPlugin(use, { from: { kind: "path", path }, version: isPlugin ? versionOf(manifest) : undefined });
}

async function loadPackage(use: string, folder: string): Promise<LoadResult> {
  // An image that was made FROM ours has its plugins beside the program, its config wherever a ConfigMap is mounted.
  const manifestPath = findManifest(use, join(folder, "droplens.yaml")) ?? findManifest(use, ownPath);
  if (manifestPath === undefined) {
    const where = `in ${folder} or above, nor beside the program`;
    return { ok: false, problem: `package "${use}" is not installed ${where}: npm install ${use}` };
  }
  const manifest = await readManifest(manifestPath);
  const path = join(dirname(manifestPath), entryOf(manifest));
  return importPlugin(use, { from: { kind: "package", path }, version: versionOf(manifest) });
}

const ownPath = fileURLToPath(import.meta.url);

function findManifest(what: string, from: string): string | undefined {
  try {
    return findPackageJSON(what, pathToFileURL(from));
  } catch {
    return undefined;
  }
}

/** Without one that can be read, importing tells what is wrong. */
async function readManifest(path: string | undefined): Promise<JsonSchema> {
  try {
    const manifest: unknown = path === undefined ? {} : JSON.parse(await readFile(path, "utf8"));
    return isObject(manifest) ? manifest : {};
  } catch {
    return {};
  }
}

function versionOf({ version }: JsonSchema): string | undefined {
  return typeof version === "string" ? version : undefined;
}

type ForeignPlugin = { readonly from: { readonly path: string } & PluginOrigin; readonly version: string | undefined };

async function importPlugin(use: string, found: ForeignPlugin): Promise<LoadResult> {
  const { path } = found.from;
  provideOwnPackages();
  try {
    const module: unknown = await asPlugin(use, () => import(pathToFileURL(path).href));
    return examine(use, module, found);
  } catch (error) {
    const problem = `cannot load plugin "${use}"${shownVersion(found.version)}: ${describeError(error)}`;
    // Node tells a symlink's target: what a ConfigMap mounts is one.
    return { ok: false, problem: `${problem}${placeOf(error, await realpath(path).catch(() => path))}` };
  }
}

/** ` (sink.mjs:3)`: where in the plugin's folder it went wrong, which Node tells in the stack only. */
function placeOf(error: unknown, path: string): string {
  // Node keeps the place of a syntax error to itself.
  if (error instanceof Error && error.name === "SyntaxError") return ` (node --check ${path} shows where)`;
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  for (const [, file = "", line] of stack.matchAll(/(?:file:\/\/)?(\/[^\s():]+):(\d+)/g)) {
    if (isBeside(file, path)) return ` (${relative(dirname(path), file) || basename(file)}:${line})`;
  }
  return "";
}

function isBeside(file: string, path: string): boolean {
  const folder = `${dirname(path)}/`;
  return file.startsWith(folder) && !file.slice(folder.length).includes("node_modules/");
}

function shownVersion(version: string | undefined): string {
  return version === undefined ? "" : ` ${version}`;
}

/**
 * The file that `import` would take. import.meta.resolve takes no other place to start from without a flag, and
 * require.resolve refuses packages that only export for `import`.
 */
function entryOf(manifest: { readonly [key: string]: unknown }): string {
  const { exports } = manifest;
  const main = isObject(exports) && "." in exports ? exports["."] : exports;
  return conditional(main) ?? (typeof manifest.main === "string" ? manifest.main : "index.js");
}

function conditional(target: unknown): string | undefined {
  if (typeof target === "string") return target;
  if (!isObject(target)) return undefined;
  const conditions = ["node", "import", "module-sync", "default"];
  const key = Object.keys(target).find((name) => conditions.includes(name));
  return key === undefined ? undefined : conditional(target[key]);
}

/** By properties, never by instanceof: a plugin has its own copies of everything. */
function examine(use: string, module: unknown, found: Omit<LoadedPlugin, "definition">): LoadResult {
  const definition = exportOf(module);
  if (!isObject(definition)) {
    const who = `"${use}"${shownVersion(found.version)}`;
    return { ok: false, problem: `${who} exports no plugin: make definePlugin({…}) its default export` };
  }
  const version = typeof definition.version === "string" ? definition.version : found.version;
  const name = typeof definition.name === "string" ? definition.name : use;
  const fault = faultOf(definition);
  if (fault !== undefined) {
    return { ok: false, problem: `plugin ${name}${shownVersion(version)} ${fault}` };
  }
  return { ok: true, plugin: { ...found, version, definition: definition as unknown as PluginDefinition } };
}

function exportOf(module: unknown): unknown {
  if (!isObject(module)) return undefined;
  const exported = module.default ?? module.plugin;
  // A CommonJS file compiled from TypeScript has its default export one level deeper.
  return isObject(exported) && isObject(exported.default) && !("role" in exported) ? exported.default : exported;
}

function faultOf(definition: { readonly [key: string]: unknown }): string | undefined {
  if (definition.apiVersion !== apiVersion) {
    const made = JSON.stringify(definition.apiVersion) ?? "none";
    return `is made for plugin API ${made}, this Droplens has ${apiVersion}: install a version of it that fits`;
  }
  if (typeof definition.name !== "string" || !/^[a-z0-9][a-z0-9-]{0,62}$/.test(definition.name)) {
    return 'has no proper name: like "sink-webhook", lower case, at most 63 characters';
  }
  if (!roles.some((role) => role === definition.role)) {
    return `has no role: one of ${roles.join(", ")} (got ${JSON.stringify(definition.role)})`;
  }
  if (typeof definition.create !== "function") return "has no create function";
  const schema = isSchemaLike(definition.options) ? definition.options["~standard"] : undefined;
  const isStandard = isObject(schema) && schema.version === 1 && typeof schema.validate === "function";
  return isStandard ? undefined : "has no options schema: any Standard Schema will do (zod, valibot, arktype)";
}

/** Arktype's schemas are functions. */
function isSchemaLike(value: unknown): value is { readonly "~standard"?: unknown } {
  return isObject(value) || typeof value === "function";
}
