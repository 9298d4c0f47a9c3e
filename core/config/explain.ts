/**
 * Words what a schema found wrong, with the place in the file. In: issues of any Standard Schema (zod's carry more:
 * their `code`). Out: problems. Called by check.ts for the core's keys and for each plugin's options.
 */
import { type ConfigDocument, type ConfigNode, type KeyPath, nodeAt, type Reference, toValue } from "./config-node.ts";
import { isObject, type JsonSchema, propertiesAt } from "./json-schema.ts";
import { type Problem, problemAt } from "./problem.ts";
import { redacted, withoutSecrets } from "./secret.ts";
import { didYouMean } from "./suggest.ts";

export interface Explained {
  readonly document: ConfigDocument;
  /** Where the checked value stands in the document. */
  readonly base: KeyPath;
  /** For suggestions. */
  readonly jsonSchema: JsonSchema | undefined;
  /** Keys that are allowed beside the schema's own at its top. */
  readonly coreKeys: readonly string[];
}

export function explainIssues(issues: readonly unknown[], explained: Explained): Problem[] {
  return issues.flatMap((issue) => explainIssue(toIssue(issue), explained));
}

interface Issue {
  readonly code: string | undefined;
  readonly message: string;
  readonly path: KeyPath;
  readonly details: { readonly [key: string]: unknown };
}

function explainIssue(issue: Issue, explained: Explained): Problem[] {
  if (issue.code === "unrecognized_keys") return unknownKeys(issue, explained);
  if (issue.code === "invalid_union") return explainUnion(issue, explained);
  const path = [...explained.base, ...issue.path];
  const node = nodeAt(explained.document.root, path);
  if (node === undefined) return [missing(issue, path, explained)];
  const at = issue.code === "invalid_key" ? "key" : "value";
  const message = withoutSecrets(messageOf(issue, node), explained.document.root);
  return [problemAt(explained.document, path, { message: message + cameFrom(node), at })];
}

function unknownKeys(issue: Issue, explained: Explained): Problem[] {
  const keys = Array.isArray(issue.details.keys) ? issue.details.keys.map(String) : [];
  const core = issue.path.length === 0 ? explained.coreKeys : [];
  const known = [...propertiesAt(explained.jsonSchema, issue.path).keys(), ...core];
  const shown = [...explained.base, ...issue.path];
  return keys.map((key) => {
    const suggestion = didYouMean(key, known) || (known.length > 0 ? ` (known here: ${known.join(", ")})` : "");
    const message = `unknown key ${JSON.stringify(key)}${suggestion}`;
    return problemAt(explained.document, [...shown, key], { message, at: "key", shown });
  });
}

/** The branch that fits best speaks; if none fits at all, what would have been right is listed. */
function explainUnion(issue: Issue, explained: Explained): Problem[] {
  const branches = (Array.isArray(issue.details.errors) ? issue.details.errors : []).map((branch: unknown) =>
    (Array.isArray(branch) ? branch : []).map((inner: unknown) => {
      const { path, ...rest } = toIssue(inner);
      return { ...rest, path: [...issue.path, ...path] };
    }),
  );
  const isWrongType = (inner: Issue) => inner.code === "invalid_type" && inner.path.length === issue.path.length;
  const nearest = branches.find((branch) => branch.length > 0 && !branch.some(isWrongType));
  if (nearest !== undefined) return nearest.flatMap((inner) => explainIssue(inner, explained));
  const expected = branches.flat().map((inner) => typeName(inner.details.expected));
  const merged = { ...issue, code: "invalid_type", details: { expected: [...new Set(expected)].join(" or ") } };
  return explainIssue(merged, explained);
}

function missing(issue: Issue, path: KeyPath, explained: Explained): Problem {
  const key = path.at(-1);
  const isDefault = issue.code !== undefined || /required|undefined/i.test(issue.message);
  const message = isDefault ? `missing required key ${JSON.stringify(key)}` : `${String(key)}: ${issue.message}`;
  return problemAt(explained.document, path, { message, shown: path.slice(0, -1) });
}

function messageOf(issue: Issue, node: ConfigNode): string {
  const got = describeValue(node);
  if (issue.code === "invalid_value") return expectedOneOf(issue, node);
  if (issue.code === "invalid_key") return innerMessage(issue) ?? issue.message;
  if (issue.code === "invalid_type" && issue.message.startsWith("Invalid input")) {
    return `expected ${typeName(issue.details.expected)}, got ${got}${typeHint(issue, node)}`;
  }
  const message = issue.message.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
  return node.kind === "scalar" && issue.code !== undefined ? `${message} (got ${got})` : message;
}

function expectedOneOf(issue: Issue, node: ConfigNode): string {
  const values = Array.isArray(issue.details.values) ? issue.details.values : [];
  const written = toValue(node);
  // The same word in two spellings of case is one choice.
  const choices = values.filter((value) => typeof value !== "string" || !values.includes(lowerCased(value)));
  const list = choices.map((value) => JSON.stringify(value)).join(", ");
  const suggestion = typeof written === "string" ? didYouMean(written, choices.map(String)) : "";
  return `expected ${choices.length > 1 ? "one of " : ""}${list}, got ${describeValue(node)}${suggestion}`;
}

function lowerCased(value: string): string | undefined {
  return value.toLowerCase() === value ? undefined : value.toLowerCase();
}

function innerMessage(issue: Issue): string | undefined {
  const inner: unknown = Array.isArray(issue.details.issues) ? issue.details.issues[0] : undefined;
  return inner === undefined ? undefined : toIssue(inner).message;
}

function describeValue(node: ConfigNode): string {
  if (node.kind === "mapping") return "a mapping";
  if (node.kind === "sequence") return "a list";
  if (node.secret && typeof node.value === "string") return redacted;
  if (node.value === null) return "nothing";
  const text = JSON.stringify(node.value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** What most often is behind a wrong type in YAML. */
function typeHint(issue: Issue, node: ConfigNode): string {
  if (node.kind !== "scalar") return "";
  const isText = typeName(issue.details.expected).includes("text");
  const isUse = /^(source|parser|resolvers|sinks)$/.test(String(issue.path[2])) && issue.path.length <= 4;
  if (isUse && !isText && typeof node.value === "string") return `: write { use: ${node.value} }`;
  if (typeof node.value !== "string") return isText && node.value !== null ? ": put it in quotes" : "";
  return !isText && node.references.length > 0 && !node.plain
    ? ": a reference in quotes stays text, take them off"
    : "";
}

function cameFrom(node: ConfigNode): string {
  if (node.kind !== "scalar" || node.references.length === 0) return "";
  return `; it came from ${node.references.map(describeReference).join(", ")}`;
}

export function describeReference(reference: Reference): string {
  if (reference.kind === "environment") return `env ${reference.name}`;
  return reference.kind === "default" ? `default of env ${reference.name}` : `file ${reference.path}`;
}

const typeNames: Readonly<Record<string, string>> = {
  string: "text",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
};

function typeName(expected: unknown): string {
  return typeNames[String(expected)] ?? String(expected);
}

function toIssue(raw: unknown): Issue {
  const details = isObject(raw) ? raw : {};
  const path = (Array.isArray(details.path) ? details.path : []).map((part: unknown) => {
    const key = isObject(part) ? part.key : part;
    return typeof key === "number" ? key : String(key);
  });
  const code = typeof details.code === "string" ? details.code : undefined;
  return { code, message: String(details.message ?? "not valid"), path, details };
}
