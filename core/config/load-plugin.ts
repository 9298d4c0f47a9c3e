/**
 * Finds the plugin that a config names: a built-in, a package, or a file beside the config. In: what stands after
 * `use:`. Out: its definition, proven to be one, or a sentence that says why not. Called by check.ts; nothing that a
 * config does not name is loaded.
 */
import { readFile } from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { apiVersion, type PluginDefinition, type Role } from "../plugin/definition.ts";
import { describeError } from "../plugin/errors.ts";
import { isObject } from "./json-schema.ts";
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
  try {
    const builtIn = Object.hasOwn(builtIns, use) ? builtIns[use] : undefined;
    if (builtIn !== undefined) return examine(use, await builtIn(), { from: { kind: "built-in" }, version: undefined });
    if (/^\.{0,2}\//.test(use)) return await loadFile(use, resolve(folder, use));
    if (isPackageName(use)) return await loadPackage(use, folder);
    return { ok: false, problem: unknownPlugin(use, builtIns) };
  } catch (error) {
    return { ok: false, problem: `cannot load plugin "${use}": ${describeError(error)}` };
  }
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

async function loadFile(use: string, path: string): Promise<LoadResult> {
  const module: unknown = await import(pathToFileURL(path).href);
  return examine(use, module, { from: { kind: "path", path }, version: undefined });
}

async function loadPackage(use: string, folder: string): Promise<LoadResult> {
  const manifestPath = findManifest(use, folder);
  if (manifestPath === undefined) {
    return { ok: false, problem: `package "${use}" is not installed in ${folder} or above: npm install ${use}` };
  }
  const manifest: unknown = JSON.parse(await readFile(manifestPath, "utf8"));
  const entry = entryOf(isObject(manifest) ? manifest : {});
  const path = join(dirname(manifestPath), entry);
  const version = isObject(manifest) && typeof manifest.version === "string" ? manifest.version : undefined;
  const module: unknown = await import(pathToFileURL(path).href);
  return examine(use, module, { from: { kind: "package", path }, version });
}

function findManifest(use: string, folder: string): string | undefined {
  try {
    return findPackageJSON(use, pathToFileURL(join(folder, "droplens.yaml")));
  } catch {
    return undefined;
  }
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
    return { ok: false, problem: `"${use}" exports no plugin: make definePlugin({…}) its default export` };
  }
  const version = typeof definition.version === "string" ? definition.version : found.version;
  const name = typeof definition.name === "string" ? definition.name : use;
  const fault = faultOf(definition);
  if (fault !== undefined) {
    return { ok: false, problem: `plugin ${name}${version === undefined ? "" : ` ${version}`} ${fault}` };
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
