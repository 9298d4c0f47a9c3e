/** A DropCollector that remembers, with a window that never closes: what a parser's tests look at. */

import { FlowKey } from "../model/flow-key.ts";
import type { PacketDrop } from "../model/packet-drop.ts";
import { chunkParser } from "../pipeline/line-scanner.ts";
import type { DropCollector, Parser } from "../plugin/parser.ts";

/** Collects what a parser finds. Throws when the parser does not keep to the order of calls. */
export class MemoryDrops implements DropCollector {
  readonly flow: FlowKey = new FlowKey();
  /** The first packet of each flow. */
  readonly drops: PacketDrop[] = [];
  /** The key of each packet, repeats too. */
  readonly flows: string[] = [];
  readonly malformedReasons: string[] = [];
  readonly otherReasons: string[] = [];
  repeats = 0;
  readonly #known = new Set<string>();
  #awaitsFirst = false;

  /** Lets a parser of either kind scan a chunk into this, as the pipeline does. */
  scan(parser: Parser, bytes: Uint8Array): void {
    chunkParser(parser).scan(bytes, this);
    if (this.#awaitsFirst) throw new Error("after repeat() has said false comes first() or malformed()");
  }

  repeat(timeMillis: number): boolean {
    if (this.#awaitsFirst) throw new Error("after repeat() has said false comes first() or malformed()");
    if (!Number.isFinite(timeMillis)) throw new Error(`repeat() was called with the time ${timeMillis}`);
    const key = this.flow.words.join(" ");
    this.flows.push(key);
    if (this.#known.has(key)) {
      this.repeats++;
      return true;
    }
    this.#awaitsFirst = true;
    return false;
  }

  first(drop: PacketDrop): void {
    if (!this.#awaitsFirst) throw new Error("first() comes only after repeat() has said false");
    this.#awaitsFirst = false;
    this.#known.add(this.flows.at(-1) ?? "");
    this.drops.push(drop);
  }

  malformed(reason: string, _sample: Uint8Array): void {
    if (this.#awaitsFirst) this.flows.pop();
    this.#awaitsFirst = false;
    this.malformedReasons.push(reason);
  }

  otherLine(reason: string, _sample: Uint8Array): void {
    this.otherReasons.push(reason);
  }
}
