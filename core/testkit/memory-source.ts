/** A source of lines that a test writes, one chunk a call; its place is the number of chunks read. */
import type { Chunk, JsonValue, Source } from "../plugin/source.ts";

/** Hands over the lines that a test writes. `end` makes `read` return. */
export class MemorySource implements Source {
  readonly chunks: Uint8Array[] = [];
  /** What `read` was called with. */
  resumedFrom: JsonValue | undefined;
  #ended = false;
  readonly #readers = new Set<() => void>();

  write(...lines: readonly string[]): void {
    this.chunks.push(Buffer.from(lines.map((line) => `${line}\n`).join("")));
    this.#wake();
  }

  /** After what is written, `read` returns. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *read(resume: JsonValue | undefined, signal: AbortSignal): AsyncGenerator<Chunk> {
    this.resumedFrom = resume;
    signal.addEventListener("abort", () => this.#wake(), { once: true });
    for (let at = typeof resume === "number" ? resume : 0; !signal.aborted; ) {
      const bytes = this.chunks[at];
      if (bytes !== undefined) yield { bytes, resume: ++at };
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => this.#readers.add(resolve));
    }
  }

  #wake(): void {
    for (const wake of this.#readers) wake();
    this.#readers.clear();
  }
}
