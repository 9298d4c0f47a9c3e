/**
 * Turns the text of a YAML or JSON config into a tree with positions, or says what is wrong with it. Called by find.ts
 * and for the built-in bundle. Bounded against hostile files: aliases, nesting, prototype keys.
 */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from "yaml";
import {
  type ConfigNode,
  type Entry,
  maxDepth,
  maxNodes,
  type Position,
  reservedKeys,
  type Scalar,
  scalar,
} from "./config-node.ts";
import type { Problem } from "./problem.ts";

export interface Parsed {
  /** Undefined when the text is empty or cannot be read at all. */
  readonly root: ConfigNode | undefined;
  readonly problems: readonly Problem[];
}

export function parseYaml(text: string, origin: string): Parsed {
  const lines = new LineCounter();
  const at = (offset: number | undefined): Position | undefined => {
    if (offset === undefined) return undefined;
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const parsed = parseBounded(text, lines);
  if (typeof parsed === "string") return { root: undefined, problems: [{ origin, path: [], message: parsed }] };
  // What follows a first syntax error is mostly its echo.
  const problems = [...parsed.errors.slice(0, 1), ...parsed.warnings].map((error) => ({
    origin,
    position: at(error.pos[0]),
    path: [],
    message: explainYamlError(error.code, error.message) + referenceHint(text, error.pos[0]),
  }));
  if (problems.length > 0) return { root: undefined, problems };
  return new TreeBuilder(parsed, origin, at).build();
}

function parseBounded(text: string, lineCounter: LineCounter): Document.Parsed | string {
  try {
    // Doubled keys are found by the builder, which can say where the first one is.
    return parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: false, version: "1.2", schema: "core" });
  } catch (error) {
    if (error instanceof RangeError) return `nested too deeply: at most ${maxDepth} levels`;
    throw error;
  }
}

function explainYamlError(code: string, message: string): string {
  if (code === "MULTIPLE_DOCS") return 'a second document begins here: keep one config in a file, without "---"';
  if (code === "TAG_RESOLVE_FAILED") return `${message}: tags are not used in a config`;
  if (message.startsWith("Maximum call stack")) return tooLarge(maxDepth + 1);
  return `not YAML: ${message.replace(/\.?$/, "")}`;
}

/** Within { } and [ ] YAML takes the brace of an unquoted `${…}` for its own. */
function referenceHint(text: string, offset: number): string {
  return text.startsWith("${", offset - 1) ? ": within { } and [ ] put a reference in quotes" : "";
}

class TreeBuilder {
  readonly #document: Document.Parsed;
  readonly #origin: string;
  readonly #at: (offset: number | undefined) => Position | undefined;
  readonly #problems: Problem[] = [];
  #nodes = 0;

  constructor(document: Document.Parsed, origin: string, at: (offset: number | undefined) => Position | undefined) {
    this.#document = document;
    this.#origin = origin;
    this.#at = at;
  }

  build(): Parsed {
    const contents = this.#document.contents;
    const root = contents === null || isEmptyScalar(contents) ? undefined : this.#node(contents, []);
    return { root, problems: this.#problems };
  }

  #node(node: Node | null, path: readonly string[]): ConfigNode {
    const position = this.#at(node?.range?.[0]);
    if (++this.#nodes > maxNodes || path.length > maxDepth) {
      if (this.#nodes <= maxNodes + 1) this.#problem(position, [], tooLarge(path.length));
      // Ends every further branch at once.
      this.#nodes = maxNodes + 1;
      return scalar(null, position);
    }
    if (isAlias(node)) return this.#alias(node, path);
    if (isMap(node)) return { kind: "mapping", entries: this.#entries(node.items, path), position };
    if (isSeq(node)) {
      const items = node.items.map((item, i) => this.#node(item as Node | null, [...path, String(i)]));
      return { kind: "sequence", items, position };
    }
    const value = isScalar(node) ? node.value : null;
    if (isPlainData(value)) return { ...scalar(value, position), plain: isScalar(node) && node.type === "PLAIN" };
    this.#problem(position, path, "a tag makes this more than text, a number or a boolean: leave the tag out");
    return scalar(null, position);
  }

  #alias(alias: Alias, path: readonly string[]): ConfigNode {
    const target = alias.resolve(this.#document);
    if (target !== undefined) return this.#node(target, [...path, `*${alias.source}`]);
    this.#problem(this.#at(alias.range?.[0]), path, `no anchor "&${alias.source}" before this alias`);
    return scalar(null);
  }

  #entries(pairs: readonly { key: unknown; value: unknown }[], path: readonly string[]): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    for (const pair of pairs) {
      const key = isScalar(pair.key) ? pair.key : undefined;
      const keyPosition = this.#at(key?.range?.[0]);
      const name = String(key?.value);
      const refused = key === undefined || key.value === null ? "a key must be a plain word" : refuseKey(name, entries);
      if (refused !== undefined) this.#problem(keyPosition, path, refused);
      else entries.set(name, { keyPosition, node: this.#node(pair.value as Node | null, [...path, name]) });
    }
    return entries;
  }

  #problem(position: Position | undefined, path: readonly string[], message: string): void {
    const shown = path.filter((key) => !key.startsWith("*")).map((key) => (/^\d+$/.test(key) ? Number(key) : key));
    this.#problems.push({ origin: this.#origin, position, path: shown, message });
  }
}

function isPlainData(value: unknown): value is Scalar {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

function isEmptyScalar(node: Node): boolean {
  return isScalar(node) && (node.value === null || node.value === "");
}

function tooLarge(depth: number): string {
  if (depth > maxDepth) return `nested too deeply: at most ${maxDepth} levels`;
  return `more than ${maxNodes} values: aliases that multiply are refused`;
}

function refuseKey(name: string, before: ReadonlyMap<string, Entry>): string | undefined {
  if (reservedKeys.has(name)) return `key "${name}" is not allowed`;
  const first = before.get(name);
  if (first === undefined) return undefined;
  return `key "${name}" is written twice (first at ${first.keyPosition?.line}:${first.keyPosition?.column})`;
}
