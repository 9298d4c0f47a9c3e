/**
 * Steps through a chunk from one line worth reading to the next, by searching for bytes that such a line must hold.
 * The search is Buffer.indexOf (native), so that other programs' lines cost next to nothing.
 */
import type { RulePrefixes } from "./rule-prefixes.ts";

export interface Line {
  readonly start: number;
  /** Of its line break, or the end of the chunk. */
  readonly end: number;
}

const newline = 0x0a;
/** How many lines that hold " kernel: " are looked at before a chunk counts as one without tags. */
const maxTagLooks = 20;

export class LineFinder {
  /** For lines of text: the prefixes themselves. */
  readonly #textNeedles: readonly Buffer[];
  #needles: readonly Buffer[] = [];
  /** Where each needle stands next; -1: not known yet. */
  #places: number[] = [];
  #bytes: Buffer = Buffer.alloc(0);

  constructor(prefixes: RulePrefixes) {
    // Without a prefix also lines that lost their beginning: those still have a protocol.
    const texts = prefixes.all ? ["IN=", " PROTO="] : prefixes.needles;
    this.#textNeedles = texts.map((text) => Buffer.from(text, "latin1"));
  }

  open(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#needles = [...this.#textNeedles, ...extraNeedles(bytes)];
    this.#places = this.#needles.map(() => -1);
  }

  /** The first line worth reading that begins at or behind `from`, which is the start of a line. */
  next(from: number): Line | undefined {
    const bytes = this.#bytes;
    let hit = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#needles.length; i++) {
      let place = this.#places[i] ?? -1;
      if (place < from) {
        const found = bytes.indexOf(this.#needles[i] ?? "", from);
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
    let at = this.#bytes.indexOf(" kernel: ");
    for (let i = 0; i < maxTagLooks && at >= 0; i++) {
      const start = this.#bytes.lastIndexOf(newline, at) + 1;
      // Behind time and host at the latest; further on it is somebody's text.
      if (at - start < 300 && isTaggedHead(this.#bytes.toString("latin1", start, at + 9))) return true;
      at = this.#bytes.indexOf(" kernel: ", at + 9);
    }
    return false;
  }
}

/**
 * JSON may write a prefix in many ways, and journald as an array of numbers; but "IN=" in two only.
 * In a container's log a line may be cut anywhere: all pieces are read.
 */
function extraNeedles(bytes: Buffer): Buffer[] {
  const start = bytes.toString("latin1", 0, Math.min(100, bytes.length));
  if (/^(?:data: )?\{/.test(start)) return jsonNeedles;
  const container = /^\S+ (?:stdout|stderr) [FP] (\{)?/.exec(start);
  if (container === null) return [];
  return container[1] === undefined ? partialNeedles : [...partialNeedles, ...jsonNeedles];
}

const jsonNeedles = [Buffer.from("IN="), Buffer.from("73,78,61")];
const partialNeedles = [Buffer.from(" stdout P "), Buffer.from(" stderr P ")];
