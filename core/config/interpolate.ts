/**
 * Puts `${env:NAME}`, `${env:NAME:-default}` and `${file:/path}` into the scalars of a parsed config; `$$` is a plain
 * `$`. Called by loadConfig between parsing and checking, so that what comes in is never read as YAML.
 *
 * A plain scalar that is one reference and nothing else gets the type of what comes in (9090 is a number); in quotes
 * it stays text. `${env:NAME:-}` alone, with NAME unset or empty, leaves its key out, as though it were not written.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";
import type { Environment } from "../plugin/context.ts";
import type {
  ConfigDocument,
  ConfigNode,
  Entry,
  KeyPath,
  MappingNode,
  Reference,
  Scalar,
  ScalarNode,
} from "./config-node.ts";
import { type Problem, problemAt } from "./problem.ts";
import { isSecretPath } from "./secret.ts";

export interface Interpolated {
  readonly document: ConfigDocument;
  readonly problems: readonly Problem[];
}

export function interpolate(document: ConfigDocument, environment: Environment): Interpolated {
  const problems: Problem[] = [];
  const context: Context = {
    environment,
    folder: document.folder,
    report: (path, message) => problems.push(problemAt(document, path, { message })),
  };
  return { document: { ...document, root: mapping(document.root, [], context) }, problems };
}

/** Secrets and certificates are smaller. */
export const maxReferencedFileBytes = 64 * 1024;

interface Context {
  readonly environment: Environment;
  readonly folder: string;
  report(path: KeyPath, message: string): void;
}

/** Undefined: the value is to be left out. */
function visit(node: ConfigNode, path: KeyPath, context: Context): ConfigNode | undefined {
  if (node.kind === "mapping") return mapping(node, path, context);
  if (node.kind === "scalar") return replaceScalar(node, path, context);
  const items = node.items.map((item, i) => visit(item, [...path, i], context));
  return { ...node, items: items.filter((item) => item !== undefined) };
}

function mapping(node: MappingNode, path: KeyPath, context: Context): MappingNode {
  const entries = new Map<string, Entry>();
  for (const [key, entry] of node.entries) {
    const value = visit(entry.node, [...path, key], context);
    if (value !== undefined) entries.set(key, { ...entry, node: value });
  }
  return { ...node, entries };
}

function replaceScalar(node: ScalarNode, path: KeyPath, context: Context): ScalarNode | undefined {
  const secret = isSecretPath(path);
  if (typeof node.value !== "string" || !node.value.includes("$")) return { ...node, secret };
  const parts = splitReferences(node.value);
  const brought = parts.map((part) => replacePart(part, path, context));
  const references = brought.flatMap((part) => part.reference ?? []);
  const text = brought.map((part) => part.text).join("");
  const alone = parts.length === 1 && references.length === 1;
  if (alone && text === "" && references[0]?.kind === "default") return undefined;
  const value = alone && node.plain ? coreTyped(text) : text;
  return { ...node, value, references, secret: secret || references.some(isSecretReference) };
}

/** A variable may say by its name what its value's key does not: `url: ${env:WEBHOOK_TOKEN_URL}`. */
function isSecretReference(reference: Reference): boolean {
  return reference.kind === "file" || isSecretPath([reference.name]);
}

/** Literal text, `$$`, and everything that begins like a reference. */
function splitReferences(text: string): string[] {
  return text.split(/(\$\$|\$\{[^}]*\}?)/).filter((part) => part !== "");
}

interface Brought {
  readonly text: string;
  readonly reference?: Reference;
}

function replacePart(part: string, path: KeyPath, context: Context): Brought {
  if (part === "$$") return { text: "$" };
  if (!part.startsWith("${")) return { text: part };
  const match = /^\$\{(?:env:(?<name>[A-Za-z_]\w*)(?::-(?<fallback>[^}]*))?|file:(?<file>[^}]+))\}$/.exec(part);
  const { name, fallback, file } = match?.groups ?? {};
  if (name !== undefined) return fromEnvironment(name, fallback, path, context);
  if (file !== undefined) return fromFile(file, path, context);
  context.report(
    path,
    `cannot read "${part}": write \${env:NAME}, \${env:NAME:-default} or \${file:/path}, and $$ for $`,
  );
  return { text: part };
}

function fromEnvironment(name: string, fallback: string | undefined, path: KeyPath, context: Context): Brought {
  const value = context.environment[name];
  const isSet = value !== undefined && (value !== "" || fallback === undefined);
  if (isSet) return { text: value, reference: { kind: "environment", name } };
  if (fallback !== undefined) return { text: fallback, reference: { kind: "default", name } };
  context.report(path, `environment variable ${name} is not set: set it, or write \${env:${name}:-default}`);
  // A stand-in that stops no other check: whatever the schema says about it is not the user's mistake.
  return { text: "", reference: { kind: "environment", name } };
}

function fromFile(file: string, path: KeyPath, context: Context): Brought {
  const name = resolve(context.folder, file);
  const reference: Reference = { kind: "file", path: name };
  try {
    return { text: readSmallFile(name).replace(/\r?\n$/, ""), reference };
  } catch (error) {
    context.report(path, `cannot read ${name}: ${error instanceof Error ? error.message : String(error)}`);
    return { text: "", reference };
  }
}

function readSmallFile(name: string): string {
  // O_NONBLOCK: opening a FIFO would wait for its writer for ever.
  const descriptor = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(descriptor).isFile()) throw new Error("it is no regular file");
    const bytes = Buffer.alloc(maxReferencedFileBytes + 1);
    let length = 0;
    for (;;) {
      const read = readSync(descriptor, bytes, length, bytes.length - length, null);
      length += read;
      if (length > maxReferencedFileBytes) throw new Error(`it is larger than ${maxReferencedFileBytes} bytes`);
      if (read === 0) return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** YAML 1.2 core schema, without null: an empty variable is an empty text. */
function coreTyped(text: string): Scalar {
  if (/^[-+]?(\d+|0o[0-7]+|0x[\da-fA-F]+)$/.test(text)) return Number(text.replace(/^\+/, ""));
  if (/^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/.test(text)) return Number(text);
  if (/^(true|True|TRUE)$/.test(text)) return true;
  if (/^(false|False|FALSE)$/.test(text)) return false;
  return text;
}
