/**
 * Rows of 32-bit numbers in one typed array, growing by half, with removed rows used again. The base of the pod
 * table: its bytes are outside of the JavaScript heap, nothing in them is ever scanned by the garbage collector.
 */
export class WordRows {
  /** Row r is `words[r * stride]` to `words[r * stride + stride - 1]`. Replaced when it grows: do not keep it. */
  words: Uint32Array;
  readonly #stride: number;
  #rows = 0;
  /** Removed rows, each one's first word naming the next plus one. */
  #free = 0;
  #freeCount = 0;

  constructor(stride: number, capacity: number) {
    this.#stride = stride;
    this.words = new Uint32Array(stride * capacity);
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
    return this.words.byteLength;
  }

  get(row: number, column: number): number {
    return this.words[row * this.#stride + column] ?? 0;
  }

  set(row: number, column: number, value: number): void {
    this.words[row * this.#stride + column] = value;
  }

  /** A view of the row's first `count` words, until the next `add`. */
  head(row: number, count: number): Uint32Array {
    return this.words.subarray(row * this.#stride, row * this.#stride + count);
  }

  /** A row of zeros. */
  add(): number {
    if (this.#free !== 0) {
      const row = this.#free - 1;
      this.#free = this.words[row * this.#stride] ?? 0;
      this.#freeCount--;
      this.words[row * this.#stride] = 0;
      return row;
    }
    if ((this.#rows + 1) * this.#stride > this.words.length) this.#grow();
    return this.#rows++;
  }

  remove(row: number): void {
    const start = row * this.#stride;
    this.words.fill(0, start, start + this.#stride);
    this.words[start] = this.#free;
    this.#free = row + 1;
    this.#freeCount++;
  }

  /** The rows in use, in order. Walks the free list: for rare work only. */
  living(): number[] {
    const free = new Set<number>();
    for (let row = this.#free; row !== 0; row = this.words[(row - 1) * this.#stride] ?? 0) free.add(row - 1);
    const rows: number[] = [];
    for (let row = 0; row < this.#rows; row++) if (!free.has(row)) rows.push(row);
    return rows;
  }

  #grow(): void {
    const grown = new Uint32Array(Math.ceil((this.words.length / this.#stride) * 1.5) * this.#stride);
    grown.set(this.words);
    this.words = grown;
  }
}
