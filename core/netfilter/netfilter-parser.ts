/**
 * Finds netfilter's lines in chunks of bytes and tells the pipeline who was dropped on the way to whom.
 * Most lines never become a string: those without a wanted prefix are stepped over by a search for its bytes, those like
 * the line before are read by the repeat scanner; only the rest is read by the line parser.
 */
import type { ChunkParser, DropCollector, ParseResult, PluginContext } from "../plugin/index.ts";
import { printable } from "../plugin/index.ts";
import { type ClockOptions, ClockReader } from "./clock-reader.ts";
import { type Author, isTaggedHead } from "./frame.ts";
import { LineFinder } from "./line-finder.ts";
import { type FoundDrop, LineParser, type LineResult, type ObjectReader } from "./line-parser.ts";
import { PartialLines } from "./partial-lines.ts";
import { PrefixWatch, type WantedPrefixes } from "./prefix-watch.ts";
import { RepeatScanner } from "./repeat-scanner.ts";
import type { RulePrefixes } from "./rule-prefixes.ts";
import { ZoneWatch } from "./zone-watch.ts";

/** A frame's minute is resolved against the clock; after this long it is resolved anew. */
const frameLifeMillis = 3_600_000;
/** Packets that lines of one chunk may stand for beyond their own: a line of 100 bytes can claim thousands. */
const maxFoldedPerChunk = 10_000;

/** What a parser of netfilter's lines is made of; what is left out is as the kernel's own log wants it. */
export interface NetfilterSettings extends ClockOptions {
  readonly prefixes: RulePrefixes;
  /** How the prefixes were named, for the person whose prefix never matches. */
  readonly wanted: WantedPrefixes;
  readonly trust: "kernel" | "any";
  readonly relay?: Relay | undefined;
}

/** A program that hands on what the kernel has logged, in a form of its own. */
export interface Relay {
  /** Its tag in syslog's files, sticky. */
  readonly tag: RegExp;
  /** Bytes that each of its JSON objects holds. */
  readonly objectNeedle: string;
  objectReader(clock: ClockReader): ObjectReader;
  /** True when the line tells once more of a packet that another line has told of. */
  isSamePacket(found: FoundDrop): boolean;
}

export class NetfilterParser implements ChunkParser {
  readonly #context: PluginContext;
  readonly #settings: NetfilterSettings;
  readonly #clock: ClockReader;
  readonly #lines: LineParser;
  /** Not private, so that a test can see that the fast road was taken. */
  readonly repeats = new RepeatScanner();
  readonly #partial = new PartialLines();
  readonly #finder: LineFinder;
  #prefixWatch: PrefixWatch | undefined;
  #learnedMillis = 0;
  /** A line with the kernel's tag was met in this log: lines of the same form without a tag are a process's. */
  #tagsSeen = false;
  #scanning = false;
  #timeProblemTold = false;
  #foldedLeft = maxFoldedPerChunk;

  constructor(settings: NetfilterSettings, context: PluginContext) {
    const { prefixes, wanted, relay } = settings;
    this.#settings = settings;
    this.#context = context;
    this.#clock = clockReader(settings, context);
    this.#lines = new LineParser({
      clock: this.#clock,
      prefixes,
      believes: (author) => this.#believes(author),
      readObject: relay?.objectReader(this.#clock),
      relayTag: relay?.tag,
      timeUnreadable: (line) => this.#tellTimeProblem(line),
    });
    this.#finder = new LineFinder(prefixes, relay?.objectNeedle);
    if (!prefixes.all) this.#prefixWatch = new PrefixWatch(context, wanted);
    warnOfSettings(settings, context);
  }

  parseBytes(line: Uint8Array): ParseResult {
    const result = this.#lines.parse(line, this.#context.clock.now());
    return result.kind === "drop" ? { kind: "drop", drop: result.drop } : result;
  }

  scan(bytes: Uint8Array, drops: DropCollector): void {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const now = this.#context.clock.now();
    if (Math.abs(now - this.#learnedMillis) > frameLifeMillis) this.repeats.forget();
    this.#scanning = true;
    this.#foldedLeft = maxFoldedPerChunk;
    this.#finder.open(buffer);
    let at = 0;
    while (at < buffer.length) {
      at = this.repeats.run(buffer, view, at, drops);
      const line = this.#partial.pending ? this.#finder.lineAt(at) : this.#finder.next(at);
      if (line === undefined) break;
      // The finder may have stepped over other programs' lines to one like the last.
      const next = line.start > at ? this.repeats.run(buffer, view, line.start, drops) : line.start;
      at = next > line.start ? next : this.#readLine(buffer.subarray(line.start, line.end), line.end + 1, now, drops);
    }
    this.#scanning = false;
    this.#prefixWatch = this.#prefixWatch?.look(buffer, now);
  }

  /** The slow road. Returns `next`. */
  #readLine(line: Buffer, next: number, now: number, drops: DropCollector): number {
    const whole = this.#partial.join(line);
    if (whole === undefined) return next;
    const result = this.#lines.parse(whole, now);
    if (result.kind === "drop") this.#tell(result, whole, now, drops);
    else tellNoDrop(result, whole, drops);
    return next;
  }

  #tell(found: FoundDrop, line: Buffer, now: number, drops: DropCollector): void {
    this.#prefixWatch = undefined;
    if ((found.author === "kernel" || found.author === "relay") && found.places !== undefined) this.#noteTags();
    const { relay } = this.#settings;
    if (relay?.isSamePacket(found)) {
      drops.otherLine("same-packet", line);
      return;
    }
    // Read fast, a line could not be compared with others.
    if (relay === undefined) this.repeats.learn(line, found);
    this.#learnedMillis = now;
    const packets = Math.min(found.packets, 1 + this.#foldedLeft);
    this.#foldedLeft -= packets - 1;
    if (packets < found.packets) drops.otherLine("repeats-not-counted", line);
    for (let i = 0; i < packets; i++) {
      drops.flow.fill(found.drop);
      if (!drops.repeat(found.millis)) drops.first(found.drop);
    }
  }

  /** Judges a line of ours by who wrote it. A line on its own is not held against others; a log's lines are. */
  #believes(author: Author): boolean {
    if (this.#settings.trust === "any") return true;
    if (author === "process") return false;
    if (author !== "untagged" || !this.#scanning) return true;
    if (
      !this.#tagsSeen &&
      this.#finder.chunkHasKernelTag((head) => isTaggedHead(head, this.#clock, this.#context.clock.now()))
    )
      this.#noteTags();
    return !this.#tagsSeen;
  }

  #noteTags(): void {
    if (this.#tagsSeen || !this.#scanning) return;
    this.#tagsSeen = true;
    this.repeats.forget();
  }

  #tellTimeProblem(line: string): void {
    if (this.#timeProblemTold) return;
    this.#timeProblemTold = true;
    const sample = printable(Buffer.from(line.slice(0, 80), "latin1").toString("utf8"));
    const { timeLayout } = this.#settings;
    const problem =
      timeLayout === undefined
        ? 'found no time that I know: name its form as a Go layout in "timeLayout" (PACKET_DROP_LOG_TIME_LAYOUT)'
        : `the layout "${timeLayout}" does not fit: mend "timeLayout" (PACKET_DROP_LOG_TIME_LAYOUT), or leave it out to have the time found by itself`;
    this.#context.logger.error({ timeLayout, sample }, `cannot read the time of lines like "${sample}": ${problem}`);
  }
}

/** Who named a zone knows it. */
function clockReader(settings: NetfilterSettings, context: PluginContext): ClockReader {
  if (settings.timeZone !== undefined) return new ClockReader(settings);
  const watch = new ZoneWatch(context);
  return new ClockReader(settings, (written, millis, now) => watch.look(written, millis, now));
}

function warnOfSettings({ trust, prefixes }: NetfilterSettings, { logger }: PluginContext): void {
  if (trust === "any") {
    logger.warn({}, "trust: any — every process that can write to this log can report drops that never were");
  }
  for (const prefix of prefixes.oddlyWanted) {
    logger.warn(
      { prefix },
      `the prefix "${prefix}" says that its packets were not dropped; they are reported as drops all the same, since the config names it: take it out of "prefix"`,
    );
  }
}

function tellNoDrop(result: Exclude<LineResult, FoundDrop>, line: Buffer, drops: DropCollector): void {
  if (result.kind === "malformed") drops.malformed(result.reason, line);
  else if (result.reason !== undefined) drops.otherLine(result.reason, line);
}
