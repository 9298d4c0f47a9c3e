/**
 * Takes a list's body apart as it arrives: each object of its `items` is handed on and forgotten, the rest (kind,
 * metadata with the continue token) is the result. Called by the pod watch where the server knows no WatchList: a
 * page of 500 pods as one text and one tree of objects would cost many megabytes at a time.
 */
import { WatchFailure } from "./watch-failure.ts";
import { jsonText } from "./watch-lines.ts";

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
  /** Everything but the items; the server writes ASCII there. */
  #rest = "";
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
    if (this.#depth < itemDepth) this.#keepRest(chunk, start, chunk.length);
    else this.#keepItem(chunk.slice(start));
  }

  end(): unknown {
    // What separated the items is left: "[,,,]".
    return JSON.parse(this.#rest.replace(/\[[\s,]*\]/g, "[]"));
  }

  #stringByte(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === backslash) this.#escaped = true;
    else if (byte === quote) this.#inString = false;
  }

  #keepRest(chunk: Uint8Array, start: number, end: number): number {
    this.#rest += jsonText([], chunk.subarray(start, end));
    this.#checkLength(this.#rest.length);
    return end;
  }

  #finishItem(chunk: Uint8Array, start: number, end: number): number {
    const text = jsonText(this.#item, chunk.subarray(start, end));
    this.#item = [];
    this.#held = 0;
    this.#onItem(JSON.parse(text));
    return end;
  }

  #keepItem(part: Uint8Array): void {
    this.#held += part.length;
    this.#checkLength(this.#held);
    this.#item.push(part);
  }

  #checkLength(bytes: number): void {
    if (bytes <= this.#maxItemBytes) return;
    throw new WatchFailure("bad_line", `a pod in the list is longer than ${this.#maxItemBytes} bytes`);
  }
}
