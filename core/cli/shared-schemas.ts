/**
 * Makes a JSON schema small: what stands in it more than once becomes a definition of its own, and a reference where it
 * stood. In and out: a schema of draft-07. Called by schema.ts at the end.
 */
import { isObject, type JsonSchema } from "../config/json-schema.ts";

/** Below, a reference would be hardly shorter. */
const leastChars = 300;

export function withSharedSchemas(schema: JsonSchema): JsonSchema {
  const sharing = new Sharing(schema);
  const { definitions, ...rest } = sharing.within(schema);
  return { ...rest, definitions: { ...(isObject(definitions) ? definitions : {}), ...sharing.definitions } };
}

class Sharing {
  readonly definitions: Record<string, JsonSchema> = {};
  readonly #counts = new Map<string, number>();
  readonly #names = new Map<string, string>();
  readonly #taken: Set<string>;

  constructor(schema: JsonSchema) {
    this.#taken = new Set(Object.keys(isObject(schema.definitions) ? schema.definitions : {}));
    this.#count(schema);
  }

  /** The schema with references in it; it stays where it is itself. */
  within(schema: JsonSchema): JsonSchema {
    return mapChildren(schema, (child, name) => this.#shared(child, name));
  }

  #shared(schema: JsonSchema, name: string): JsonSchema {
    const text = JSON.stringify(schema);
    if ((this.#counts.get(text) ?? 0) < 2) return this.within(schema);
    const known = this.#names.get(text) ?? this.#define(text, name, schema);
    return { $ref: `#/definitions/${known}` };
  }

  #define(text: string, wanted: string, schema: JsonSchema): string {
    let name = wanted;
    for (let number = 2; this.#taken.has(name); number++) name = `${wanted}-${number}`;
    this.#taken.add(name);
    this.#names.set(text, name);
    this.definitions[name] = this.within(schema);
    return name;
  }

  #count(schema: JsonSchema): void {
    mapChildren(schema, (child) => {
      const text = JSON.stringify(child);
      if (text.length < leastChars) return child;
      const count = (this.#counts.get(text) ?? 0) + 1;
      this.#counts.set(text, count);
      // What is within the second one is counted with the first.
      if (count === 1) this.#count(child);
      return child;
    });
  }
}

/** Calls `change` for each schema right within this one, with the name of the key that leads there. */
function mapChildren(schema: JsonSchema, change: (child: JsonSchema, name: string) => JsonSchema): JsonSchema {
  const changed = (value: unknown, name: string): unknown => (isObject(value) ? change(value, name) : value);
  const entries = Object.entries(schema).map(([key, value]): [string, unknown] => {
    if (key === "properties" && isObject(value)) return [key, mapped(value, changed)];
    if (key === "definitions" && isObject(value)) {
      return [key, mapped(value, (each) => (isObject(each) ? mapChildren(each, change) : each))];
    }
    if (["items", "additionalProperties"].includes(key)) return [key, changed(value, "item")];
    if (["anyOf", "oneOf"].includes(key) && Array.isArray(value)) {
      return [key, value.map((each: unknown) => changed(each, "choice"))];
    }
    return [key, value];
  });
  return Object.fromEntries(entries);
}

function mapped(values: JsonSchema, change: (value: unknown, name: string) => unknown): JsonSchema {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value, name)]));
}
