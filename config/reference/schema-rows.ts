/**
 * The keys that a JSON schema allows, as rows of a table: key, type, default, meaning. In: a schema as the user writes.
 * Called by config/reference.ts.
 */
import { isObject, type JsonSchema } from "../../core/config/json-schema.ts";

export interface SchemaRow {
  /** `queue.capacity`, `sinks[].use`, `pipelines.<name>.maxAge` */
  readonly key: string;
  readonly type: string;
  readonly required: boolean;
  readonly fallback: unknown;
  readonly meaning: string;
}

export function schemaRows(schema: JsonSchema): SchemaRow[] {
  return withoutRepetition(new Walk(schema).rows(schema, "", 0));
}

/** Keys that have been told once under another key are not told again. */
function withoutRepetition(rows: readonly SchemaRow[]): SchemaRow[] {
  let left = [...rows];
  const told: string[] = [];
  for (const { key } of rows) {
    const own = below(left, key);
    if (own.length < fewRows) continue;
    const same = told.find((other) => sameRows(below(rows, other, key), own));
    told.push(key);
    if (same === undefined) continue;
    left = left.filter((row) => !row.key.startsWith(`${key}.`));
    left = left.map((row) => (row.key === key ? { ...row, meaning: `${row.meaning} (keys as in \`${same}\`)` } : row));
  }
  return left;
}

const fewRows = 3;

/** What stands under a key, relative to it; `without` and what stands under that left out. */
function below(rows: readonly SchemaRow[], key: string, without?: string): SchemaRow[] {
  const own = rows.filter((row) => row.key.startsWith(`${key}.`) && row.key !== without);
  const rest = own.filter((row) => without === undefined || !row.key.startsWith(`${without}.`));
  return rest.map((row) => ({ ...row, key: row.key.slice(key.length) }));
}

function sameRows(a: readonly SchemaRow[], b: readonly SchemaRow[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

export function tableOfRows(rows: readonly SchemaRow[]): string[] {
  const lines = rows.map(({ key, type, required, fallback, meaning }) => {
    const shown = fallback === undefined ? "" : code(fallback);
    return `| \`${key}\` | ${type} | ${required ? "required" : shown} | ${cell(meaning)} |`;
  });
  return ["| key | type | default | meaning |", "|---|---|---|---|", ...lines];
}

/** Text within a table. */
export function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");
}

const maxDepth = 6;

class Walk {
  readonly #root: JsonSchema;

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  rows(schema: JsonSchema, prefix: string, depth: number): SchemaRow[] {
    if (depth > maxDepth) return [];
    const required = Array.isArray(schema.required) ? schema.required : [];
    return Object.entries(isObject(schema.properties) ? schema.properties : {}).flatMap(([name, raw]) => {
      const property = this.#resolved(raw);
      const key = prefix + name;
      const inner = this.#inner(property).flatMap(([suffix, each]) => this.rows(each, `${key}${suffix}.`, depth + 1));
      const fallback = isObject(property.default) && inner.length > 0 ? undefined : property.default;
      const meaning = String(property.description ?? "");
      const type = this.#type(property);
      return [{ key, type, required: required.includes(name), fallback, meaning }, ...inner];
    });
  }

  /** What has keys of its own below a key: the value itself, a list's items, a mapping's values. */
  #inner(schema: JsonSchema): [string, JsonSchema][] {
    const branches = this.#branches(schema);
    if (branches.length > 0) return branches.flatMap((branch) => this.#inner(branch)).slice(0, 1);
    if (isObject(schema.properties)) return [["", schema]];
    if (isObject(schema.items)) return this.#inner(this.#resolved(schema.items)).map(([at, each]) => [`[]${at}`, each]);
    if (!isObject(schema.additionalProperties)) return [];
    return this.#inner(this.#resolved(schema.additionalProperties)).map(([at, each]) => [`.<name>${at}`, each]);
  }

  #type(schema: JsonSchema): string {
    const branches = this.#branches(schema);
    if (branches.length > 0) return eitherOf([...new Set(branches.map((branch) => this.#type(branch)))]);
    if ("const" in schema) return code(schema.const);
    if (Array.isArray(schema.enum)) return oneSpelling(schema.enum).map(code).join(", ");
    if (schema.type === "array") return `list of ${this.#type(this.#resolved(schema.items))}`;
    if (schema.type === "object" && isObject(schema.additionalProperties) && !isObject(schema.properties)) {
      const type = this.#type(this.#resolved(schema.additionalProperties));
      return type === "mapping" ? "mapping by name" : `mapping by name to ${type}`;
    }
    return scalarType(schema);
  }

  #branches(schema: JsonSchema): JsonSchema[] {
    const listed = [schema.anyOf, schema.oneOf].flatMap((list) => (Array.isArray(list) ? list : []));
    return listed.map((branch) => this.#resolved(branch));
  }

  #resolved(schema: unknown): JsonSchema {
    if (!isObject(schema)) return {};
    if (Array.isArray(schema.allOf) && schema.allOf.length === 1) {
      const { allOf, ...rest } = schema;
      return { ...this.#resolved(allOf[0]), ...rest };
    }
    const { $ref: reference, ...rest } = schema;
    if (typeof reference !== "string") return schema;
    let part: unknown = this.#root;
    for (const key of reference.replace(/^#\/?/, "").split("/")) part = isObject(part) ? part[key] : undefined;
    return { ...this.#resolved(part), ...rest };
  }
}

/** What may be written alone or as a list of the same. */
function eitherOf(types: readonly string[]): string {
  const [one = "", more] = types;
  return types.length === 2 && more === `list of ${one}` ? `${one}; one or a list` : types.join(" or ");
}

/** zod writes the bounds of safe integers where none are given. */
const isBound = (value: unknown): value is number =>
  typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER;

const typeNames: Readonly<Record<string, string>> = {
  integer: "whole number",
  number: "number",
  boolean: "`true`, `false`",
  object: "mapping",
  null: "nothing",
};

function scalarType({ type, minimum, maximum, format, pattern }: JsonSchema): string {
  if (typeof pattern === "string" && pattern.endsWith("(ms|s|m|h|d)$")) return "duration";
  if (format === "uri") return "URL";
  const name = typeNames[String(type)] ?? "text";
  const [least, most] = [isBound(minimum) ? minimum : undefined, isBound(maximum) ? maximum : undefined];
  if (least === undefined && most === undefined) return name;
  if (most === undefined) return `${name}, at least ${least}`;
  return least === undefined ? `${name}, at most ${most}` : `${name}, ${least} to ${most}`;
}

/** `info` and `INFO` are one choice. */
function oneSpelling(values: readonly unknown[]): unknown[] {
  const isSecond = (value: unknown) =>
    typeof value === "string" && value !== value.toLowerCase() && values.includes(value.toLowerCase());
  return values.filter((value) => !isSecond(value));
}

function code(value: unknown): string {
  const text = typeof value === "string" && value !== "" ? value : JSON.stringify(value);
  return `\`${cell(text.replaceAll(/(?<=[[,:])(?=["\d{[])/g, " ").replace(/^\[ /, "["))}\``;
}
