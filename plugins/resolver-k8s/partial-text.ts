/**
 * The beginning of a text whose end has not arrived yet: pieces in, the whole text out, in one buffer that is used
 * again for the next one. Called by the readers of watches and lists; what no piece cuts apart never comes here.
 */
import { freeBytes } from "../../core/kubernetes/spent-bytes.ts";
import { WatchFailure } from "./watch-failure.ts";

/** What is kept between two texts; the rare larger one goes back to the system. */
const keptBytes = 65_536;

export class PartialText {
  readonly #maxBytes: number;
  readonly #what: string;
  #buffer = Buffer.alloc(0);
  /** Was taken, and is too large to be kept. */
  #taken: Buffer | undefined;
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
    if (this.#taken !== undefined) freeBytes(this.#taken);
    this.#taken = undefined;
    if (length > this.#buffer.length) this.#grow(length);
    piece.copy(this.#buffer, this.length, start, end);
    this.length = length;
  }

  /** What was added so far, good until the next `add`. */
  peek(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }

  /** What was added, good until the next `add`. */
  take(): Buffer {
    const text = this.peek();
    if (this.#buffer.length > keptBytes) [this.#taken, this.#buffer] = [this.#buffer, Buffer.alloc(0)];
    this.length = 0;
    return text;
  }

  #grow(length: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(4096, 2 * length));
    this.#buffer.copy(grown, 0, 0, this.length);
    if (this.length > 0) freeBytes(this.#buffer);
    this.#buffer = grown;
  }
}

/** The same bytes, with Buffer's methods. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
