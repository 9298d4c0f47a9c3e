/**
 * Helps whose prefix never matches: looks at a few netfilter lines of each chunk as long as nothing has matched, and
 * after a minute says which prefixes the log has. It goes away with the first match or when it has spoken.
 */
import type { PluginContext } from "../plugin/index.ts";
import { findAnchor } from "./anchor.ts";
import { shown } from "./shown-names.ts";

const patienceMillis = 60_000;
const linesPerChunk = 8;
const maxPrefixes = 10;
const maxPrefixBytes = 127;

/** The prefixes as the user named them, and what to change when they never match. */
export interface WantedPrefixes {
  readonly names: readonly string[];
  readonly remedy: string;
}

export class PrefixWatch {
  readonly #context: PluginContext;
  readonly #wanted: WantedPrefixes;
  readonly #seen = new Set<string>();
  #since: number | undefined;

  constructor(context: PluginContext, wanted: WantedPrefixes) {
    this.#context = context;
    this.#wanted = wanted;
  }

  /** Itself, or undefined when there is nothing left to watch for. */
  look(chunk: Buffer, now: number): PrefixWatch | undefined {
    this.#collect(chunk);
    this.#collectObjects(chunk);
    if (this.#seen.size === 0) return this;
    this.#since ??= now;
    if (now - this.#since < patienceMillis) return this;
    const wanted = this.#wanted.names.map((prefix) => `"${prefix.trimEnd()}"`).join(", ");
    const seen = [...this.#seen].map((prefix) => (prefix === "" ? "(none)" : `"${prefix}"`)).join(", ");
    this.#context.logger.warn(
      { wanted: this.#wanted.names, seen: [...this.#seen] },
      `no netfilter line has the prefix ${wanted}; the log has: ${seen}. ${this.#wanted.remedy}`,
    );
    return undefined;
  }

  #collectObjects(chunk: Buffer): void {
    let at = chunk.indexOf(objectPrefix);
    for (let i = 0; i < linesPerChunk && at >= 0 && this.#seen.size < maxPrefixes; i++) {
      const start = at + objectPrefix.length;
      const text = chunk.toString("latin1", start, Math.min(chunk.length, start + maxPrefixBytes));
      this.#seen.add(shown(/^[^"\\]*/.exec(text)?.[0].trimEnd() ?? ""));
      at = chunk.indexOf(objectPrefix, start);
    }
  }

  #collect(chunk: Buffer): void {
    let at = chunk.indexOf("IN=");
    for (let i = 0; i < linesPerChunk && at >= 0 && this.#seen.size < maxPrefixes; i++) {
      const start = chunk.lastIndexOf(0x0a, at) + 1;
      const end = chunk.indexOf(0x0a, at);
      const line = chunk.toString(
        "latin1",
        Math.max(start, at - maxPrefixBytes - 100),
        end < 0 ? Math.min(chunk.length, at + 500) : Math.min(end, at + 500),
      );
      const anchor = findAnchor(line, 0);
      if (anchor !== undefined) this.#seen.add(shown(likelyPrefix(line.slice(0, anchor.at))));
      at = end < 0 ? -1 : chunk.indexOf("IN=", end);
    }
  }
}

/** ulogd's JSON. */
const objectPrefix = '"oob.prefix": "';

/** Of a line without a tag, as ulogd and some templates write it. */
const timeAndHost = /^(?:<\d{1,3}> ?)?(?:[A-Z][a-z]{2} [ \d]\d [\d:.]{8,15}|\d{4}-\d\d-\d\d[T ]\S+) [^\s:[\]]+ +/;

/** What stands behind the last thing that looks like framing: a tag or the kernel's [seconds]. */
function likelyPrefix(head: string): string {
  const behindTag = head.replace(/^.*?(?: kernel: ?|"(?:MESSAGE|msg|message|log)" ?: ?")/, "");
  const behindSeconds = behindTag.replace(/^.*?\[ *\d+\.\d{3,9}\] /, "");
  if (behindSeconds.length < head.length) return behindSeconds.trimEnd().slice(-maxPrefixBytes);
  const behindHost = head.replace(timeAndHost, "");
  if (behindHost.length < head.length) return behindHost.trimEnd().slice(-maxPrefixBytes);
  return head.trimEnd().split(" ").slice(-2).join(" ").slice(-maxPrefixBytes);
}
