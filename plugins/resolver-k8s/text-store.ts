/**
 * Keeps each distinct text once, as UTF-8 in one byte array, counted by its users: text in, a small number out.
 * Called by the pod table for what many pods share (namespaces, nodes, owners, the stems of names). A JavaScript
 * string and its place in a Map cost about 100 bytes each; this costs the text and 20 bytes.
 */
import { HashChains, none } from "./hash-chains.ts";
import { WordRows } from "./word-rows.ts";

const offset = 0;
const length = 1;
const users = 2;
const next = 3;
const stride = 4;
/** Longer than any name that Kubernetes lets pass, with its kind. The rest of a longer text is cut. */
const maxTextBytes = 1024;

export class TextStore {
  #arena = new Uint8Array(4096);
  #used = 0;
  #wasted = 0;
  readonly #rows = new WordRows(stride);
  readonly #chains = new HashChains(this.#rows, next, (id) => this.#hashOf(id));
  /** The text that is looked for, its first `#scratchLength` bytes. */
  readonly #scratch = new Uint8Array(maxTextBytes);
  #scratchLength = 0;
  readonly #encoder = new TextEncoder();

  constructor() {
    // The number 0 means "no text" to the callers.
    this.#rows.add();
  }

  /** How many distinct texts are kept. */
  get size(): number {
    return this.#rows.size - 1;
  }

  get bytes(): number {
    return this.#arena.byteLength + this.#rows.bytes + this.#chains.bytes;
  }

  /** The number of `text`, which is kept until `release` was called as often as `intern`. */
  intern(text: string): number {
    const known = this.find(text);
    const id = known === 0 ? this.#insert() : known;
    this.#rows.set(id, users, this.#rows.get(id, users) + 1);
    return id;
  }

  /** The number of `text` if somebody keeps it, else 0. */
  find(text: string): number {
    this.#encode(text);
    let id = this.#chains.first(hashBytes(this.#scratch, 0, this.#scratchLength));
    while (id !== none && !this.#isScratch(id)) id = this.#chains.next(id);
    return id === none ? 0 : id;
  }

  text(id: number): string {
    const start = this.#rows.get(id, offset);
    const { buffer } = this.#arena;
    return Buffer.from(buffer, start, this.#rows.get(id, length)).toString("utf8");
  }

  release(id: number): void {
    if (id === 0) return;
    const left = this.#rows.get(id, users) - 1;
    this.#rows.set(id, users, left);
    if (left > 0) return;
    this.#chains.unlink(id);
    this.#wasted += this.#rows.get(id, length);
    this.#rows.remove(id);
    if (this.#wasted > 65_536 && this.#wasted > this.#used / 2) this.#compact();
  }

  /** Into the scratch. Names are ASCII: those are written here, since TextEncoder makes an object each time. */
  #encode(text: string): void {
    const scratch = this.#scratch;
    let at = 0;
    while (at < text.length && at < maxTextBytes && text.charCodeAt(at) < 0x80) scratch[at] = text.charCodeAt(at++);
    const isWritten = at === text.length || at === maxTextBytes;
    this.#scratchLength = isWritten ? at : this.#encoder.encodeInto(text, scratch).written;
  }

  #insert(): number {
    const bytes = this.#scratchLength;
    this.#reserve(bytes);
    for (let i = 0; i < bytes; i++) this.#arena[this.#used + i] = this.#scratch[i] ?? 0;
    const id = this.#rows.add();
    this.#rows.set(id, offset, this.#used);
    this.#rows.set(id, length, bytes);
    this.#chains.link(id);
    this.#used += bytes;
    return id;
  }

  #reserve(more: number): void {
    if (this.#used + more <= this.#arena.length) return;
    const grown = new Uint8Array(Math.ceil((this.#used + more) * 1.25));
    grown.set(this.#arena.subarray(0, this.#used));
    this.#arena = grown;
  }

  /** Moves the living texts together, in place: in the order of their offsets nothing is overwritten unread. */
  #compact(): void {
    const living = this.#rows.living().filter((id) => id !== 0);
    living.sort((a, b) => this.#rows.get(a, offset) - this.#rows.get(b, offset));
    let end = 0;
    for (const id of living) {
      const start = this.#rows.get(id, offset);
      this.#arena.copyWithin(end, start, start + this.#rows.get(id, length));
      this.#rows.set(id, offset, end);
      end += this.#rows.get(id, length);
    }
    this.#used = end;
    this.#wasted = 0;
  }

  #isScratch(id: number): boolean {
    if (this.#rows.get(id, length) !== this.#scratchLength) return false;
    const start = this.#rows.get(id, offset);
    for (let i = 0; i < this.#scratchLength; i++) if (this.#arena[start + i] !== this.#scratch[i]) return false;
    return true;
  }

  #hashOf(id: number): number {
    return hashBytes(this.#arena, this.#rows.get(id, offset), this.#rows.get(id, length));
  }
}

function hashBytes(bytes: Uint8Array, start: number, length: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < start + length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
