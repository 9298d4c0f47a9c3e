/**
 * Searches chunks for a text by the part of it that is rarest there: by two of its bytes where the chunk can be searched
 * for two, else by the piece that begins with the rarest byte, because Buffer.indexOf looks for a piece of up to six
 * bytes by its first one. 1,000,000 foreign lines cost half of a search for the whole text (bench sparse), with two
 * bytes a tenth. Called by the line finder.
 */
import type { ByteSearch, TwoBytes } from "../byte-search/byte-search.ts";

/** Node searches such short pieces with memchr, longer ones byte by byte (its string_search.h). */
const pieceBytes = 6;
/** A shorter piece would be met too often where it means nothing. */
const leastPieceBytes = 4;

export class Needle {
  readonly #bytes: Buffer;
  #piece: Buffer;
  /** Where the piece lies in the text, or the first of two bytes. */
  #pieceAt = 0;
  #two: TwoBytes;
  #search: ByteSearch | undefined;

  constructor(text: string) {
    this.#bytes = Buffer.from(text, "latin1");
    this.#piece = this.#bytes.subarray(0, pieceBytes);
    this.#two = this.#twoAt(0, 0);
  }

  /** For a chunk. `counts`: how often each byte is in a sample of it; `search`: when it can be searched so. */
  aim(counts: Uint16Array, search?: ByteSearch): void {
    this.#search = search;
    if (search === undefined) this.#aimPiece(counts);
    else this.#aimTwo(counts);
  }

  /** Where the text begins for the first time at or behind `from`; -1: nowhere. */
  find(chunk: Buffer, from: number): number {
    const pieceAt = this.#pieceAt;
    for (let at = this.#next(chunk, from + pieceAt); at >= 0; at = this.#next(chunk, at + 1)) {
      if (this.#standsAt(chunk, at - pieceAt)) return at - pieceAt;
    }
    return -1;
  }

  #next(chunk: Buffer, from: number): number {
    const search = this.#search;
    return search === undefined ? chunk.indexOf(this.#piece, from) : search.find(chunk, this.#two, from);
  }

  #aimPiece(counts: Uint16Array): void {
    const bytes = this.#bytes;
    const best = this.#rarest(counts, bytes.length - leastPieceBytes + 1);
    this.#pieceAt = best;
    this.#piece = bytes.subarray(best, best + pieceBytes);
  }

  #aimTwo(counts: Uint16Array): void {
    const length = this.#bytes.length;
    const rarest = this.#rarest(counts, length);
    const next = this.#rarest(counts, length, rarest);
    this.#pieceAt = Math.min(rarest, next);
    this.#two = this.#twoAt(this.#pieceAt, Math.max(rarest, next));
  }

  /** Of the first `length` places, without the byte at `taken`; 0 when there is none. */
  #rarest(counts: Uint16Array, length: number, taken = -1): number {
    const bytes = this.#bytes;
    let best = taken === 0 && length > 1 ? 1 : 0;
    for (let at = best + 1; at < length; at++) {
      if (at !== taken && countOf(counts, bytes, at) < countOf(counts, bytes, best)) best = at;
    }
    return best;
  }

  #twoAt(at: number, other: number): TwoBytes {
    return { first: this.#bytes[at] ?? 0, second: this.#bytes[other] ?? 0, distance: other - at };
  }

  #standsAt(chunk: Buffer, start: number): boolean {
    const bytes = this.#bytes;
    for (let i = 0; i < bytes.length; i++) if (chunk[start + i] !== bytes[i]) return false;
    return true;
  }
}

function countOf(counts: Uint16Array, bytes: Buffer, at: number): number {
  return counts[bytes[at] ?? 0] ?? 0;
}
