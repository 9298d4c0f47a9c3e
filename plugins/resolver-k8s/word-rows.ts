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
    return this.#page(row)[(row & (pageRows - 1)) * this.#stride + column] ?? 0;
  }

  set(row: number, column: number, value: number): void {
    this.#page(row)[(row & (pageRows - 1)) * this.#stride + column] = value;
  }

  /** A view of the row's first `count` words. */
  head(row: number, count: number): Uint32Array {
    const start = (row & (pageRows - 1)) * this.#stride;
    return this.#page(row).subarray(start, start + count);
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
    this.head(row, this.#stride).fill(0);
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

  #page(row: number): Uint32Array {
    const page = this.#pages[row >>> pageShift];
    if (page === undefined) throw new RangeError(`no row ${row}`);
    return page;
  }
}
