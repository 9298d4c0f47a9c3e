/**
 * The beginning of a text whose end has not arrived yet: pieces in, the whole text out, in one buffer that is used
 * again for the next one. Called by the readers of watches and lists; what no piece cuts apart never comes here.
 */
import { WatchFailure } from "./watch-failure.ts";

/** What is kept between two texts; the rare larger one goes back to the system. */
const keptBytes = 65_536;

export class PartialText {
  readonly #maxBytes: number;
  readonly #what: string;
  #buffer = Buffer.alloc(0);
  length = 0;

  /** `what` is for the message when there are more than `maxBytes`: "a watch event". */
  constructor(maxBytes: number, what: string) {
    this.#maxBytes = maxBytes;
    this.#what = what;
  }

  add(piece: Buffer, start: number, end: number): void {
    const length = this.length + end - start;
    if (length > this.#maxBytes) {
      throw new WatchFailure("bad_line", `${this.#what} is longer than ${this.#maxBytes} bytes`);
    }
    if (length > this.#buffer.length) this.#grow(length);
    piece.copy(this.#buffer, this.length, start, end);
    this.length = length;
  }

  /** What was added, good until the next `add`. */
  take(): Buffer {
    const text = this.#buffer.subarray(0, this.length);
    if (this.#buffer.length > keptBytes) this.#buffer = Buffer.alloc(0);
    this.length = 0;
    return text;
  }

  #grow(length: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(4096, 2 * length));
    this.#buffer.copy(grown, 0, 0, this.length);
    this.#buffer = grown;
  }
}

/** The same bytes, with Buffer's methods. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
