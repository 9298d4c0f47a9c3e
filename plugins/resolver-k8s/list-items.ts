/**
 * Takes a list's body apart as it arrives: the bytes of each object of its `items` are handed over, and may be used
 * again after that; the rest (kind, metadata with the continue token) is the result. Called by the pod watch where the
 * server knows no WatchList: a page of 500 pods as one text and one tree of objects would cost many megabytes at a time.
 */
import { asBuffer, PartialText } from "./partial-text.ts";
import type { OnText } from "./watch-lines.ts";

const quote = 0x22;
const backslash = 0x5c;
/** The depth of an item within `{"items":[{…}]}`. */
const itemDepth = 3;

export async function readListItems(
  body: AsyncIterable<Uint8Array>,
  maxItemBytes: number,
  onItem: OnText,
): Promise<unknown> {
  const splitter = new ItemSplitter(maxItemBytes, onItem);
  for await (const chunk of body) splitter.push(asBuffer(chunk));
  return splitter.end();
}

class ItemSplitter {
  readonly #onItem: OnText;
  readonly #item: PartialText;
  /** Everything but the items. */
  readonly #rest: PartialText;
  #depth = 0;
  #inString = false;
  #escaped = false;

  constructor(maxItemBytes: number, onItem: OnText) {
    this.#onItem = onItem;
    this.#item = new PartialText(maxItemBytes, "a pod in the list");
    this.#rest = new PartialText(maxItemBytes, "what surrounds the pods in the list");
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let i = this.#inString ? this.#stringEnd(chunk, 0) : 0; i < chunk.length; i++) {
      const byte = chunk[i] ?? 0;
      if (byte === quote) {
        this.#inString = true;
        i = this.#stringEnd(chunk, i + 1) - 1;
      } else if (byte === 0x7b || byte === 0x5b) {
        if (++this.#depth === itemDepth && byte === 0x7b) start = this.#keepRest(chunk, start, i);
      } else if (byte === 0x7d || byte === 0x5d) {
        if (this.#depth-- === itemDepth && byte === 0x7d) start = this.#finishItem(chunk, start, i + 1);
      }
    }
    if (this.#depth < itemDepth) this.#keepRest(chunk, start, chunk.length);
    else this.#item.add(chunk, start, chunk.length);
  }

  end(): unknown {
    // What separated the items is left: "[,,,]".
    return JSON.parse(
      this.#rest
        .take()
        .toString("utf8")
        .replace(/\[[\s,]*\]/g, "[]"),
    );
  }

  /** Behind the quote that ends the string, or the chunk's end. */
  #stringEnd(chunk: Buffer, start: number): number {
    let isEscaped = this.#escaped;
    let i = start;
    for (; i < chunk.length; i++) {
      const byte = chunk[i] ?? 0;
      if (isEscaped) isEscaped = false;
      else if (byte === backslash) isEscaped = true;
      else if (byte === quote) {
        this.#inString = false;
        i++;
        break;
      }
    }
    this.#escaped = isEscaped;
    return i;
  }

  #keepRest(chunk: Buffer, start: number, end: number): number {
    this.#rest.add(chunk, start, end);
    return end;
  }

  #finishItem(chunk: Buffer, start: number, end: number): number {
    if (this.#item.length === 0) this.#onItem(chunk, start, end);
    else {
      this.#item.add(chunk, start, end);
      const item = this.#item.take();
      this.#onItem(item, 0, item.length);
    }
    return end;
  }
}
