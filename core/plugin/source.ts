/** The role that hands over bytes: it knows where log lines come from, and nothing of what they say. */
import type { Lifecycle } from "./lifecycle.ts";

/** Hands over log lines as bytes. */
export interface Source extends Lifecycle {
  /**
   * Yields chunks of whole lines, for ever or until the input has ended. Called after `start`; called again, from the
   * last `resume`, when a retryable error or a reload of the config has ended it; never twice at once.
   *
   * - `resume` is the `resume` of the last chunk that a checkpoint covers, or undefined when there is none;
   *   it comes from disk: check it, and when it makes no sense begin from the beginning and log why.
   * - Back-pressure: the pipeline asks for the next chunk when it has room. A source never reads ahead without bound.
   * - Ownership: `bytes` belong to the pipeline until it asks for the next chunk; then the source may write over them.
   * - Returns when `signal` aborts, or when the input is at its end (the pipeline then drains and stops).
   * - Throws a retryable error to be read again from the last `resume` after a back-off; any other error ends the process.
   */
  read(resume: JsonValue | undefined, signal: AbortSignal): AsyncIterable<Chunk>;

  /** How far reading is behind, for each part (file). For `/status` and droplens_source_lag_bytes. Cheap. */
  lag?(): readonly SourceLag[];
}

/** A piece of input. */
export interface Chunk {
  /** Whole lines, each ending with "\n" (only the very last line of an ended input may lack it). */
  readonly bytes: Uint8Array;
  /** Everything the source needs to go on right behind this chunk, for all its parts. Opaque to the core. */
  readonly resume: JsonValue;
}

/** How far behind one part of the input is. */
export interface SourceLag {
  /** The part: a file's path. */
  readonly part: string;
  /** Bytes read of it so far. */
  readonly offset: number;
  /** Bytes written to it and not yet read. */
  readonly lagBytes: number;
}

/** What survives JSON.stringify and JSON.parse as it is. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };
