/**
 * The role that finds packet drops in lines. There are two ways to write one:
 *
 * - LineParser, the simple way: one line in, one result out. Costs about a microsecond a line.
 * - ChunkParser, the fast way: scans a chunk of bytes; a repeat of a known flow makes no string and no object.
 */
import type { FlowKey } from "../model/flow-key.ts";
import type { PacketDrop } from "../model/packet-drop.ts";
import type { Lifecycle } from "./lifecycle.ts";

/** Told apart by their methods: one with `scan` is a ChunkParser. */
export type Parser = LineParser | ChunkParser;

/** The simple way: one line in, one result out. */
export interface LineParser extends Lifecycle {
  /** One line without its "\n", decoded as UTF-8. Must not throw and must not await. */
  parseLine(line: string): ParseResult;
}

/** What a line is. Failure is data: it happens on every second line. */
export type ParseResult =
  | { readonly kind: "drop"; readonly drop: PacketDrop }
  /** Not ours: another program's line, or another prefix. `reason` is counted where it is worth knowing. */
  | { readonly kind: "other-line"; readonly reason?: string }
  /** Looks like ours but is broken. `reason` is a fixed word (a metric label), never text from the line. */
  | { readonly kind: "malformed"; readonly reason: string };

/** The fast way: scans bytes; a repeat of a known flow makes no string and no object. */
export interface ChunkParser extends Lifecycle {
  /**
   * Finds every packet drop in `bytes` (whole lines, see Chunk) and tells `drops` in the order of the lines.
   * Must not throw, must not await, must not keep `bytes`.
   *
   * For each line that is a drop: write who, to whom and what into `drops.flow`, then
   * `if (!drops.repeat(timeMillis)) drops.first(makeTheWholePacketDrop())`.
   */
  scan(bytes: Uint8Array, drops: DropCollector): void;

  /** The same for one line, all fields: for `droplens parse` and for config tests. */
  parseBytes?(line: Uint8Array): ParseResult;
}

/** Where a ChunkParser puts what it finds. The window of the pipeline stands behind it. */
export interface DropCollector {
  /** Scratch: the flow of the packet at hand. The collector copies it; the parser writes it anew for each packet. */
  readonly flow: FlowKey;
  /**
   * One packet of `flow`, dropped at `timeMillis` (ms since 1970). True: it is counted (a repeat, or too old to
   * matter), go on with the next line. False: it is the first of its flow; call `first` next, and nothing else before.
   */
  repeat(timeMillis: number): boolean;
  /** The whole record of the packet for which `repeat` has just said false; or, if it turns out broken, call `malformed`. */
  first(drop: PacketDrop): void;
  /** A line that looks like ours but is broken. `sample` (a view, copied if kept) is logged once a minute. */
  malformed(reason: string, sample: Uint8Array): void;
  /** A line that is not a drop but worth counting by reason: a forgery, a trace line. `sample` as above. */
  otherLine(reason: string, sample: Uint8Array): void;
}
