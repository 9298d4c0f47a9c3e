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
  readonly #chains = new HashChains(this.#rows, next, (id) => hashBytes(this.#bytesOf(id)));
  readonly #scratch = new Uint8Array(maxTextBytes);
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
    const bytes = this.#encode(text);
    const known = this.#find(bytes);
    const id = known === 0 ? this.#insert(bytes) : known;
    this.#rows.set(id, users, this.#rows.get(id, users) + 1);
    return id;
  }

  /** The number of `text` if somebody keeps it, else 0. */
  find(text: string): number {
    return this.#find(this.#encode(text));
  }

  text(id: number): string {
    return Buffer.from(this.#bytesOf(id)).toString("utf8");
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

  #encode(text: string): Uint8Array {
    return this.#scratch.subarray(0, this.#encoder.encodeInto(text, this.#scratch).written);
  }

  #find(bytes: Uint8Array): number {
    let id = this.#chains.first(hashBytes(bytes));
    while (id !== none && !this.#equals(id, bytes)) id = this.#chains.next(id);
    return id === none ? 0 : id;
  }

  #insert(bytes: Uint8Array): number {
    this.#reserve(bytes.length);
    this.#arena.set(bytes, this.#used);
    const id = this.#rows.add();
    this.#rows.set(id, offset, this.#used);
    this.#rows.set(id, length, bytes.length);
    this.#chains.link(id);
    this.#used += bytes.length;
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

  #equals(id: number, bytes: Uint8Array): boolean {
    if (this.#rows.get(id, length) !== bytes.length) return false;
    const start = this.#rows.get(id, offset);
    for (let i = 0; i < bytes.length; i++) if (this.#arena[start + i] !== bytes[i]) return false;
    return true;
  }

  #bytesOf(id: number): Uint8Array {
    const start = this.#rows.get(id, offset);
    return this.#arena.subarray(start, start + this.#rows.get(id, length));
  }
}

function hashBytes(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
