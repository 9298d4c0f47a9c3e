/**
 * Kernel log lines in a steady stream, each flow known: what was written is compared, flow by flow, with what a receiver
 * has counted. Between pods web-1…web-N and db-1…db-N, one flow for each pair and port.
 */
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { kernelLine } from "./node-stage.ts";

/** Packets by flow: `10.77.1.3:1080` is the source's address and the destination's port. */
export type PacketCounts = ReadonlyMap<string, number>;

export interface LoadParts {
  readonly path: string;
  /** Pairs of pods. */
  readonly pairs: number;
  /** The second number of their addresses, 77 if left out: trials at the same time on one API server differ in it. */
  readonly network?: number;
  /** Whose packets they are, in place of the pods. */
  readonly sourceAddress?: (flow: number) => string;
  readonly destinationAddress?: (flow: number) => string;
  /** For a writer that keeps the file open; left out: appended to the file that is at the path now. */
  readonly append?: (lines: string) => void;
  /** What stands in front of each line; left out: now, as rsyslog's file format has it. */
  readonly time?: () => string;
}

const firstPort = 1024;

export class FlowLoad {
  readonly #parts: LoadParts;
  readonly #written = new Map<string, number>();
  readonly #frame: (source: string, destination: string, port: number) => string;
  #flows = 0;
  packets = 0;

  constructor(parts: LoadParts) {
    this.#parts = parts;
    this.#frame = lineFrame(parts.time ?? rsyslogTime);
  }

  get written(): PacketCounts {
    return this.#written;
  }

  /** Flows that nobody had before. The first packet of each comes once, every third flow repeats `repeats` times. */
  write(flows: number, repeats = 1): void {
    const lines: string[] = [];
    for (let i = 0; i < flows; i++) {
      const line = this.#line(this.#flows++);
      const packets = this.#flows % 3 === 0 ? 1 + repeats : 1;
      for (let packet = 0; packet < packets; packet++) lines.push(line.text);
      this.#written.set(line.flow, (this.#written.get(line.flow) ?? 0) + packets);
      this.packets += packets;
    }
    const { path, append = (text: string) => appendFileSync(path, text) } = this.#parts;
    append(lines.join(""));
  }

  /** So many new flows a second, until `signal` aborts. */
  async keepWriting(flowsPerSecond: number, signal: AbortSignal): Promise<void> {
    const begin = performance.now();
    for (let written = 0; !signal.aborted; ) {
      const due = Math.floor(((performance.now() - begin) / 1000) * flowsPerSecond);
      if (due > written) this.write(due - written);
      written = due;
      await sleep(100, undefined, { signal }).catch(() => undefined);
    }
  }

  #line(flow: number): { readonly flow: string; readonly text: string } {
    const { pairs, network, sourceAddress, destinationAddress } = this.#parts;
    const pair = (flow % pairs) + 1;
    const port = firstPort + (Math.floor(flow / pairs) % 60_000);
    const source = sourceAddress?.(flow) ?? webAddress(pair, network);
    return {
      flow: `${source}:${port}`,
      text: this.#frame(source, destinationAddress?.(flow) ?? dbAddress(pair, network), port),
    };
  }
}

export const webAddress = (pair: number, network = 77): string => `10.${network}.1.${pair}`;
export const dbAddress = (pair: number, network = 77): string => `10.${network}.2.${pair}`;

/** Packets of `written` that `counted` lacks, and packets that it has beyond. */
export function difference(written: PacketCounts, counted: PacketCounts): { lost: number; overCounted: number } {
  let [lost, overCounted] = [0, 0];
  for (const flow of new Set([...written.keys(), ...counted.keys()])) {
    const more = (counted.get(flow) ?? 0) - (written.get(flow) ?? 0);
    if (more < 0) lost -= more;
    else overCounted += more;
  }
  return { lost, overCounted };
}

export function sumOf(counts: PacketCounts): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

function rsyslogTime(): string {
  return new Date().toISOString().replace("Z", "000+00:00");
}

/** One of kernelLine's lines for other addresses, at another time. */
function lineFrame(time: () => string): (source: string, destination: string, port: number) => string {
  const [, rest = ""] = /(?<=^\S+)( .*\n)$/s.exec(kernelLine(7)) ?? [];
  const [head = "", ...tail] = rest.split(/SRC=\S+ DST=\S+/);
  return (source, destination, port) =>
    `${time()}${head}SRC=${source} DST=${destination}${tail.join("").replace("DPT=7 ", `DPT=${port} `)}`;
}

/** Packets between strangers: no address comes twice. */
export function strangers(): Required<Pick<LoadParts, "sourceAddress" | "destinationAddress">> {
  const from = (first: number) => (flow: number) => `${first}.${(flow >> 16) & 255}.${(flow >> 8) & 255}.${flow & 255}`;
  return { sourceAddress: from(198), destinationAddress: from(203) };
}
