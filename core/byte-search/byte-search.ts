/**
 * Counts and finds bytes sixteen at a time, by WebAssembly, in buffers that were made for it. In: a buffer's size; out:
 * the buffer and, for whoever is handed parts of it, the search. Sources make the buffer; the count of lines and the
 * search for prefixes use it, and do without where a source brings other bytes. Why: a million calls of Buffer.indexOf
 * cost more than reading the file (bench sparse: 74 ms by indexOf, 12 by this).
 */
import { moduleBytes } from "./module-bytes.ts";

/** Two of the bytes of a text: no text is where these are not. */
export interface TwoBytes {
  readonly first: number;
  readonly second: number;
  /** From the first to the second. */
  readonly distance: number;
}

/** What is used of the platform's WebAssembly, for which there are no types without a browser's. */
interface Platform {
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
}

interface Exports {
  /** Both: from the first address to before the second, and never nothing. */
  count(from: number, to: number, byte: number): number;
  find(from: number, to: number, first: number, second: number, distance: number): number;
}

const pageBytes = 65_536;
/** `count` takes so many at once. */
const stepBytes = 64;

const searches = new WeakMap<ArrayBufferLike, ByteSearch>();

/** A buffer that `byteSearchOf` knows; one like any other where WebAssembly, its vectors or its address space are missing. */
export function searchableBuffer(size: number): Buffer {
  try {
    const { Memory, Module, Instance } = (globalThis as unknown as { readonly WebAssembly: Platform }).WebAssembly;
    // One page more: steps reach over the end.
    const memory = new Memory({ initial: Math.ceil(size / pageBytes) + 1 });
    const { exports } = new Instance(new Module(moduleBytes()), { host: { memory } });
    searches.set(memory.buffer, new ByteSearch(exports as Exports));
    return Buffer.from(memory.buffer, 0, size);
  } catch {
    return Buffer.allocUnsafeSlow(size);
  }
}

/** The search for `bytes`, which are part of a searchable buffer, or undefined. */
export function byteSearchOf(bytes: Uint8Array): ByteSearch | undefined {
  return searches.get(bytes.buffer);
}

export class ByteSearch {
  readonly #exports: Exports;

  constructor(exports: Exports) {
    this.#exports = exports;
  }

  /** How often `byte` is in `bytes`. */
  count(bytes: Uint8Array, byte: number): number {
    const whole = bytes.length - (bytes.length % stepBytes);
    const from = bytes.byteOffset;
    let count = whole === 0 ? 0 : this.#exports.count(from, from + whole, byte);
    for (let i = whole; i < bytes.length; i++) if (bytes[i] === byte) count++;
    return count;
  }

  /** Where the first of `two` stands for the first time at or behind `from`; -1: nowhere. The second is in `bytes` too. */
  find(bytes: Uint8Array, { first, second, distance }: TwoBytes, from: number): number {
    const end = bytes.length - distance;
    if (from >= end) return -1;
    const base = bytes.byteOffset;
    const at = this.#exports.find(base + from, base + end, first, second, distance) - base;
    // A step may have seen what is behind the end.
    return at >= 0 && at < end ? at : -1;
  }
}
