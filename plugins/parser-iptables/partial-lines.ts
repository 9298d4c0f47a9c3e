/**
 * Joins the pieces of a line that a container runtime cut: CRI marks them "P" until the last, which is "F".
 * conmon cuts wherever its 8 KiB buffer ends, so that this happens in the midst of short lines too.
 */
const piece = /^(\S+) (stdout|stderr) ([FP]) /;
/** A kernel line is far shorter; what grows beyond is somebody else's and given up. */
const maxBytes = 65_536;

export class PartialLines {
  readonly #pieces = new Map<string, Buffer>();

  /** True while a last piece is awaited: then every line must be shown to `join`. */
  get pending(): boolean {
    return this.#pieces.size > 0;
  }

  /** The line, whole; undefined when more is to come. The result may be `line` itself. */
  join(line: Buffer): Buffer | undefined {
    const head = line.toString("latin1", 0, Math.min(80, line.length));
    const match = piece.exec(head);
    if (match === null) return line;
    const [text, , stream = "", mark] = match;
    const before = this.#pieces.get(stream);
    if (mark === "F") {
      this.#pieces.delete(stream);
      return before === undefined ? line : Buffer.concat([Buffer.from(text), before, line.subarray(text.length)]);
    }
    const joined = Buffer.concat([before ?? Buffer.alloc(0), line.subarray(text.length)]);
    // An empty rest keeps the place: the pieces that follow are not the start of a line.
    this.#pieces.set(stream, joined.length > maxBytes ? Buffer.alloc(0) : joined);
    return undefined;
  }
}
