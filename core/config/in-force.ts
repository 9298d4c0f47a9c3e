/**
 * The config in force as people write it: what they wrote, references replaced, defaults filled in, secrets redacted,
 * and at each value where it came from. In: what loadConfig found. Out: a YAML document. Called by print-config.
 */
import { Document, isCollection, type Node, Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import type { CheckedUse } from "./checked-use.ts";
import type { ConfigDocument, ConfigNode, KeyPath, MappingNode, Position, ScalarNode } from "./config-node.ts";
import { configSchema, coreUseKeys, useSchemas } from "./core-schema.ts";
import { describeReference } from "./explain.ts";
import { isObject, type JsonSchema, jsonSchemaOf, propertiesAt } from "./json-schema.ts";
import type { LoadDetails } from "./load.ts";
import type { LoadedPlugin } from "./load-plugin.ts";
import { formatPath, formatPlace } from "./problem.ts";
import { isSecretPath, shown } from "./secret.ts";

export function configInForce({ document, uses }: LoadDetails, version: string): Document {
  const writer = new InForceWriter(document, uses, version);
  const yaml = new Document(writer.node(document.root, { path: [], schema: jsonSchemaOf(configSchema) }));
  yaml.commentBefore = ` ${document.origin}, every default filled in`;
  return yaml;
}

interface Place {
  readonly path: KeyPath;
  readonly schema: JsonSchema | undefined;
}

class InForceWriter {
  readonly #document: ConfigDocument;
  readonly #uses: ReadonlyMap<string, CheckedUse>;
  readonly #version: string;

  constructor(document: ConfigDocument, uses: readonly CheckedUse[], version: string) {
    this.#document = document;
    this.#uses = new Map(uses.map((use) => [formatPath(use.path), use]));
    this.#version = version;
  }

  node(node: ConfigNode, place: Place): Node {
    if (node.kind === "scalar") return this.#scalar(node, place.path);
    if (node.kind === "mapping") {
      const use = this.#uses.get(formatPath(place.path));
      return use === undefined ? this.#mapping(node, place) : this.#plugin(node, use);
    }
    const items = isObject(place.schema?.items) ? place.schema.items : undefined;
    const list = new YAMLSeq<Node>();
    list.items = node.items.map((item, i) => this.node(item, { path: [...place.path, i], schema: items }));
    if (node.items.length === 0) list.comment = ` ${this.#place(node.position)}`;
    return list;
  }

  /** The schema's keys in its order, then what else was written (names that the user chose). */
  #mapping(node: MappingNode, { path, schema }: Place): YAMLMap {
    const properties = propertiesAt(schema, []);
    const map = new YAMLMap<Scalar<string>, Node>();
    for (const key of new Set([...properties.keys(), ...node.entries.keys()])) {
      const written = node.entries.get(key)?.node;
      const inner =
        properties.get(key) ?? (isObject(schema?.additionalProperties) ? schema.additionalProperties : undefined);
      const place = { path: [...path, key], schema: inner };
      const value = written === undefined ? this.#default(inner, place) : this.node(written, place);
      if (value !== undefined) map.items.push(pairOf(key, value));
    }
    return map;
  }

  #plugin(node: MappingNode, { path, plugin, role, options }: CheckedUse): YAMLMap {
    const core = this.#mapping(
      only(node, (key) => coreUseKeys[role].includes(key)),
      {
        path,
        schema: jsonSchemaOf(useSchemas[role]),
      },
    );
    const use = core.items.find((pair) => pair.key instanceof Scalar && pair.key.value === "use")?.value;
    if (use instanceof Scalar) use.comment = ` ${originOf(plugin, this.#version)},${use.comment ?? ""}`;
    const schema = jsonSchemaOf(plugin.definition.options);
    const own = only(node, (key) => !coreUseKeys[role].includes(key));
    const map = this.#mapping(own, { path, schema });
    if (schema === undefined) map.items.push(...defaultsOf(options, own, path));
    map.items.unshift(...core.items);
    return map;
  }

  #default(schema: JsonSchema | undefined, place: Place): Node | undefined {
    if (schema?.default === undefined) return undefined;
    // A mapping with keys that have defaults of their own.
    if (isObject(schema.default) && propertiesAt(schema, []).size > 0) {
      return this.#mapping({ kind: "mapping", entries: new Map() }, place);
    }
    return defaultNode(schema.default);
  }

  #scalar(node: ScalarNode, path: KeyPath): Scalar {
    const text = shown(node.value, node.secret || isSecretPath(path));
    // What is printed can be used as a config again.
    const value = new Scalar(typeof text === "string" ? text.replace(/\$(?=[{$])/g, "$$$$") : text);
    const place = this.#place(node.position);
    const came = node.references.map(describeReference).join(", ");
    value.comment = ` ${came === "" ? place : `${came} (${place})`}`;
    return value;
  }

  #place(position: Position | undefined): string {
    return formatPlace(this.#document.origin, position);
  }
}

/** "built in, 0.1.0"; "package 1.2.0"; "file". */
export function originOf({ from, version }: LoadedPlugin, ownVersion: string): string {
  if (from.kind === "built-in") return `built in, ${ownVersion}`;
  return `${from.kind === "package" ? "package" : "file"}${version === undefined ? "" : ` ${version}`}`;
}

function only(node: MappingNode, keep: (key: string) => boolean): MappingNode {
  return { ...node, entries: new Map([...node.entries].filter(([key]) => keep(key))) };
}

/** Where a schema cannot say its defaults, they are what it added to what was written. */
function defaultsOf(options: unknown, written: MappingNode, path: KeyPath): Pair<Scalar<string>, Node>[] {
  if (!isObject(options)) return [];
  const added = Object.entries(options).filter(([key, value]) => value !== undefined && !written.entries.has(key));
  return added.map(([key, value]) => pairOf(key, defaultNode(shown(value, isSecretPath([...path, key])))));
}

function defaultNode(value: unknown): Node {
  const node = new Document(value).contents ?? new Scalar(null);
  node.comment = " default";
  return node;
}

function pairOf(key: string, value: Node): Pair<Scalar<string>, Node> {
  const name = new Scalar(key);
  // An empty list or mapping is written on its key's line, where its own comment has no place.
  if (isCollection(value) && value.items.length === 0) {
    name.commentBefore = value.comment ?? null;
    value.comment = null;
    value.flow = true;
  }
  return new Pair(name, value);
}
