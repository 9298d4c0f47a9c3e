/**
 * One open file and the place in it: gives its lines chunk by chunk, and notices when the file was truncated.
 * A rotated file is read through the same object: it keeps its descriptor whatever becomes of its name.
 */
import { constants, fstatSync, read, readSync } from "node:fs";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import type { SavedFile } from "./checkpoint.ts";
import { SourceFileError } from "./errors.ts";
import { notRegularProblem } from "./file-look.ts";
import { type Fingerprint, fingerprintOf, isSameBeginning } from "./fingerprint.ts";
import { type Cut, cutLines, holeLength } from "./line-cutter.ts";

/** What reading one file comes to. `advanced`: the place moved on without a line; ask again. */
export type ReadStep =
  | { readonly kind: "lines"; readonly bytes: Buffer }
  | { readonly kind: "advanced" }
  | { readonly kind: "endOfFile" }
  | { readonly kind: "truncated"; readonly unreadBytes: number };

/** Where bytes that no chunk contains are counted. */
export interface SkipCounter {
  tooLong(path: string, lines: number): void;
  hole(path: string, bytes: number): void;
}

export interface ReadRules {
  readonly maxLineBytes: number;
  readonly fingerprintBytes: number;
  readonly skips: SkipCounter;
  /** Nothing else is to be done meanwhile: a read without the thread pool costs half. */
  readonly blocking?: boolean;
}

export class OpenFile {
  readonly path: string;
  readonly realPath: string;
  readonly device: string;
  readonly inode: string;
  offset = 0;
  skipping = false;
  /** As of the last look. */
  size = 0;
  modifiedMillis = 0;
  /** Nobody writes to it any more: at its end it is finished at once. */
  settled = false;
  readonly #handle: FileHandle;
  readonly #rules: ReadRules;
  readonly #probe: Buffer;
  #head: Buffer = Buffer.alloc(0);
  #fingerprint: Fingerprint | undefined;
  /** The size and time at which all whole lines were read: as long as they stay there is nothing to do. */
  #exhausted: { readonly size: number; readonly modifiedMillis: number } | undefined;

  private constructor(
    handle: FileHandle,
    place: { path: string; realPath: string; device: string; inode: string },
    rules: ReadRules,
  ) {
    this.path = place.path;
    this.realPath = place.realPath;
    this.device = place.device;
    this.inode = place.inode;
    this.#handle = handle;
    this.#rules = rules;
    this.#probe = Buffer.allocUnsafe(rules.fingerprintBytes);
    this.#isSameFile(0);
  }

  /** Rejects with the system's error, or a SourceFileError for what is no regular file. */
  static async open(path: string, rules: ReadRules): Promise<OpenFile> {
    // Looked at before it is opened too: opening a pipe or a device already does something to it.
    if (!(await stat(path)).isFile()) throw new SourceFileError("SOURCE_FILE_REFUSED", notRegularProblem(path));
    const realPath = await realpath(path);
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      const stats = await handle.stat({ bigint: true });
      if (!stats.isFile()) throw new SourceFileError("SOURCE_FILE_REFUSED", notRegularProblem(path));
      return new OpenFile(handle, { path, realPath, device: String(stats.dev), inode: String(stats.ino) }, rules);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The next lines, at most as many as fit into `buffer` (all of it but its last byte). */
  async next(buffer: Buffer): Promise<ReadStep> {
    if (this.#exhausted !== undefined && !this.#hasChanged(this.#exhausted)) return { kind: "endOfFile" };
    const capacity = buffer.length - 1;
    const { fd } = this.#handle;
    const length = this.#rules.blocking
      ? readSync(fd, buffer, 0, capacity, this.offset)
      : await readAt(fd, buffer, capacity, this.offset);
    const { size, offset } = this;
    // Checked behind the read: had it been truncated before or during it, these bytes would be of no file.
    if (!this.#isSameFile(offset + length)) {
      return { kind: "truncated", unreadBytes: Math.max(0, size - offset) };
    }
    const rules = { maxLineBytes: this.#rules.maxLineBytes, skipping: this.skipping, full: length === capacity };
    const cut = cutLines(buffer.subarray(0, length), rules);
    this.#advance(cut);
    const exhausted = offset + length === this.size && !this.#hasMore(buffer, cut, length);
    this.#exhausted = exhausted ? { size: this.size, modifiedMillis: this.modifiedMillis } : undefined;
    if (cut.end > cut.begin) return { kind: "lines", bytes: buffer.subarray(cut.begin, cut.end) };
    return { kind: cut.consumed > 0 ? "advanced" : "endOfFile" };
  }

  /**
   * The last line without its newline, now that nobody will write it any more, as a line of its own: the newline is
   * put behind it. `endOfFile` when there is none, `advanced` when the file has grown by a newline after all.
   */
  async takePartialLine(buffer: Buffer): Promise<ReadStep> {
    const length = await readAt(this.#handle.fd, buffer, buffer.length - 1, this.offset);
    const bytes = buffer.subarray(0, length);
    if (bytes.includes(0x0a) || length > this.#rules.maxLineBytes) {
      this.#exhausted = undefined;
      return { kind: "advanced" };
    }
    const begin = holeLength(bytes, 0);
    this.offset += length;
    if (begin > 0) this.#rules.skips.hole(this.path, begin);
    if (this.skipping || begin === length) return { kind: "endOfFile" };
    buffer[length] = 0x0a;
    return { kind: "lines", bytes: buffer.subarray(begin, length + 1) };
  }

  /** Nothing was written since all its whole lines were read. */
  isAtEnd(): boolean {
    return this.#exhausted !== undefined && !this.#hasChanged(this.#exhausted);
  }

  /** Looks at the size again. False when it is not the same content any more. */
  refresh(): boolean {
    return this.#isSameFile(0);
  }

  /** Begins again at the beginning of what is in the file now. */
  restart(): void {
    this.offset = 0;
    this.skipping = false;
    this.#exhausted = undefined;
    this.#head = Buffer.alloc(0);
    this.#fingerprint = undefined;
    this.#isSameFile(0);
  }

  /** Goes on where `saved` says, which must be of this file. */
  resumeAt(saved: SavedFile): void {
    this.offset = saved.offset;
    this.skipping = saved.skipping;
  }

  /** Whether this is the file that `saved` describes, still whole up to the saved offset. */
  isContinuationOf(saved: SavedFile): boolean {
    return this.size >= saved.offset && isSameBeginning(saved.fingerprint, this.#head);
  }

  /** Whether both begin alike as far as both go, and are not empty: one is then a copy of the other. */
  isCopyOf(other: OpenFile): boolean {
    const length = Math.min(this.#head.length, other.#head.length);
    return length > 0 && this.#head.compare(other.#head, 0, length, 0, length) === 0;
  }

  isSameInode(other: { readonly device: string; readonly inode: string }): boolean {
    return this.inode === other.inode && this.device === other.device;
  }

  saved(path: string): SavedFile {
    this.#fingerprint ??= fingerprintOf(this.#head);
    const { realPath, device, inode, offset, skipping, modifiedMillis } = this;
    return { path, realPath, device, inode, fingerprint: this.#fingerprint, offset, skipping, modifiedMillis };
  }

  /** Bytes that are there and not read, by a fresh look at the size. */
  lagBytes(): number {
    return Math.max(0, fstatSync(this.#handle.fd).size - this.offset);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  #advance(cut: Cut): void {
    this.offset += cut.consumed;
    this.skipping = cut.skipping;
    if (cut.tooLong > 0) this.#rules.skips.tooLong(this.path, cut.tooLong);
    if (cut.holeBytes > 0) this.#rules.skips.hole(this.path, cut.holeBytes);
  }

  #hasChanged(seen: { readonly size: number; readonly modifiedMillis: number }): boolean {
    const stats = fstatSync(this.#handle.fd);
    return stats.size !== seen.size || stats.mtimeMs !== seen.modifiedMillis;
  }

  /** Behind the lines begins a hole or a line that is too long: the next read steps over it. */
  #hasMore(buffer: Buffer, cut: Cut, length: number): boolean {
    if (cut.end === cut.begin) return false;
    return (cut.end < length && buffer[cut.end] === 0) || length - cut.end > this.#rules.maxLineBytes;
  }

  /**
   * Whether the file still reaches to `end` and begins as it did; takes in its size and what its beginning has grown by.
   * Synchronous: the inode and the first page of a file that is being read are in memory, and a trip through the
   * thread pool costs ten times as much (measured, see README).
   */
  #isSameFile(end: number): boolean {
    const { fd } = this.#handle;
    const stats = fstatSync(fd);
    const length = readSync(fd, this.#probe, 0, this.#probe.length, 0);
    const known = this.#head.length;
    if (stats.size < Math.max(end, this.offset) || length < known) return false;
    if (this.#probe.compare(this.#head, 0, known, 0, known) !== 0) return false;
    this.size = stats.size;
    this.modifiedMillis = stats.mtimeMs;
    if (length > known) {
      this.#head = Buffer.from(this.#probe.subarray(0, length));
      this.#fingerprint = undefined;
    }
    return true;
  }
}

function readAt(fd: number, buffer: Buffer, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, length, position, (error, count) => (error === null ? resolve(count) : reject(error)));
  });
}
