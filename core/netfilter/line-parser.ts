/**
 * One line, all of it: unwraps it, decides whether the kernel wrote it and whether a rule of ours did, reads the packet.
 * In: bytes. Out: a ParseResult, with what the repeat scanner needs to recognise the next line like it.
 * Called for each line that the repeat scanner does not know, and by `droplens parse`.
 */
import type { PacketDrop, ParseResult } from "../plugin/index.ts";
import { type Anchor, findAnchor } from "./anchor.ts";
import type { ClockReader, Stamp } from "./clock-reader.ts";
import { DropRecord } from "./drop-record.ts";
import { type Author, type Frame, type FrameReader, readFrame } from "./frame.ts";
import { readJsonLine } from "./json-line.ts";
import { kernelUnescaped } from "./kernel-escapes.ts";
import { readPacket } from "./packet.ts";
import type { RulePrefix, RulePrefixes } from "./rule-prefixes.ts";
import { shownInterfaces, shownName } from "./shown-names.ts";

export interface FoundDrop {
  readonly kind: "drop";
  readonly drop: PacketDrop;
  readonly millis: number;
  /** How many packets the line stands for: rsyslog folds equal messages. */
  readonly packets: number;
  readonly author: Author;
  readonly prefix: RulePrefix;
  /** All that the line says of the packet itself: two lines for the same packet have it in common. */
  readonly packetText: string;
  /** Where the parts of the line are; undefined when the line had to be unwrapped or unescaped. */
  readonly places: LinePlaces | undefined;
}

export interface LinePlaces {
  readonly stamp: Stamp;
  /** As it is shown. */
  readonly host: string;
  readonly secondsStampAt: number;
  readonly messageAt: number;
  readonly anchorAt: number;
}

export type LineResult = FoundDrop | Exclude<ParseResult, { readonly kind: "drop" }>;

/** In: the object's text, one character a byte. */
export type ObjectReader = (text: string, now: number) => LineResult | undefined;

interface Unwrapped {
  /** The line, or the text that was wrapped; one character a byte. */
  readonly text: string;
  readonly frame: Frame;
  /** Whether places in `text` are places in the line. */
  readonly plain: boolean;
}

const otherLine = { kind: "other-line" } as const;
const notKernel = { kind: "other-line", reason: "not-kernel" } as const;
/** Longer than any message of the kernel in any wrapping; what is longer is none. */
const maxLineBytes = 65_536;
/** nft takes 127 bytes, iptables 29; ulogd puts a space behind them. */
const maxPrefixBytes = 128;

export interface LineParserParts {
  readonly clock: ClockReader;
  readonly prefixes: RulePrefixes;
  /** Whether a line is believed, given who wrote it. */
  believes(author: Author): boolean;
  /** Reads JSON objects that are no wrapping of a kernel's line; undefined: it is one. */
  readonly readObject?: ObjectReader | undefined;
  /** Tag of another program that hands on what the kernel has logged, sticky; all else in its logs has no tag. */
  readonly relayTag?: RegExp | undefined;
  /** Told the start of a line of ours whose time cannot be read. */
  timeUnreadable(line: string): void;
}

export class LineParser {
  readonly #parts: LineParserParts;

  constructor(parts: LineParserParts) {
    this.#parts = parts;
  }

  /** `now`: for lines without a time of their own and times without a year. */
  parse(bytes: Uint8Array, now: number): LineResult {
    if (bytes.length > maxLineBytes) return otherLine;
    const line = latin1(bytes);
    if (!mayBeOurs(line) && this.#parts.readObject === undefined)
      return line.includes("IPv4: martian source ") ? { kind: "other-line", reason: "martian" } : otherLine;
    const unwrapped = this.#unwrap(line, now);
    return "kind" in unwrapped ? unwrapped : this.#readMessage(unwrapped, now);
  }

  /** The text of the kernel, out of JSON and container logs; or the verdict, when there is none. */
  #unwrap(line: string, now: number): Unwrapped | LineResult {
    const container = /^(\S+) (?:stdout|stderr) ([FP]) /.exec(line);
    if (container !== null) {
      // The runtime cuts at 16 KiB, and conmon wherever its buffer ends; the scanner joins the pieces first.
      if (container[2] === "P") return { kind: "other-line", reason: "partial" };
      const outer = this.#parts.clock.read(line, 0, now);
      return withOuterTime(this.#unwrap(line.slice(container[0].length), now), outer);
    }
    if (!line.startsWith("{") && !line.startsWith("data: {")) return this.#frameOf(line, now);
    const own = this.#parts.readObject?.(line, now);
    if (own !== undefined) return own;
    const json = readJsonLine(line, this.#parts.clock, now);
    if (json === undefined) return otherLine;
    if (json === "forged") return notKernel;
    if (json.wrapped) return withOuterTime(this.#unwrap(json.message, now), json.stamp);
    return this.#jsonFrame(json.message, { author: json.author, host: json.host, stamp: json.stamp });
  }

  #frameOf(line: string, now: number): Unwrapped {
    const text = kernelUnescaped(line);
    const reader: FrameReader = {
      clock: this.#parts.clock,
      now,
      relayTag: this.#parts.relayTag,
      messageStarts: (at, place, host) => this.#startsAt(at, place, host),
    };
    return { text, frame: readFrame(text, reader), plain: text === line };
  }

  #jsonFrame(message: string, frame: Pick<Frame, "author" | "host" | "stamp">): Unwrapped {
    const text = kernelUnescaped(message);
    const seconds = /^\s?\[ *\d+\.\d{3,9}\](?:\[ *[TC]\d+\])? /.exec(text)?.[0].length ?? 0;
    return { text, frame: { ...frame, messageAt: seconds, secondsStampAt: -1 }, plain: false };
  }

  #startsAt(line: string, at: number, hostMayStand: boolean): boolean {
    if (!this.#parts.prefixes.all)
      return this.#parts.prefixes.startsAt(line, at) || foldedMessage.test(line.slice(at, at + 40));
    const word = /^[^ ]*/.exec(line.slice(at, at + 140))?.[0] ?? "";
    const behind = line.slice(at + word.length, at + word.length + 140);
    if (word.startsWith("IN=")) return true;
    if (this.#parts.relayTag !== undefined) return behind.includes("IN=") && !(hostMayStand && isHostLike(word));
    // A word with a colon is a tag, unless the packet follows at once: a process's tag is followed by its own words.
    if (/^[^\s[]+(?:\[[^\]]*\])?:$/.test(word)) return /^ *IN=/.test(behind) || madeByKernel.test(word);
    const anchor = line.indexOf("IN=", at);
    return anchor >= 0 && !line.slice(at, anchor).includes(" kernel: ") && !(hostMayStand && isHostLike(word));
  }

  #readMessage(unwrapped: Unwrapped, now: number): LineResult {
    const { text, frame } = unwrapped;
    const folded = foldedMessage.exec(text.slice(frame.messageAt, frame.messageAt + 60));
    if (folded !== null) return this.#readFolded(unwrapped, folded, now);
    const anchor = findAnchor(text, frame.messageAt);
    const prefix = anchor && this.#prefix(text.slice(frame.messageAt, anchor.at));
    if (anchor === undefined || prefix === undefined) return this.#notOurs(text, frame, anchor);
    if (!this.#parts.believes(frame.author)) return notKernel;
    if ("kind" in prefix) return prefix;
    // No rule has so long a prefix: what stands in front is a record that was damaged on its way.
    if (anchor.at - frame.messageAt > maxPrefixBytes) return { kind: "malformed", reason: "several-packets" };
    if (frame.stamp === "unreadable") {
      this.#parts.timeUnreadable(text);
      return { kind: "malformed", reason: "time" };
    }
    const result = readPacket(text, frame.messageAt, anchor);
    if (result.kind !== "packet") return result;
    const stamp = frame.stamp ?? readingTime(now);
    const { millis, fraction } = stamp;
    const host = shownName(frame.host);
    const drop = new DropRecord(result.reading, shownInterfaces(anchor), { millis, fraction, host, prefix });
    const places = unwrapped.plain
      ? {
          stamp,
          host,
          secondsStampAt: frame.secondsStampAt,
          messageAt: frame.messageAt,
          anchorAt: anchor.at,
        }
      : undefined;
    return {
      kind: "drop",
      drop,
      millis: stamp.millis,
      packets: 1,
      author: frame.author,
      prefix,
      packetText: text.slice(anchor.at),
      places,
    };
  }

  /** rsyslog's "message repeated 2 times: [ … ]". */
  #readFolded(unwrapped: Unwrapped, folded: RegExpExecArray, now: number): LineResult {
    const { text, frame } = unwrapped;
    const inner = text.slice(frame.messageAt + folded[0].length).replace(/ ?\] ?$/, "");
    const result = this.#readMessage(this.#jsonFrame(inner, frame), now);
    return result.kind === "drop" ? { ...result, packets: Number(folded[1]) } : result;
  }

  /** The rule's prefix; or the reason why the kernel's line tells of no rule. */
  #prefix(bytes: string): RulePrefix | Exclude<LineResult, FoundDrop> | undefined {
    if (bytes.startsWith("TRACE: ")) return { kind: "other-line", reason: "trace" };
    if (bytes.startsWith("nf_ct_proto_")) return { kind: "other-line", reason: "conntrack" };
    const prefix = this.#parts.prefixes.match(bytes);
    return prefix?.noDrop === undefined ? prefix : { kind: "other-line", reason: prefix.noDrop };
  }

  /** No message of ours where one should begin; is there one elsewhere, written by somebody else or broken? */
  #notOurs(text: string, frame: Frame, anchor: Anchor | undefined): LineResult {
    const { prefixes } = this.#parts;
    if (prefixes.all) {
      const looksCut = anchor === undefined && / (?:ID|TTL|LEN|DST)=\S+ .*PROTO=/.test(text);
      if (!looksCut && !text.includes("IN=")) return otherLine;
      if (!this.#parts.believes(frame.author)) return notKernel;
      return looksCut || (anchor === undefined && text.includes(" OUT="))
        ? { kind: "malformed", reason: "truncated" }
        : otherLine;
    }
    const at = prefixes.indexIn(text);
    if (at < 0) return otherLine;
    if (frame.stamp === "unreadable" && frame.author !== "process") {
      this.#parts.timeUnreadable(text);
      return { kind: "malformed", reason: "time" };
    }
    if (!this.#parts.believes(frame.author)) return notKernel;
    return at === frame.messageAt && anchor === undefined ? { kind: "malformed", reason: "truncated" } : otherLine;
  }
}

const foldedMessage = /^ ?message repeated (\d{1,6}) times: \[ ?/;
const madeByKernel = /^(TRACE|nf_ct_proto_\d+):$/;

function isHostLike(word: string): boolean {
  return /^[\w.-]*$/.test(word);
}

/** The two marks of a netfilter line, as text and as journald's array of bytes. */
function mayBeOurs(line: string): boolean {
  return line.includes("IN=") || line.includes("73,78,61") || line.includes(" PROTO=");
}

function latin1(bytes: Uint8Array): string {
  const end = bytes.at(-1) === 0x0d ? bytes.length - 1 : bytes.length;
  return Buffer.from(bytes.buffer, bytes.byteOffset, end).toString("latin1");
}

function withOuterTime<T>(inner: Unwrapped | T, outer: Stamp | "unreadable" | undefined): Unwrapped | T {
  if (typeof inner !== "object" || inner === null || !("frame" in inner)) return inner;
  const frame = inner.frame.stamp === undefined ? { ...inner.frame, stamp: outer } : inner.frame;
  return { ...inner, frame, plain: false };
}

function readingTime(now: number): Stamp {
  const fraction = String(now % 1000).padStart(3, "0");
  return { millis: now, fraction, end: -1, secondsAt: -1, fractionEnd: -1 };
}
