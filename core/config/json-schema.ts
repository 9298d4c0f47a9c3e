/**
 * The JSON schema of an option schema (draft-07, as the user writes it), for whichever library made it, and a few
 * questions about it. Used to suggest keys, to show defaults and to build the editors' schema.
 */
import type { StandardSchema } from "../plugin/standard-schema.ts";
import type { KeyPath } from "./config-node.ts";

export type JsonSchema = { readonly [key: string]: unknown };

/** Undefined when the library cannot say (see https://standardschema.dev/json-schema), or cannot say it for this one. */
export function jsonSchemaOf(schema: StandardSchema): JsonSchema | undefined {
  const converter: unknown = Reflect.get(schema["~standard"], "jsonSchema");
  if (!isObject(converter) || typeof converter.input !== "function") return undefined;
  try {
    const made: unknown = converter.input({ target: "draft-07" });
    return isObject(made) ? made : undefined;
  } catch {
    // A custom type has no JSON schema; the plugin's own check still holds.
    return undefined;
  }
}

/** The keys that may stand at `path`, with their schemas. */
export function propertiesAt(schema: JsonSchema | undefined, path: KeyPath): ReadonlyMap<string, JsonSchema> {
  let level = schema === undefined ? [] : [schema];
  for (const key of path) level = level.flatMap((part) => alternatives(part)).flatMap((part) => child(part, key));
  const properties = new Map<string, JsonSchema>();
  for (const part of level.flatMap((each) => alternatives(each))) {
    for (const [name, value] of Object.entries(isObject(part.properties) ? part.properties : {})) {
      if (isObject(value)) properties.set(name, value);
    }
  }
  return properties;
}

export function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The schema itself and what it says may hold instead. Two levels are enough for option schemas. */
function alternatives(schema: JsonSchema, depth = 0): JsonSchema[] {
  const branches = [schema.anyOf, schema.oneOf, schema.allOf].flatMap((list) => (Array.isArray(list) ? list : []));
  if (depth > 3) return [schema];
  return [schema, ...branches.filter(isObject).flatMap((branch) => alternatives(branch, depth + 1))];
}

function child(schema: JsonSchema, key: string | number): JsonSchema[] {
  const property = isObject(schema.properties) ? schema.properties[key] : undefined;
  const found = typeof key === "number" ? schema.items : (property ?? schema.additionalProperties);
  return isObject(found) ? [found] : [];
}
