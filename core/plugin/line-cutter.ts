/**
 * For sources: makes runs of whole lines of a stream's pieces. In: bytes as they come; out: views, valid until the next
 * call. Keeps the beginning of one line at most; a line longer than `maxLineBytes` is left out whole and counted.
 */
const newline = 0x0a;

/** Makes runs of whole lines of a stream's pieces: what `Source.read` yields. */
export class LineCutter {
  /** Lines left out so far because they were longer than `maxLineBytes`. */
  tooLong = 0;
  readonly #maxLineBytes: number;
  /** The beginning of a line whose end has not yet come. */
  readonly #partial: Buffer;
  #partialLength = 0;
  /** Within a too long line, which is counted already. */
  #isSkipping = false;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
    this.#partial = Buffer.allocUnsafeSlow(maxLineBytes + 1);
  }

  /** Runs of whole lines, each with its "\n". `bytes` must stay as they are until the generator ends. */
  *cut(bytes: Buffer): Generator<Buffer> {
    const firstEnd = bytes.indexOf(newline) + 1;
    if (firstEnd === 0) return this.#keep(bytes);
    const first = this.#complete(bytes.subarray(0, firstEnd));
    if (first !== undefined) yield first;
    const end = bytes.lastIndexOf(newline) + 1;
    yield* this.#runs(bytes.subarray(firstEnd, end));
    this.#keep(bytes.subarray(end));
  }

  /** Takes out the beginning of a line that has no end yet. */
  takeRest(): Buffer {
    const rest = Buffer.from(this.#partial.subarray(0, this.#partialLength));
    this.#partialLength = 0;
    this.#isSkipping = false;
    return rest;
  }

  /** Whole lines without the too long ones, in as few runs as that allows. */
  *#runs(lines: Buffer): Generator<Buffer> {
    let begin = 0;
    for (let at = 0; at < lines.length; ) {
      const end = lines.indexOf(newline, at) + 1;
      if (end - 1 - at > this.#maxLineBytes) {
        this.tooLong++;
        if (at > begin) yield lines.subarray(begin, at);
        begin = end;
      }
      at = end;
    }
    if (lines.length > begin) yield lines.subarray(begin);
  }

  /** `tail` ends the line that has begun. */
  #complete(tail: Buffer): Buffer | undefined {
    const begun = this.#partialLength;
    this.#partialLength = 0;
    if (this.#isSkipping) {
      this.#isSkipping = false;
      return undefined;
    }
    if (begun + tail.length - 1 > this.#maxLineBytes) {
      this.tooLong++;
      return undefined;
    }
    if (begun === 0) return tail;
    tail.copy(this.#partial, begun);
    return this.#partial.subarray(0, begun + tail.length);
  }

  #keep(bytes: Buffer): void {
    if (this.#isSkipping) return;
    if (this.#partialLength + bytes.length > this.#maxLineBytes) {
      this.tooLong++;
      this.#partialLength = 0;
      this.#isSkipping = true;
      return;
    }
    bytes.copy(this.#partial, this.#partialLength);
    this.#partialLength += bytes.length;
  }
}
