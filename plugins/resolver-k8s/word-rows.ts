/**
 * Rows of 32-bit numbers in typed arrays of a fixed size, with removed rows used again. The base of the pod table:
 * its bytes are outside of the JavaScript heap, never scanned by the garbage collector, and never copied to grow.
 */
const pageShift = 10;
const pageRows = 1 << pageShift;

export class WordRows {
  readonly #stride: number;
  readonly #pages: Uint32Array[] = [];
  #rows = 0;
  /** Removed rows, each one's first word naming the next plus one. */
  #free = 0;
  #freeCount = 0;

  constructor(stride: number) {
    this.#stride = stride;
  }

  /** Rows in use. */
  get size(): number {
    return this.#rows - this.#freeCount;
  }

  /** One more than the highest row ever used. */
  get end(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#pages.length * pageRows * this.#stride * 4;
  }

  get(row: number, column: number): number {
    return this.#page(row)[this.#start(row) + column] ?? 0;
  }

  set(row: number, column: number, value: number): void {
    this.#page(row)[this.#start(row) + column] = value;
  }

  /** The row's first words. Where rows are told apart, `beginsWith` and `hash` do it without making anything. */
  head(row: number, count: number): Uint32Array {
    const start = this.#start(row);
    return this.#page(row).slice(start, start + count);
  }

  setHead(row: number, words: Uint32Array): void {
    this.#page(row).set(words, this.#start(row));
  }

  beginsWith(row: number, words: Uint32Array): boolean {
    const page = this.#page(row);
    const start = this.#start(row);
    for (let i = words.length - 1; i >= 0; i--) if (page[start + i] !== words[i]) return false;
    return true;
  }

  /** `hashWords` of the row's first `count` words. */
  hash(row: number, count: number): number {
    return hashWords(this.#page(row), count, this.#start(row));
  }

  /** A row of zeros. */
  add(): number {
    if (this.#free !== 0) {
      const row = this.#free - 1;
      this.#free = this.get(row, 0);
      this.#freeCount--;
      this.set(row, 0, 0);
      return row;
    }
    if (this.#rows === this.#pages.length * pageRows) this.#pages.push(new Uint32Array(pageRows * this.#stride));
    return this.#rows++;
  }

  remove(row: number): void {
    const start = this.#start(row);
    this.#page(row).fill(0, start, start + this.#stride);
    this.set(row, 0, this.#free);
    this.#free = row + 1;
    this.#freeCount++;
  }

  /** The rows in use, in order. Walks the free list: for rare work only. */
  living(): number[] {
    const free = new Set<number>();
    for (let row = this.#free; row !== 0; row = this.get(row - 1, 0)) free.add(row - 1);
    const rows: number[] = [];
    for (let row = 0; row < this.#rows; row++) if (!free.has(row)) rows.push(row);
    return rows;
  }

  #start(row: number): number {
    return (row & (pageRows - 1)) * this.#stride;
  }

  #page(row: number): Uint32Array {
    const page = this.#pages[row >>> pageShift];
    if (page === undefined) throw new RangeError(`no row ${row}`);
    return page;
  }
}

/** Multiplies and shifts as MurmurHash3's finaliser does: neighbouring addresses must spread. */
export function hashWords(words: Uint32Array, count: number, at = 0): number {
  let hash = 0x9747b28c;
  for (let i = at; i < at + count; i++) {
    hash = Math.imul(hash ^ (words[i] ?? 0), 0x85ebca6b);
    hash ^= hash >>> 13;
  }
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
