/**
 * Hands over the lines of a file that only grows. Droplens asks for the next chunk when it has room, keeps the `resume`
 * of the last one that is delivered, and begins there after a restart.
 */
import { type FileHandle, open, stat } from "node:fs/promises";
import {
  type Chunk,
  type Counter,
  describeError,
  type Finding,
  type PluginContext,
  type Source,
} from "droplens/plugin";
import type { SpoolOptions } from "./options.ts";

const maxChunkBytes = 64 * 1024;
const newline = 0x0a;

export class SpoolSource implements Source {
  readonly #options: SpoolOptions;
  readonly #context: PluginContext;
  readonly #buffer = Buffer.allocUnsafe(maxChunkBytes);
  readonly #discarded: Counter;
  #problem: string | undefined;

  constructor(options: SpoolOptions, context: PluginContext) {
    this.#options = options;
    this.#context = context;
    const help = "Bytes of lines that are longer than a chunk";
    this.#discarded = context.metrics.counter({ name: "source_spool_bytes_discarded_total", help });
  }

  async *read(resume: unknown, signal: AbortSignal): AsyncGenerator<Chunk> {
    let offset = offsetOf(resume);
    while (!signal.aborted) {
      const bytes = await this.#bytesAt(offset);
      const end = bytes.lastIndexOf(newline) + 1;
      if (end > 0) {
        offset += end;
        yield { bytes: bytes.subarray(0, end), resume: { offset } };
      } else if (bytes.length === maxChunkBytes) {
        offset += bytes.length;
        this.#discarded.add({}, bytes.length);
      } else await this.#context.clock.sleep(this.#options.pollInterval, signal).catch(() => undefined);
    }
  }

  problems(): string[] {
    return this.#problem === undefined ? [] : [this.#problem];
  }

  async check(): Promise<Finding[]> {
    const what = `read ${this.#options.path}`;
    const problem = await stat(this.#options.path).then(() => undefined, describeError);
    return [problem === undefined ? { ok: true, what } : { ok: false, what, problem: `${problem}: check the path` }];
  }

  /** Empty: nothing more, or no file yet. */
  async #bytesAt(offset: number): Promise<Buffer> {
    let file: FileHandle | undefined;
    try {
      file = await open(this.#options.path);
      const { bytesRead } = await file.read(this.#buffer, 0, maxChunkBytes, offset);
      this.#problem = undefined;
      return this.#buffer.subarray(0, bytesRead);
    } catch (error) {
      this.#problem = `cannot read the file: ${describeError(error)}`;
      return this.#buffer.subarray(0, 0);
    } finally {
      await file?.close();
    }
  }
}

/** It comes from disk: what makes no sense is the beginning. */
function offsetOf(resume: unknown): number {
  const offset = typeof resume === "object" && resume !== null && "offset" in resume ? resume.offset : 0;
  return typeof offset === "number" && Number.isSafeInteger(offset) && offset >= 0 ? offset : 0;
}
