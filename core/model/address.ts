/**
 * IP addresses between text and numbers. An address is four 32-bit words in network order; IPv4 uses the first one.
 * The kernel prints IPv6 as 8 groups of 4 digits; everything that Droplens shows or compares is RFC 5952.
 */
import { isIP } from "node:net";

export type AddressWords = Uint32Array;

/** The version of the address in `text`, with `words` filled; 0 and `words` untouched when it is none. No zone ids. */
export function parseAddress(text: string, words: AddressWords, at = 0): 0 | 4 | 6 {
  const version = text.includes("%") ? 0 : isIP(text);
  if (version === 4) {
    words[at] = ipv4Word(text);
    words.fill(0, at + 1, at + 4);
    return 4;
  }
  if (version !== 6) return 0;
  const groups = ipv6Groups(text);
  for (let i = 0; i < 4; i++) words[at + i] = (((groups[2 * i] ?? 0) << 16) | (groups[2 * i + 1] ?? 0)) >>> 0;
  return 6;
}

/** RFC 5952 text of `text`, or undefined when it is no address. */
export function canonicalAddress(text: string): string | undefined {
  const words = new Uint32Array(4);
  const version = parseAddress(text, words);
  return version === 0 ? undefined : formatAddress(version, words);
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as "::". */
export function formatAddress(version: 4 | 6, words: AddressWords, at = 0): string {
  if (version === 4) return formatIPv4(words[at] ?? 0);
  const groups: number[] = [];
  for (let i = 0; i < 4; i++) groups.push((words[at + i] ?? 0) >>> 16, (words[at + i] ?? 0) & 0xffff);
  // RFC 5952 section 5: an IPv4-mapped address shows its IPv4 part.
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${formatIPv4(words[at + 3] ?? 0)}`;
  }
  const run = longestZeroRun(groups);
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (run.length < 2) return hex(groups);
  return `${hex(groups.slice(0, run.start))}::${hex(groups.slice(run.start + run.length))}`;
}

function formatIPv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

function ipv4Word(text: string): number {
  return text.split(".").reduce((word, part) => ((word << 8) | Number(part)) >>> 0, 0);
}

function ipv6Groups(text: string): number[] {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted) {
    const word = ipv4Word(dotted[2] ?? "");
    return ipv6Groups(`${dotted[1]}${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`);
  }
  const [head = "", tail] = text.split("::");
  const groupsOf = (part: string) => (part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16)));
  const first = groupsOf(head);
  if (tail === undefined) return first;
  const last = groupsOf(tail);
  return [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}
