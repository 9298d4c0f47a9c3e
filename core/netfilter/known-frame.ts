/**
 * The bytes in front of "IN=" of one line, as a pattern for the lines behind it: the same minute, host, tag and one of
 * the prefixes met so far; only the seconds, their fraction and the kernel's [seconds] change.
 * Used by the repeat scanner only; a new minute makes a new frame.
 */
import { fractionMillis } from "./clock-reader.ts";
import type { LinePlaces } from "./line-parser.ts";
import type { RulePrefix } from "./rule-prefixes.ts";

/** Prefixes that one frame remembers; with more, the rest goes the slow road. */
const maxPrefixes = 8;

/** Longer framing goes the slow road; the repeat scanner's headroom counts on it. */
const maxFrameBytes = 400;

interface KnownPrefix {
  /** From the start of the message to behind "IN=". */
  readonly bytes: ByteWords;
  readonly rule: RulePrefix;
}

export class KnownFrame {
  readonly host: string;
  /** Of the line that `match` has just accepted. */
  millis = 0;
  messageAt = 0;
  prefix: RulePrefix;
  prefixWord: number;

  /** The line up to the seconds. */
  readonly #head: ByteWords;
  readonly #minuteMillis: number;
  readonly #fractionDigits: number;
  readonly #point: number;
  /** Between the fraction and the kernel's [seconds], or the message: zone, host, tag. */
  readonly #middle: ByteWords;
  readonly #hasSecondsStamp: boolean;
  readonly #prefixes: KnownPrefix[] = [];

  /** Undefined when the time's seconds are not a place of their own. */
  static of(line: Uint8Array, places: LinePlaces, prefix: RulePrefix): KnownFrame | undefined {
    const { stamp } = places;
    if (stamp.secondsAt < 0 || stamp.fractionEnd < 0 || places.anchorAt > maxFrameBytes) return undefined;
    return new KnownFrame(line, places, prefix);
  }

  private constructor(line: Uint8Array, places: LinePlaces, prefix: RulePrefix) {
    const { stamp, secondsStampAt, messageAt } = places;
    this.host = places.host;
    this.#head = new ByteWords(line.subarray(0, stamp.secondsAt));
    const seconds = Number(String.fromCharCode(...line.subarray(stamp.secondsAt, stamp.secondsAt + 2)));
    this.#minuteMillis = stamp.millis - seconds * 1000 - fractionMillis(stamp.fraction);
    this.#fractionDigits = stamp.fraction.length;
    this.#point = line[stamp.secondsAt + 2] ?? 0;
    this.#hasSecondsStamp = secondsStampAt >= 0;
    this.#middle = new ByteWords(line.subarray(stamp.fractionEnd, this.#hasSecondsStamp ? secondsStampAt : messageAt));
    this.prefix = prefix;
    this.prefixWord = prefix.word;
    this.#remember(line, places, prefix);
  }

  /** True when the line differs from this frame in its prefix only, and that is now known. */
  learnPrefix(line: Uint8Array, places: LinePlaces, prefix: RulePrefix): boolean {
    if (this.#prefixes.length >= maxPrefixes || places.anchorAt > maxFrameBytes || !this.#isLike(line, places))
      return false;
    this.#remember(line, places, prefix);
    return true;
  }

  #isLike(line: Uint8Array, { stamp, secondsStampAt, messageAt }: LinePlaces): boolean {
    const middle = line.subarray(stamp.fractionEnd, secondsStampAt >= 0 ? secondsStampAt : messageAt);
    return (
      this.#head.equals(line.subarray(0, Math.max(0, stamp.secondsAt))) &&
      this.#middle.equals(middle) &&
      this.#hasSecondsStamp === secondsStampAt >= 0 &&
      this.#fractionDigits === stamp.fraction.length &&
      this.#point === (line[stamp.secondsAt + 2] ?? 0)
    );
  }

  #remember(line: Uint8Array, { messageAt, anchorAt }: LinePlaces, rule: RulePrefix): void {
    const bytes = line.subarray(messageAt, anchorAt + 3);
    if (this.#prefixes.some((known) => known.bytes.equals(bytes))) return;
    this.#prefixes.push({ bytes: new ByteWords(bytes), rule });
  }

  /** Where "IN=" stands in the line at `at`, with `millis`, `messageAt` and `prefix` set; -1 when the line is another. */
  match(view: DataView, at: number): number {
    const head = this.#head;
    if (!head.standsAt(view, at)) return -1;
    const behindTime = this.#readSeconds(view, at + head.length);
    if (behindTime < 0 || !this.#middle.standsAt(view, behindTime)) return -1;
    const stampAt = behindTime + this.#middle.length;
    const messageAt = this.#hasSecondsStamp ? secondsStampEnd(view, stampAt) : stampAt;
    if (messageAt < 0) return -1;
    this.messageAt = messageAt;
    return this.#matchPrefix(view, messageAt);
  }

  /** The digits of the fraction of the line at `at`. */
  fraction(bytes: Buffer, at: number): string {
    const from = at + this.#head.length + 3;
    return this.#fractionDigits === 0 ? "" : bytes.toString("latin1", from, from + this.#fractionDigits);
  }

  #readSeconds(view: DataView, at: number): number {
    const tens = view.getInt8(at) - 0x30;
    const ones = view.getInt8(at + 1) - 0x30;
    if (tens < 0 || tens > 5 || ones < 0 || ones > 9) return -1;
    const digits = this.#fractionDigits;
    this.millis = this.#minuteMillis + (tens * 10 + ones) * 1000;
    if (digits === 0) return at + 2;
    if (view.getInt8(at + 2) !== this.#point) return -1;
    let unit = 100;
    let millis = 0;
    for (let i = at + 3; i < at + 3 + digits; i++) {
      const digit = view.getInt8(i) - 0x30;
      if (digit < 0 || digit > 9) return -1;
      if (unit >= 1) millis += digit * unit;
      unit /= 10;
    }
    this.millis += millis;
    return at + 3 + digits;
  }

  #matchPrefix(view: DataView, at: number): number {
    const prefixes = this.#prefixes;
    for (let i = 0; i < prefixes.length; i++) {
      const known = prefixes[i];
      if (known?.bytes.standsAt(view, at) !== true) continue;
      this.prefix = known.rule;
      this.prefixWord = known.rule.word;
      return at + known.bytes.length - 3;
    }
    return -1;
  }
}

/** Behind "[ 2528.800858] ", or -1. */
function secondsStampEnd(view: DataView, start: number): number {
  if (view.getInt8(start) !== 0x5b) return -1;
  let at = start + 1;
  while (view.getInt8(at) === 0x20) at++;
  const whole = digitsEnd(view, at);
  if (whole === at || whole - at > 15 || view.getInt8(whole) !== 0x2e) return -1;
  const end = digitsEnd(view, whole + 1);
  const decimals = end - whole - 1;
  // "] " as one 16-bit number.
  return decimals >= 3 && decimals <= 9 && view.getInt16(end) === 0x5d20 ? end + 2 : -1;
}

function digitsEnd(view: DataView, start: number): number {
  let at = start;
  for (;;) {
    const digit = view.getInt8(at) - 0x30;
    if (digit < 0 || digit > 9 || at - start > 20) return at;
    at++;
  }
}

/** A constant piece of bytes that is compared four at a time. */
class ByteWords {
  readonly length: number;
  readonly #bytes: Buffer;
  readonly #words: Int32Array;
  readonly #rest: Int8Array;

  constructor(bytes: Uint8Array) {
    this.length = bytes.length;
    this.#bytes = Buffer.from(bytes);
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, bytes.length);
    this.#words = new Int32Array(bytes.length >> 2);
    for (let i = 0; i < this.#words.length; i++) this.#words[i] = view.getInt32(i * 4);
    this.#rest = new Int8Array(this.#bytes.subarray(this.#words.length * 4));
  }

  equals(other: Uint8Array): boolean {
    return this.#bytes.equals(other);
  }

  standsAt(view: DataView, start: number): boolean {
    const words = this.#words;
    let at = start;
    for (let i = 0; i < words.length; i++) {
      if (view.getInt32(at) !== words[i]) return false;
      at += 4;
    }
    const rest = this.#rest;
    for (let i = 0; i < rest.length; i++) {
      if (view.getInt8(at + i) !== rest[i]) return false;
    }
    return true;
  }
}
