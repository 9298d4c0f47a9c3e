/**
 * Searches chunks for a text by the piece of it that begins with the rarest byte, because Buffer.indexOf looks for a
 * piece of up to six bytes by its first one: 1,000,000 foreign lines cost half of a search for the whole text
 * (bench sparse). Called by the line finder.
 */

/** Node searches such short pieces with memchr, longer ones byte by byte (its string_search.h). */
const pieceBytes = 6;
/** A shorter piece would be met too often where it means nothing. */
const leastPieceBytes = 4;

export class Needle {
  readonly #bytes: Buffer;
  #piece: Buffer;
  /** Where the piece lies in the text. */
  #pieceAt = 0;

  constructor(text: string) {
    this.#bytes = Buffer.from(text, "latin1");
    this.#piece = this.#bytes.subarray(0, pieceBytes);
  }

  /** `counts`: how often each byte is in a sample of what will be searched. */
  aim(counts: Uint16Array): void {
    const bytes = this.#bytes;
    let best = this.#pieceAt;
    for (let at = 0; at <= bytes.length - leastPieceBytes; at++) {
      if (countOf(counts, bytes, at) < countOf(counts, bytes, best)) best = at;
    }
    if (best === this.#pieceAt) return;
    this.#pieceAt = best;
    this.#piece = bytes.subarray(best, best + pieceBytes);
  }

  /** Where the text begins for the first time at or behind `from`; -1: nowhere. */
  find(chunk: Buffer, from: number): number {
    const piece = this.#piece;
    const pieceAt = this.#pieceAt;
    for (let at = chunk.indexOf(piece, from + pieceAt); at >= 0; at = chunk.indexOf(piece, at + 1)) {
      if (this.#standsAt(chunk, at - pieceAt)) return at - pieceAt;
    }
    return -1;
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
