/**
 * Makes the files of a new plugin's package: a template of its role under the new name. In: role and name, as people
 * typed them. Out: paths and texts, or what is wrong with the name. Called by create-plugin.ts.
 */
import { roles } from "../../config/load-plugin.ts";
import type { Role } from "../../plugin/definition.ts";
import { version } from "../../version.ts";
import { templates } from "./templates.ts";

export interface PluginPackage {
  /** `droplens-plugin-sink-my-webhook`. */
  readonly name: string;
  /** By path, relative to the package's folder. */
  readonly files: ReadonlyMap<string, string>;
}

export type PackageResult =
  | { readonly ok: true; readonly package: PluginPackage }
  | { readonly ok: false; readonly problem: string };

export interface PackageRequest {
  readonly role: string;
  /** What comes after the role: `my-webhook`. */
  readonly thing: string;
  /** What package.json asks for: a version range, `file:../droplens-0.1.0.tgz`. */
  readonly droplens?: string | undefined;
}

export function pluginPackage({ role, thing, droplens = `^${version}` }: PackageRequest): PackageResult {
  if (!isRole(role)) return { ok: false, problem: `no role "${role}": one of ${roles.join(", ")}` };
  const problem = problemOfName(thing, role);
  if (problem !== undefined) return { ok: false, problem };
  const { thing: old, files } = templates[role];
  const named = Object.entries(files).map(([path, text]): [string, string] => [
    renamed(path, old, thing),
    path === "package.json" ? withDroplens(renamed(text, old, thing), droplens) : renamed(text, old, thing),
  ]);
  return { ok: true, package: { name: `droplens-plugin-${role}-${thing}`, files: new Map(named) } };
}

function isRole(role: string): role is Role {
  return roles.some((known) => known === role);
}

/** A plugin's name is a metric label and has 63 characters at most. */
function problemOfName(thing: string, role: Role): string | undefined {
  const bare = thing.replace(new RegExp(`^(droplens-plugin-)?(${role}-)?`), "");
  if (bare !== thing && bare !== "") return `the name is put together here: write ${role} ${bare}`;
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(thing)) {
    return `no name "${thing}": lower-case words with hyphens between them, like my-webhook, beginning with a letter`;
  }
  const longest = 63 - `${role}-`.length;
  return thing.length > longest ? `the name has ${thing.length} characters: ${longest} at most` : undefined;
}

/** In all the ways in which a name is written: my-webhook, MyWebhook, my_webhook. */
function renamed(text: string, old: string, thing: string): string {
  return text
    .replaceAll(capital(old), thing.split("-").map(capital).join(""))
    .replaceAll(`_${old}_`, `_${thing.replaceAll("-", "_")}_`)
    .replaceAll(new RegExp(`\\b${old}\\b`, "g"), thing);
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function withDroplens(manifest: string, droplens: string): string {
  return manifest.replace(
    /("devDependencies": \{[^}]*"droplens": )"[^"]*"/,
    (_, head) => head + JSON.stringify(droplens),
  );
}
