/**
 * The log prefixes that the user named, compared with what stands in front of "IN=", and what each prefix means.
 * Strings here hold one character a byte, as the line parser reads lines.
 */
import { prefixWord, printable } from "../plugin/index.ts";
import { kernelEscaped } from "./kernel-escapes.ts";
import { meaningOf, type PrefixMeaning } from "./known-prefixes.ts";

/** A rule's prefix as reports show it, and what it says. */
export interface RulePrefix extends PrefixMeaning {
  /** Without trailing space; "" for a rule without prefix. */
  readonly text: string;
  /** Its place in a FlowKey. */
  readonly word: number;
}

/** Prefixes that are made by a product, each with other names in it. */
export interface PrefixForm {
  /** Bytes that each of them holds; undefined: none are the same in all. */
  readonly needle: string | undefined;
  /** What `bytes`, all that stands in front of "IN=", say; undefined when they are somebody else's. */
  read(bytes: string): PrefixMeaning | undefined;
}

interface Wanted extends RulePrefix {
  readonly bytes: string;
  /** What iptables LOG leaves of it; the same when it is short enough. */
  readonly cutBytes: string;
}

/** struct xt_log_info: 30 bytes with the final zero. nft takes 127. */
const iptablesPrefixBytes = 29;
const maxPrefixBytes = 128;
/** Prefixes whose meaning is remembered; a log has a handful. */
const maxKnown = 256;
const maxAnchors = 4;

export class RulePrefixes {
  readonly #wanted: readonly Wanted[];
  readonly #forms: readonly PrefixForm[];
  readonly #known = new Map<string, RulePrefix>();

  constructor(prefixes: readonly string[], forms: readonly PrefixForm[] = []) {
    this.#wanted = prefixes.map(wanted);
    this.#forms = forms;
  }

  /** True when no prefix was named: every netfilter line counts. */
  get all(): boolean {
    return this.#wanted.length === 0 && this.#forms.length === 0;
  }

  /** Bytes of which each line with one of the prefixes holds at least one, with or without /dev/kmsg's escapes. */
  get needles(): readonly string[] {
    const needles = this.#wanted.flatMap(({ cutBytes }) => [cutBytes, kernelEscaped(cutBytes)]);
    const ofForms = this.#forms.map(({ needle }) => needle ?? "IN=");
    return [...new Set([...needles, ...ofForms])];
  }

  /** Prefixes that the user named although, by their product's words, the packet was let through. */
  get oddlyWanted(): readonly string[] {
    return this.#wanted.filter(({ text }) => meaningOf(text).noDrop !== undefined).map(({ text }) => text);
  }

  /** The prefix that `bytes` is, taken whole, or undefined when nobody asked for it. */
  match(bytes: string): RulePrefix | undefined {
    if (this.#wanted.length > 0) {
      const bare = trimEnd(bytes);
      const found = this.#wanted.find((prefix) => prefix.bytes === bare || prefix.cutBytes === bare);
      if (found !== undefined) return found;
    }
    const known = this.#known.get(bytes);
    if (known !== undefined) return known;
    const meaning = this.#meaning(bytes);
    if (meaning === undefined) return undefined;
    const prefix = { ...rulePrefix(shownPrefix(bytes)), ...meaning };
    if (bytes.length <= maxPrefixBytes) this.#remember(bytes, prefix);
    return prefix;
  }

  #meaning(bytes: string): PrefixMeaning | undefined {
    if (this.all) return meaningOf(shownPrefix(bytes));
    for (const form of this.#forms) {
      const meaning = form.read(bytes);
      if (meaning !== undefined) return meaning;
    }
    return undefined;
  }

  #remember(bytes: string, prefix: RulePrefix): void {
    if (this.#known.size >= maxKnown) this.#known.clear();
    // A key of its own: a slice would hold on to the whole line.
    this.#known.set(Buffer.from(bytes, "latin1").toString("latin1"), prefix);
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
    return this.#forms.length === 0 ? -1 : this.#formIn(line);
  }

  /** Whether a message of ours begins at `at`: one of the prefixes, then "IN=". */
  startsAt(line: string, at: number): boolean {
    return (
      this.#wanted.some((prefix) => followedByIn(line, at, prefix.bytes) || followedByIn(line, at, prefix.cutBytes)) ||
      this.#formStartsAt(line, at)
    );
  }

  #formStartsAt(line: string, at: number): boolean {
    if (this.#forms.length === 0) return false;
    const anchor = line.slice(at, at + maxPrefixBytes + 3).indexOf("IN=");
    return anchor >= 0 && this.#forms.some((form) => form.read(line.slice(at, at + anchor)) !== undefined);
  }

  /** A prefix begins at a word. A stranger's line can hold thousands of "IN=": a few are looked at. */
  #formIn(line: string): number {
    let anchor = line.indexOf("IN=");
    for (let looks = 0; looks < maxAnchors && anchor >= 0; looks++, anchor = line.indexOf("IN=", anchor + 1)) {
      const from = Math.max(0, anchor - maxPrefixBytes);
      for (const { index } of line.slice(from, anchor).matchAll(/(?<=^| )[^ ]/g)) {
        if (this.#formStartsAt(line, from + index)) return from + index;
      }
    }
    return -1;
  }
}

function wanted(typed: string): Wanted {
  const bytes = trimEnd(Buffer.from(typed).toString("latin1"));
  const prefix = rulePrefix(trimEnd(typed));
  // Who names a prefix says that its lines are drops, whatever others mean by it.
  const { noDrop: _, ...meaning } = meaningOf(prefix.text);
  return { ...prefix, ...meaning, bytes, cutBytes: trimEnd(bytes.slice(0, iptablesPrefixBytes)) };
}

function rulePrefix(text: string): RulePrefix {
  const clean = printable(text);
  return { text: clean, word: prefixWord(clean) };
}

function shownPrefix(bytes: string): string {
  return printable(Buffer.from(trimEnd(bytes), "latin1").toString("utf8"));
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
