/**
 * Steps through a chunk from one line worth reading to the next, by searching for bytes that such a line must hold.
 * The search is the byte search's or Buffer.indexOf, so that other programs' lines cost next to nothing.
 */
import { byteSearchOf } from "../byte-search/byte-search.ts";
import { Needle } from "./needle.ts";
import type { RulePrefixes } from "./rule-prefixes.ts";

export interface Line {
  readonly start: number;
  /** Of its line break, or the end of the chunk. */
  readonly end: number;
}

const newline = 0x0a;
/** How many lines that hold " kernel: " are looked at before a chunk counts as one without tags. */
const maxTagLooks = 20;

/** Bytes of a chunk by which the needles choose what to look for. */
const sampleBytes = 1024;

export class LineFinder {
  /** For lines of text: the prefixes themselves. */
  readonly #textNeedles: readonly Needle[];
  /** JSON may write a prefix in many ways, and journald as an array of numbers; but "IN=" in two only. */
  readonly #jsonNeedles: readonly Needle[];
  /** In a container's log a line may be cut anywhere: all pieces are read. */
  readonly #partialNeedles = [new Needle(" stdout P "), new Needle(" stderr P ")];
  readonly #counts = new Uint16Array(256);
  #needles: readonly Needle[] = [];
  /** Where each needle stands next; -1: not known yet. */
  #places: number[] = [];
  #bytes: Buffer = Buffer.alloc(0);
  /** Looked for once a chunk: it is asked of each line without a tag. */
  #hasKernelTag: boolean | undefined;

  /** `objectNeedle`: what JSON objects hold that are no wrapping of the kernel's line. */
  constructor(prefixes: RulePrefixes, objectNeedle?: string) {
    const inJson = objectNeedle === undefined ? ["IN=", "73,78,61"] : ["IN=", "73,78,61", objectNeedle];
    this.#jsonNeedles = inJson.map((text) => new Needle(text));
    // Without a prefix also lines that lost their beginning: those still have a protocol.
    const texts = prefixes.all ? ["IN=", " PROTO="] : prefixes.needles;
    this.#textNeedles = texts.map((text) => new Needle(text));
  }

  open(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#hasKernelTag = undefined;
    this.#needles = [...this.#textNeedles, ...this.#extraNeedles(bytes)];
    this.#places = this.#needles.map(() => -1);
    this.#aim();
  }

  /** The first line worth reading that begins at or behind `from`, which is the start of a line. */
  next(from: number): Line | undefined {
    const bytes = this.#bytes;
    let hit = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#needles.length; i++) {
      let place = this.#places[i] ?? -1;
      if (place < from) {
        const found = this.#needles[i]?.find(bytes, from) ?? -1;
        place = found < 0 ? Number.POSITIVE_INFINITY : found;
        this.#places[i] = place;
      }
      if (place < hit) hit = place;
    }
    if (hit === Number.POSITIVE_INFINITY) return undefined;
    return this.lineAt(hit === from ? from : bytes.lastIndexOf(newline, hit) + 1);
  }

  /** The line that begins at `start`, undefined at the end of the chunk. */
  lineAt(start: number): Line | undefined {
    if (start >= this.#bytes.length) return undefined;
    const end = this.#bytes.indexOf(newline, start);
    return { start, end: end < 0 ? this.#bytes.length : end };
  }

  /** Whether some line of the chunk has the kernel's tag behind time and host. */
  chunkHasKernelTag(isTaggedHead: (head: string) => boolean): boolean {
    this.#hasKernelTag ??= this.#findKernelTag(isTaggedHead);
    return this.#hasKernelTag;
  }

  #findKernelTag(isTaggedHead: (head: string) => boolean): boolean {
    let at = this.#bytes.indexOf(" kernel: ");
    for (let i = 0; i < maxTagLooks && at >= 0; i++) {
      const start = this.#bytes.lastIndexOf(newline, at) + 1;
      // Behind time and host at the latest; further on it is somebody's text.
      if (at - start < 300 && isTaggedHead(this.#bytes.toString("latin1", start, at + 9))) return true;
      at = this.#bytes.indexOf(" kernel: ", at + 9);
    }
    return false;
  }

  #extraNeedles(bytes: Buffer): readonly Needle[] {
    const start = bytes.toString("latin1", 0, Math.min(100, bytes.length));
    if (/^(?:data: )?\{/.test(start)) return this.#jsonNeedles;
    const container = /^\S+ (?:stdout|stderr) [FP] (\{)?/.exec(start);
    if (container === null) return [];
    return container[1] === undefined ? this.#partialNeedles : [...this.#partialNeedles, ...this.#jsonNeedles];
  }

  #aim(): void {
    const [bytes, counts] = [this.#bytes, this.#counts];
    counts.fill(0);
    const end = Math.min(sampleBytes, bytes.length);
    for (let i = 0; i < end; i++) {
      const byte = bytes[i] ?? 0;
      counts[byte] = (counts[byte] ?? 0) + 1;
    }
    const search = byteSearchOf(bytes);
    for (const needle of this.#needles) needle.aim(counts, search);
  }
}
