/**
 * What sink-jsonl's file holds of the packets that were written: it survives every kill of the program, and each record
 * in it names its flow. Read as it grows; what a kill has broken off is no record.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import type { PacketCounts } from "../support/flow-load.ts";

export class ReceivedDrops {
  /** The packets' own times, as they came. */
  earliestMillis = Number.POSITIVE_INFINITY;
  latestMillis = Number.NEGATIVE_INFINITY;
  readonly #path: string;
  readonly #counts = new Map<string, number>();
  /** Where in the file each record ends, and how many packets there are up to it. */
  readonly #ends: { readonly offset: number; readonly packets: number }[] = [];
  #packets = 0;
  #offset = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** By flow, of all that is in the file now. */
  counts(): PacketCounts {
    this.#readOn();
    return this.#counts;
  }

  /** Packets in what was written behind the first `bytes` of the file. */
  packetsBehind(bytes: number): number {
    this.#readOn();
    const before = this.#ends.findLast(({ offset }) => offset <= bytes);
    return this.#packets - (before?.packets ?? 0);
  }

  get size(): number {
    return this.#open((file) => fstatSync(file).size) ?? 0;
  }

  #readOn(): void {
    const bytes = this.#open((file) => {
      const rest = Buffer.alloc(fstatSync(file).size - this.#offset);
      return rest.subarray(0, readSync(file, rest, 0, rest.length, this.#offset));
    });
    for (let begin = 0; bytes !== undefined; ) {
      const end = bytes.indexOf(0x0a, begin);
      if (end < 0) break;
      this.#take(bytes.toString("utf8", begin, end));
      this.#offset += end + 1 - begin;
      this.#ends.push({ offset: this.#offset, packets: this.#packets });
      begin = end + 1;
    }
  }

  #take(line: string): void {
    const record = parsed(line);
    if (record === undefined) return;
    const flow = `${record.sourceAddress}:${record.destinationPort}`;
    this.#counts.set(flow, (this.#counts.get(flow) ?? 0) + record.count);
    this.#packets += record.count;
    this.earliestMillis = Math.min(this.earliestMillis, Date.parse(record.time));
    this.latestMillis = Math.max(this.latestMillis, Date.parse(record.time));
  }

  #open<T>(read: (file: number) => T): T | undefined {
    if (!existsSync(this.#path)) return undefined;
    const file = openSync(this.#path, "r");
    try {
      return read(file);
    } finally {
      closeSync(file);
    }
  }
}

interface Received {
  readonly time: string;
  readonly sourceAddress: string;
  readonly destinationPort: number;
  readonly count: number;
}

function parsed(line: string): Received | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
