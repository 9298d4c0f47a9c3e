/**
 * Takes a list's body apart as it arrives: each object of its `items` is handed on and forgotten, the rest (kind,
 * metadata with the continue token) is the result. Called by the pod watch where the server knows no WatchList: a
 * page of 500 pods as one text and one tree of objects would cost many megabytes at a time.
 */
import { WatchFailure } from "./watch-failure.ts";

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
/** The depth of an item within `{"items":[{…}]}`. */
const itemDepth = 3;

export async function readListItems(
  body: AsyncIterable<Uint8Array>,
  maxItemBytes: number,
  onItem: (item: unknown) => void,
): Promise<unknown> {
  const splitter = new ItemSplitter(maxItemBytes, onItem);
  for await (const chunk of body) splitter.push(chunk);
  return splitter.end();
}

class ItemSplitter {
  readonly #maxItemBytes: number;
  readonly #onItem: (item: unknown) => void;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #item: Uint8Array[] = [];
  #rest: Uint8Array[] = [];
  #held = 0;

  constructor(maxItemBytes: number, onItem: (item: unknown) => void) {
    this.#maxItemBytes = maxItemBytes;
    this.#onItem = onItem;
  }

  push(chunk: Uint8Array): void {
    let start = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] ?? 0;
      if (this.#inString) {
        this.#stringByte(byte);
      } else if (byte === quote) {
        this.#inString = true;
      } else if (byte === openBrace || byte === openBracket) {
        if (++this.#depth === itemDepth && byte === openBrace) start = this.#keepRest(chunk, start, i);
      } else if (byte === closeBrace || byte === closeBracket) {
        if (this.#depth-- === itemDepth && byte === closeBrace) start = this.#finishItem(chunk, start, i + 1);
      }
    }
    const inItem = this.#depth >= itemDepth;
    this.#keep(inItem ? this.#item : this.#rest, chunk.slice(start));
  }

  end(): unknown {
    // What separated the items is left: "[,,,]".
    const text = Buffer.concat(this.#rest).toString("utf8");
    return JSON.parse(text.replace(/\[[\s,]*\]/g, "[]"));
  }

  #stringByte(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === backslash) this.#escaped = true;
    else if (byte === quote) this.#inString = false;
  }

  #keepRest(chunk: Uint8Array, start: number, end: number): number {
    this.#keep(this.#rest, chunk.slice(start, end));
    this.#held = 0;
    return end;
  }

  #finishItem(chunk: Uint8Array, start: number, end: number): number {
    this.#item.push(chunk.subarray(start, end));
    const text = Buffer.concat(this.#item).toString("utf8");
    this.#item = [];
    this.#held = 0;
    this.#onItem(JSON.parse(text));
    return end;
  }

  #keep(parts: Uint8Array[], part: Uint8Array): void {
    if (part.length === 0) return;
    this.#held += part.length;
    if (this.#held > this.#maxItemBytes)
      throw new WatchFailure("bad_line", `a pod in the list is longer than ${this.#maxItemBytes} bytes`);
    parts.push(part);
  }
}
