/**
 * A file of lines that grows, is rotated by size, and never holds a broken line. In: lines with their reports; out: they
 * are in the file when the promise resolves. Called by the sink, one call at a time; errors are those of errors.ts.
 */
import { constants } from "node:fs";
import { access, type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { PluginContext } from "../../core/plugin/index.ts";
import { OnceAMinute, printable } from "../../core/plugin/index.ts";
import type { SinkJsonlOptions } from "./config.ts";
import { describe, isPassing, noFile, SinkJsonlError, SinkJsonlRetryableError, systemCode } from "./errors.ts";

export type JsonFileOptions = Pick<SinkJsonlOptions, "maxBytes" | "keep" | "sync"> & { readonly path: string };

interface OpenFile {
  readonly handle: FileHandle;
  readonly device: number;
  readonly inode: number;
  size: number;
}

/** Reading is for the last byte; and to open a named pipe for both never waits for a reader. */
const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;
const mode = 0o640;
const newline = 0x0a;

export class JsonFile {
  readonly path: string;
  rotations = 0;
  readonly #options: JsonFileOptions;
  readonly #context: PluginContext;
  readonly #limit: OnceAMinute;
  #file: OpenFile | undefined;
  #problem: string | undefined;
  /** After a rotation that failed: how large the file may become before it is tried again. */
  #rotateAboveBytes: number;

  constructor(options: JsonFileOptions, context: PluginContext) {
    this.path = options.path;
    this.#options = options;
    this.#context = context;
    this.#limit = new OnceAMinute(context.clock);
    this.#rotateAboveBytes = options.maxBytes;
  }

  get size(): number {
    return this.#file?.size ?? 0;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  /** Rejects with a SinkJsonlError for what a person must mend; a full disk is no reason. */
  async start(): Promise<void> {
    try {
      this.#file ??= await this.#open();
    } catch (error) {
      if (!isPassing(error)) throw new SinkJsonlError("SINK_JSONL_OPEN", describe("open", this.path, error));
      this.#problem = describe("open", this.path, error);
      this.#context.logger.warn({ problem: this.#problem }, "begins when the file can be written");
    }
  }

  /** What keeps it from being written, without making it. */
  async findProblem(): Promise<string | undefined> {
    try {
      const stats = await stat(this.path);
      if (!stats.isFile()) throw noFile(stats.isDirectory());
      await access(this.path, constants.R_OK | constants.W_OK);
      return undefined;
    } catch (error) {
      if (systemCode(error) !== "ENOENT") return describe("write", this.path, error);
    }
    return access(dirname(this.path), constants.W_OK | constants.X_OK).then(
      () => undefined,
      (error: unknown) => describe("write", this.path, error),
    );
  }

  /** How many of `lines` go into the file at hand: all that fit below maxBytes, one at least. It is made ready for them. */
  async room(lines: readonly Buffer[]): Promise<number> {
    try {
      const file = await this.#current(lines[0]?.length ?? 0);
      let left = this.#rotateAboveBytes - file.size;
      const full = lines.findIndex((line) => {
        left -= line.length;
        return left < 0;
      });
      return full < 0 ? lines.length : Math.max(1, full);
    } catch (error) {
      throw await this.#failed(error);
    }
  }

  /** Whole or not at all: what was written of it before an error is taken back. */
  async append(bytes: Buffer): Promise<void> {
    const file = this.#file;
    if (file === undefined) throw new Error("room is asked for first");
    try {
      for (let done = 0; done < bytes.length; ) {
        done += (await file.handle.write(bytes, done, bytes.length - done)).bytesWritten;
      }
      if (this.#options.sync) await file.handle.datasync();
      file.size += bytes.length;
    } catch (error) {
      await file.handle.truncate(file.size).catch(() => undefined);
      throw await this.#failed(error);
    }
  }

  /** All is written: what was wrong before is over. */
  noteWell(): void {
    if (this.#rotateAboveBytes === this.#options.maxBytes) this.#problem = undefined;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close().catch(() => undefined);
  }

  /** The file that the path names now: somebody else may have rotated or removed it. */
  async #current(firstLineBytes: number): Promise<OpenFile> {
    const shown = await stat(this.path).catch(() => undefined);
    const isSame = shown !== undefined && shown.ino === this.#file?.inode && shown.dev === this.#file.device;
    if (!isSame) await this.close();
    this.#file ??= await this.#open();
    if (isSame) this.#file.size = shown.size;
    const { size } = this.#file;
    if (size > 0 && size + firstLineBytes > this.#rotateAboveBytes) await this.#rotate();
    this.#file ??= await this.#open();
    return this.#file;
  }

  async #open(): Promise<OpenFile> {
    const handle = await open(this.path, flags, mode);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw noFile(stats.isDirectory());
      const size = stats.size + (await this.#endLastLine(handle, stats.size));
      return { handle, device: stats.dev, inode: stats.ino, size };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** A crash may leave a part of a line, whose report was not acked and comes again. How many bytes it took. */
  async #endLastLine(handle: FileHandle, size: number): Promise<number> {
    if (size === 0) return 0;
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
    if (buffer[0] === newline) return 0;
    const { bytesWritten } = await handle.write("\n");
    this.#context.logger.warn(
      { path: printable(this.path, 1000) },
      "the last line of the file was broken off by a crash: it is ended here, its report comes again",
    );
    return bytesWritten;
  }

  /** Oldest first, so that a crash in between leaves a gap in the numbers and no file lost. */
  async #rotate(): Promise<void> {
    const { keep, maxBytes } = this.#options;
    try {
      if (keep === 0) await rm(this.path, { force: true });
      for (let number = keep - 1; number >= 1; number--) await this.#renameIfThere(number);
      if (keep > 0) await rename(this.path, `${this.path}.1`);
      await this.close();
      this.rotations++;
      this.#rotateAboveBytes = maxBytes;
    } catch (error) {
      this.#noteUnrotated(error);
    }
  }

  async #renameIfThere(number: number): Promise<void> {
    try {
      await rename(`${this.path}.${number}`, `${this.path}.${number + 1}`);
    } catch (error) {
      if (systemCode(error) !== "ENOENT") throw error;
    }
  }

  /** Better a file that is too large than a report that is lost; tried again when it has grown by a tenth. */
  #noteUnrotated(error: unknown): void {
    this.#problem = describe("rotate", this.path, error);
    this.#rotateAboveBytes = this.size + Math.ceil(this.#options.maxBytes / 10);
    if (this.#limit.isDue("rotate")) {
      this.#context.logger.error({ problem: this.#problem }, "the file grows beyond maxBytes");
    }
  }

  /** The next call opens the file anew, and then looks at its last byte. */
  async #failed(error: unknown): Promise<SinkJsonlRetryableError> {
    this.#problem = describe("write", this.path, error);
    await this.close();
    return new SinkJsonlRetryableError("SINK_JSONL_WRITE", this.#problem);
  }
}
