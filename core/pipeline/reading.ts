/**
 * The front of a pipeline: asks the source for chunks, lets the parser scan them, and remembers the place behind the last
 * one. It can be paused between two chunks and go on with another source or parser: a reload does that.
 */

import { backoffMillis } from "../plugin/backoff.ts";
import type { Clock, Logger } from "../plugin/context.ts";
import { describeError, isRetryable } from "../plugin/errors.ts";
import type { JsonValue } from "../plugin/source.ts";
import type { Collector } from "./collector.ts";
import { countLines } from "./line-count.ts";
import { chunkParser } from "./line-scanner.ts";
import { type Stage, StageError } from "./stage.ts";

export interface ReadingParts {
  readonly collector: Collector;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Resolves when the rest of the pipeline can take another chunk, or soon after `signal` has aborted. */
  room(signal: AbortSignal): Promise<void>;
}

export interface Readers {
  readonly source: Stage<"source">;
  readonly parser: Stage<"parser">;
}

const backoff = { firstMillis: 500, maxMillis: 30_000 };

export class Reading {
  linesRead = 0;
  /** The place behind the last chunk, or where to begin. */
  resume: JsonValue | undefined;
  readonly #parts: ReadingParts;
  #readers: Readers;
  /** Aborted to pause; a new one for each stretch of reading. */
  #stretch = new AbortController();
  #paused: PromiseWithResolvers<void> | undefined;
  #proceed: PromiseWithResolvers<void> | undefined;
  #isRunning = false;

  constructor(parts: ReadingParts, readers: Readers) {
    this.#parts = parts;
    this.#readers = readers;
  }

  /** Reads until `signal` aborts or the source is at its end. Rejects when the source fails for good. */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = () => {
      this.#stretch.abort(signal.reason);
      this.#proceed?.resolve();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#isRunning = true;
    try {
      while (!signal.aborted && (await this.#readStretch(signal)) === "paused") await this.#waitToProceed(signal);
    } finally {
      this.#isRunning = false;
      this.#paused?.resolve();
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Resolves when nothing is being read any more; `proceed` must follow. */
  async pause(): Promise<void> {
    if (!this.#isRunning) return;
    this.#paused = Promise.withResolvers();
    this.#proceed = Promise.withResolvers();
    this.#stretch.abort(new Error("paused"));
    await this.#paused.promise;
  }

  /** Goes on behind the last chunk, with these. */
  proceed(readers: Readers): void {
    this.#readers = readers;
    this.#proceed?.resolve();
    this.#paused = undefined;
    this.#proceed = undefined;
  }

  async #waitToProceed(signal: AbortSignal): Promise<void> {
    const { promise } = this.#proceed ?? {};
    this.#paused?.resolve();
    await promise;
    this.#stretch = new AbortController();
    if (signal.aborted) this.#stretch.abort(signal.reason);
  }

  /** Until the end of the source or of the stretch, whatever retryable error comes between. */
  async #readStretch(signal: AbortSignal): Promise<"ended" | "paused"> {
    const stretch = this.#stretch.signal;
    for (let failures = 0; !stretch.aborted; ) {
      try {
        await this.#read(stretch, () => {
          failures = 0;
        });
        if (!stretch.aborted) return "ended";
      } catch (error) {
        if (error instanceof StageError) throw error;
        if (stretch.aborted) break;
        const { source } = this.#readers;
        if (!isRetryable(error)) throw new StageError("PLUGIN_READ", "cannot read on from", source, error);
        const waitMillis = backoffMillis(++failures, backoff, error.retryAfterMillis);
        const fields = { plugin: source.name, error: describeError(error), waitMillis };
        this.#parts.logger.warn(fields, "reading failed: trying again");
        await this.#parts.clock.sleep(waitMillis, stretch).catch(() => {});
      }
    }
    return signal.aborted ? "ended" : "paused";
  }

  async #read(signal: AbortSignal, onChunk: () => void): Promise<void> {
    const { collector, room } = this.#parts;
    const { source } = this.#readers;
    const scan = this.#scanner();
    for await (const { bytes, resume } of source.instance.read(this.resume, signal)) {
      collector.beginChunk();
      scan(bytes);
      this.linesRead += countLines(bytes);
      this.resume = resume;
      onChunk();
      await room(signal);
    }
  }

  #scanner(): (bytes: Uint8Array) => void {
    const { collector } = this.#parts;
    const { parser } = this.#readers;
    const scanner = chunkParser(parser.instance);
    return (bytes) => {
      try {
        scanner.scan(bytes, collector);
      } catch (error) {
        // It may not throw, and how much of the chunk it had counted by then is not known.
        throw new StageError("PLUGIN_SCAN", "cannot go on with", parser, error);
      }
    };
  }
}
