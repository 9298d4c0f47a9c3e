/**
 * `droplens schema`: the JSON schema (draft-07, which yaml-language-server reads) of a config, from the core's own
 * schema and the option schemas of the built-in plugins. `use` decides which options may stand beside it.
 */
import { configSchema } from "../config/core-schema.ts";
import { isObject, type JsonSchema, jsonSchemaOf } from "../config/json-schema.ts";
import type { BuiltIn } from "../config/load.ts";
import { type BuiltInPlugins, packageName, roles } from "../config/load-plugin.ts";
import type { PluginDefinition, Role } from "../plugin/definition.ts";
import type { ExitCode, Io } from "./io.ts";
import { withSharedSchemas } from "./shared-schemas.ts";

export async function runSchema(_options: object, io: Io, builtIn: BuiltIn): Promise<ExitCode> {
  io.stdout(await jsonSchemaText(builtIn.plugins));
  return 0;
}

export async function jsonSchemaText(plugins: BuiltInPlugins): Promise<string> {
  const loaded = await Promise.all(Object.values(plugins).map((load) => load()));
  return `${JSON.stringify(configJsonSchema(loaded.map((module) => module.default)), undefined, 2)}\n`;
}

export function configJsonSchema(plugins: readonly PluginDefinition[]): JsonSchema {
  const core = jsonSchemaOf(configSchema) ?? {};
  let schema: JsonSchema = core;
  const definitions: Record<string, unknown> = { reference };
  for (const role of roles) {
    const use = partAt(core, usePlaces[role]);
    schema = replaced(schema, usePlaces[role], () => linkTo(role, use.description));
    definitions[role] = roleSchema(role, use, plugins);
  }
  for (const plugin of plugins) {
    definitions[plugin.name] = pluginSchema(plugin, partAt(core, usePlaces[plugin.role]));
  }
  return { title: "Droplens config", ...withSharedSchemas(allowReferences({ ...schema, definitions })) };
}

const pipelineProperties = ["properties", "pipelines", "additionalProperties", "properties"];

/** Where the core's schema says what a plugin's mapping looks like. */
const usePlaces: Readonly<Record<Role, readonly string[]>> = {
  source: [...pipelineProperties, "source"],
  parser: [...pipelineProperties, "parser"],
  resolver: [...pipelineProperties, "resolvers", "items"],
  sink: [...pipelineProperties, "sinks", "items"],
};

/** `${env:…}` may stand where a number or a word of a list is expected; what it brings is checked at the start. */
const reference: JsonSchema = {
  description: "A reference to an environment variable or a file",
  type: "string",
  pattern: "\\$\\{(env|file):[^}]+\\}",
};

/** In draft-07 whatever stands beside a $ref is ignored. */
function linkTo(definition: string, description: unknown): JsonSchema {
  const link = { allOf: [{ $ref: `#/definitions/${definition}` }] };
  return typeof description === "string" ? { description, ...link } : link;
}

/** Any plugin of a role: a built-in one, whose options are known, or somebody else's. */
function roleSchema(role: Role, use: JsonSchema, plugins: readonly PluginDefinition[]): JsonSchema {
  const names = plugins.filter((plugin) => plugin.role === role).map((plugin) => plugin.name);
  const { description } = partAt(use, ["properties", "use"]);
  const foreign = { type: "string", pattern: `^\\.{0,2}/|${packageName.source}` };
  const properties = { ...partAt(use, ["properties"]), use: { description, anyOf: [{ enum: names }, foreign] } };
  const allOf = names.map((name) => ({
    if: { properties: { use: { const: name } }, required: ["use"] },
    // biome-ignore lint/suspicious/noThenProperty: JSON schema's own word; nothing awaits this.
    then: { $ref: `#/definitions/${name}` },
  }));
  return { type: "object", required: ["use"], properties, allOf };
}

/** Without a JSON schema of its own, a plugin's options are left to the start. */
function pluginSchema(plugin: PluginDefinition, use: JsonSchema): JsonSchema {
  const { $schema, ...own } = jsonSchemaOf(plugin.options) ?? { additionalProperties: true };
  const required = Array.isArray(own.required) ? own.required : [];
  const properties = { ...partAt(use, ["properties"]), use: { const: plugin.name }, ...partAt(own, ["properties"]) };
  return { type: "object", ...own, required: ["use", ...required], properties };
}

const scalarTypes: readonly unknown[] = ["number", "integer", "boolean"];

function allowReferences(schema: JsonSchema): JsonSchema {
  const { description, default: fallback, ...rest } = walk(schema);
  const isScalar = scalarTypes.includes(schema.type) || "pattern" in schema || "enum" in schema || "format" in schema;
  if (!isScalar || "const" in schema || schema === reference) return walk(schema);
  const anyOf = [rest, { $ref: "#/definitions/reference" }];
  return {
    ...(description !== undefined && { description }),
    ...(fallback !== undefined && { default: fallback }),
    anyOf,
  };
}

/** The same for every schema within. `use` is taken out: a plugin's name decides what else may be written. */
function walk(schema: JsonSchema): JsonSchema {
  const entries = Object.entries(schema).map(([key, value]): [string, unknown] => {
    if (["items", "additionalProperties"].includes(key) && isObject(value)) return [key, allowReferences(value)];
    if (["anyOf", "oneOf"].includes(key) && Array.isArray(value)) {
      return [key, value.map((each: unknown) => (isObject(each) ? allowReferences(each) : each))];
    }
    if (["properties", "definitions"].includes(key) && isObject(value)) {
      const inner = Object.entries(value).map(([name, each]) => [
        name,
        isObject(each) && name !== "use" ? allowReferences(each) : each,
      ]);
      return [key, Object.fromEntries(inner)];
    }
    return [key, value];
  });
  return Object.fromEntries(entries);
}

function partAt(schema: JsonSchema, path: readonly string[]): JsonSchema {
  let part = schema;
  for (const key of path) {
    const next = part[key];
    part = isObject(next) ? next : {};
  }
  return part;
}

function replaced(schema: JsonSchema, path: readonly string[], change: (old: JsonSchema) => JsonSchema): JsonSchema {
  const [key, ...rest] = path;
  if (key === undefined) return change(schema);
  return { ...schema, [key]: replaced(partAt(schema, [key]), rest, change) };
}
