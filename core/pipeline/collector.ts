/**
 * What the parser talks to: takes each packet it finds, discards what is too old, gives the rest to the window, and
 * keeps the books of lines. One per pipeline; lives on the hot path, so the books are plain numbers that the metrics
 * read when they are scraped.
 */

import { FlowKey } from "../model/flow-key.ts";
import type { PacketDrop } from "../model/packet-drop.ts";
import type { Clock } from "../plugin/context.ts";
import type { DropCollector } from "../plugin/parser.ts";
import type { Window } from "./window.ts";

export interface CollectorOptions {
  readonly window: Window;
  readonly clock: Clock;
  /** Packets older than this are discarded as `expired`; undefined: none. */
  readonly maxAgeMillis: number | undefined;
  /** A line to show to a person; called for every one, so it must do its own rationing. */
  onSample(kind: "malformed" | "other-line", reason: string, sample: Uint8Array): void;
}

export class Collector implements DropCollector {
  readonly flow: FlowKey = new FlowKey();
  /** Packets found, whatever became of them. */
  matched = 0;
  /** Packets that were too old. */
  expired = 0;
  readonly malformedByReason = new Map<string, number>();
  readonly otherLinesByReason = new Map<string, number>();
  readonly #options: CollectorOptions;
  #maxAgeMillis: number | undefined;
  #oldestMillis = Number.NEGATIVE_INFINITY;
  #nowMillis = 0;
  #timeMillis = 0;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#maxAgeMillis = options.maxAgeMillis;
  }

  configure(maxAgeMillis: number | undefined): void {
    this.#maxAgeMillis = maxAgeMillis;
  }

  /** Call before each chunk: one look at the clock serves all its lines. */
  beginChunk(): void {
    this.#nowMillis = this.#options.clock.now();
    this.#oldestMillis =
      this.#maxAgeMillis === undefined ? Number.NEGATIVE_INFINITY : this.#nowMillis - this.#maxAgeMillis;
  }

  repeat(timeMillis: number): boolean {
    if (timeMillis < this.#oldestMillis) {
      this.matched++;
      this.expired++;
      return true;
    }
    if (this.#options.window.repeat(this.flow.words, timeMillis)) {
      this.matched++;
      return true;
    }
    this.#timeMillis = timeMillis;
    return false;
  }

  first(drop: PacketDrop): void {
    this.matched++;
    this.#options.window.open(this.flow.words, drop, this.#timeMillis, this.#nowMillis);
  }

  malformed(reason: string, sample: Uint8Array): void {
    count(this.malformedByReason, reason);
    this.#options.onSample("malformed", reason, sample);
  }

  otherLine(reason: string, sample: Uint8Array): void {
    count(this.otherLinesByReason, reason);
    this.#options.onSample("other-line", reason, sample);
  }
}

function count(counts: Map<string, number>, reason: string): void {
  counts.set(reason, (counts.get(reason) ?? 0) + 1);
}
