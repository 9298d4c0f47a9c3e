/**
 * The log prefixes that the user named, compared with what stands in front of "IN=".
 * Strings here hold one character a byte, as the line parser reads lines.
 */
import { prefixWord, printable } from "../plugin/index.ts";
import { kernelEscaped } from "./kernel-escapes.ts";

/** A rule's prefix as reports show it. */
export interface RulePrefix {
  /** Without trailing space; "" for a rule without prefix. */
  readonly text: string;
  /** Its place in a FlowKey. */
  readonly word: number;
}

interface Wanted extends RulePrefix {
  readonly bytes: string;
  /** What iptables LOG leaves of it; the same when it is short enough. */
  readonly cutBytes: string;
}

/** struct xt_log_info: 30 bytes with the final zero. nft takes 127. */
const iptablesPrefixBytes = 29;

export class RulePrefixes {
  readonly #wanted: readonly Wanted[];

  constructor(prefixes: readonly string[]) {
    this.#wanted = prefixes.map(wanted);
  }

  /** True when no prefix was named: every netfilter line counts. */
  get all(): boolean {
    return this.#wanted.length === 0;
  }

  /** Bytes of which each line with one of the prefixes holds at least one, with or without /dev/kmsg's escapes. */
  get needles(): readonly string[] {
    const needles = this.#wanted.flatMap(({ cutBytes }) => [cutBytes, kernelEscaped(cutBytes)]);
    return [...new Set(needles)];
  }

  /** The prefix that `bytes` is, taken whole, or undefined when nobody asked for it. */
  match(bytes: string): RulePrefix | undefined {
    const bare = trimEnd(bytes);
    if (this.all) return rulePrefix(Buffer.from(bare, "latin1").toString("utf8"));
    return this.#wanted.find((prefix) => prefix.bytes === bare || prefix.cutBytes === bare);
  }

  /** Where one of the prefixes stands in front of an "IN=" in `line`, anywhere; -1 when none does. */
  indexIn(line: string): number {
    if (this.all) return line.indexOf("IN=");
    for (const { bytes, cutBytes } of this.#wanted) {
      for (const text of new Set([bytes, cutBytes])) {
        for (let at = line.indexOf(text); at >= 0; at = line.indexOf(text, at + 1)) {
          if (/^ *IN=/.test(line.slice(at + text.length, at + text.length + 40))) return at;
        }
      }
    }
    return -1;
  }

  /** Whether a message of ours begins at `at`: one of the prefixes, then "IN=". */
  startsAt(line: string, at: number): boolean {
    return this.#wanted.some(
      (prefix) => followedByIn(line, at, prefix.bytes) || followedByIn(line, at, prefix.cutBytes),
    );
  }
}

function wanted(typed: string): Wanted {
  const bytes = trimEnd(Buffer.from(typed).toString("latin1"));
  return { ...rulePrefix(trimEnd(typed)), bytes, cutBytes: trimEnd(bytes.slice(0, iptablesPrefixBytes)) };
}

function rulePrefix(text: string): RulePrefix {
  const clean = printable(text);
  return { text: clean, word: prefixWord(clean) };
}

function followedByIn(line: string, at: number, bytes: string): boolean {
  if (!line.startsWith(bytes, at)) return false;
  let end = at + bytes.length;
  while (line.charCodeAt(end) === 0x20) end++;
  return line.startsWith("IN=", end);
}

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0x20) end--;
  return text.slice(0, end);
}
