/**
 * Joins the pieces of a line that a container runtime cut: CRI marks them "P" until the last, which is "F".
 * conmon cuts wherever its 8 KiB buffer ends, so that this happens in the midst of short lines too.
 */
const piece = /^(\S+) (stdout|stderr) ([FP]) /;
/** A kernel line is far shorter; what grows beyond is somebody else's and given up. */
const maxBytes = 65_536;
/** Nor does a runtime cut so small: conmon's pieces have up to 8 KiB. */
const maxPieces = 1000;

/** What is there of a line: the text of its pieces, copied, as the source writes over its buffer. */
interface Begun {
  readonly pieces: Buffer[];
  bytes: number;
}

export class PartialLines {
  readonly #begun = new Map<string, Begun>();

  /** True while a last piece is awaited: then every line must be shown to `join`. */
  get pending(): boolean {
    return this.#begun.size > 0;
  }

  /** The line, whole; undefined when more is to come. The result may be `line` itself. */
  join(line: Buffer): Buffer | undefined {
    const head = line.toString("latin1", 0, Math.min(80, line.length));
    const match = piece.exec(head);
    if (match === null) return line;
    const [text, , stream = "", mark] = match;
    const begun = this.#begun.get(stream);
    if (mark === "F") {
      this.#begun.delete(stream);
      return begun === undefined
        ? line
        : Buffer.concat([Buffer.from(text), ...begun.pieces, line.subarray(text.length)]);
    }
    this.#begun.set(stream, withPiece(begun, line.subarray(text.length)));
    return undefined;
  }
}

/** What grows too long is given up, but keeps its place: the pieces that follow are not the start of a line. */
function withPiece(begun: Begun | undefined, piece: Buffer): Begun {
  const line = begun ?? { pieces: [], bytes: 0 };
  line.pieces.push(Buffer.from(piece));
  line.bytes += piece.length;
  return line.bytes > maxBytes || line.pieces.length > maxPieces ? { pieces: [], bytes: 0 } : line;
}
