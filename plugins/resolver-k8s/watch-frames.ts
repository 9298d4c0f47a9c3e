/**
 * Splits the body of a watch in protobuf, chunks of any size, into its frames: four bytes with the length, then one
 * event. The bytes that hold an event are handed over and may be used again after that. Called by pod-format.ts. An
 * event longer than `maxBytes` ends it with an error.
 */
import { asBuffer, PartialText } from "./partial-text.ts";
import { WatchFailure } from "./watch-failure.ts";
import type { OnText } from "./watch-lines.ts";

const lengthBytes = 4;

export async function readWatchFrames(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  onEvent: OnText,
): Promise<void> {
  const frames = new Frames(maxBytes, onEvent);
  for await (const chunk of body) frames.push(asBuffer(chunk));
  // A last frame that is not whole was cut off: the event comes again with the next watch.
}

class Frames {
  readonly #maxBytes: number;
  readonly #onEvent: OnText;
  /** A frame that a chunk's end has cut, with its length. */
  readonly #begun: PartialText;

  constructor(maxBytes: number, onEvent: OnText) {
    this.#maxBytes = maxBytes;
    this.#onEvent = onEvent;
    this.#begun = new PartialText(maxBytes + lengthBytes, "a watch event");
  }

  push(chunk: Buffer): void {
    let start = this.#finish(chunk);
    for (let end = this.#end(chunk, start); end <= chunk.length; end = this.#end(chunk, start)) {
      this.#onEvent(chunk, start + lengthBytes, end);
      start = end;
    }
    this.#begun.add(chunk, start, chunk.length);
  }

  /** Adds to the frame that was begun what is missing of it; where the next one starts. */
  #finish(chunk: Buffer): number {
    if (this.#begun.length === 0) return 0;
    const head = Math.min(Math.max(lengthBytes - this.#begun.length, 0), chunk.length);
    this.#begun.add(chunk, 0, head);
    const missing = this.#end(this.#begun.peek(), 0) - this.#begun.length;
    const end = Math.min(chunk.length, head + missing);
    this.#begun.add(chunk, head, end);
    if (end - head === missing) {
      const frame = this.#begun.take();
      this.#onEvent(frame, lengthBytes, frame.length);
    }
    return end;
  }

  /** Where the frame that starts there ends; infinite when its length has not arrived whole. */
  #end(bytes: Buffer, start: number): number {
    if (bytes.length - start < lengthBytes) return Number.POSITIVE_INFINITY;
    const length = bytes.readUInt32BE(start);
    if (length > this.#maxBytes) {
      throw new WatchFailure("bad_line", `a watch event is longer than ${this.#maxBytes} bytes`);
    }
    return start + lengthBytes + length;
  }
}
