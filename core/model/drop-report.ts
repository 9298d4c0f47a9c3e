/**
 * What sinks get: packets of one flow, with both ends resolved. A flow's first packet is reported at once with
 * count 1; the repeats within the window follow as one report when it closes. Sums over `count` are exact.
 */
import type { Endpoint } from "./endpoint.ts";
import type { PacketDrop } from "./packet-drop.ts";

/** What a sink delivers: packets of one flow that add `count` to what was reported before. Shared by all sinks. */
export interface DropReport {
  /** Unique within the process. */
  readonly id: number;
  /** The first packet of the flow's window. */
  readonly drop: PacketDrop;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** How many packets this report adds. */
  readonly count: number;
  /** Time of the first and last packet among `count`, ms since 1970. */
  readonly firstMillis: number;
  readonly lastMillis: number;
  /** False for the report that opens a window, true for the one that brings its repeats. */
  readonly repeat: boolean;
}
