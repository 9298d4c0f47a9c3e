/**
 * A hash index over WordRows: a hash in, the rows with that hash out, one after the other. Each row carries the number
 * of the next one in a column of its own. Used by all three tables of this folder.
 */
import type { WordRows } from "./word-rows.ts";

/** In the place of "no row", since 0 is one. */
export const none = 0xffffffff;

export class HashChains {
  readonly #rows: WordRows;
  readonly #next: number;
  readonly #hashOf: (row: number) => number;
  #buckets = new Uint32Array(256).fill(none);
  #size = 0;

  /** `next` is the column for the chain; `hashOf` must give the same for a row as long as it is linked. */
  constructor(rows: WordRows, next: number, hashOf: (row: number) => number) {
    this.#rows = rows;
    this.#next = next;
    this.#hashOf = hashOf;
  }

  get bytes(): number {
    return this.#buckets.byteLength;
  }

  first(hash: number): number {
    return this.#buckets[hash & (this.#buckets.length - 1)] ?? none;
  }

  next(row: number): number {
    return this.#rows.get(row, this.#next);
  }

  link(row: number): void {
    if (++this.#size > this.#buckets.length) this.#double();
    this.#put(row);
  }

  unlink(row: number): void {
    this.#size--;
    const bucket = this.#hashOf(row) & (this.#buckets.length - 1);
    let at = this.#buckets[bucket] ?? none;
    if (at === row) {
      this.#buckets[bucket] = this.next(row);
      return;
    }
    while (this.next(at) !== row) at = this.next(at);
    this.#rows.set(at, this.#next, this.next(row));
  }

  #put(row: number): void {
    const bucket = this.#hashOf(row) & (this.#buckets.length - 1);
    this.#rows.set(row, this.#next, this.#buckets[bucket] ?? none);
    this.#buckets[bucket] = row;
  }

  #double(): void {
    const old = this.#buckets;
    this.#buckets = new Uint32Array(old.length * 2).fill(none);
    for (const head of old) {
      for (let row = head; row !== none; ) {
        const next = this.next(row);
        this.#put(row);
        row = next;
      }
    }
  }
}
