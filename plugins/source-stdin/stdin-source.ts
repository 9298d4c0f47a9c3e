/**
 * The source: reads a stream to its end and hands over its lines piece by piece, each asked for when the pipeline has
 * room. Made by index.ts. A pipe has no place to go on from: what was taken from it and not delivered is in the windows
 * and queues, which the checkpoint keeps.
 */
import type { Readable } from "node:stream";
import type { Chunk, Counter, Finding, JsonValue, PluginContext, Source } from "../../core/plugin/index.ts";
import { LineCutter, OnceAMinute } from "../../core/plugin/index.ts";
import type { SourceStdinOptions } from "./config.ts";
import { unreadable } from "./errors.ts";

export class StdinSource implements Source {
  readonly #context: PluginContext;
  readonly #open: () => Readable;
  readonly #maxLineBytes: number;
  readonly #skipped: Counter;
  readonly #limit: OnceAMinute;
  #tooLongLines = 0;
  #hasEnded = false;

  /** `open`: process.stdin, touched only when it is read. */
  constructor({ maxLineBytes }: SourceStdinOptions, context: PluginContext, open: () => Readable) {
    this.#context = context;
    this.#open = open;
    this.#maxLineBytes = maxLineBytes;
    this.#limit = new OnceAMinute(context.clock);
    this.#skipped = context.metrics.counter({
      name: "droplens_lines_skipped_total",
      help: "Lines of a source that were left out whole, by reason",
      labels: ["reason"],
    });
  }

  async check(): Promise<readonly Finding[]> {
    return [{ ok: true, what: "read stdin (what comes through it shows when it runs)" }];
  }

  async *read(_resume: JsonValue | undefined, signal: AbortSignal): AsyncGenerator<Chunk, void> {
    if (signal.aborted) return;
    const input = this.#open();
    if ("isTTY" in input && input.isTTY === true) {
      this.#context.logger.info(
        {},
        "reads what is typed here: Ctrl-D ends it; give it a pipe, as in journalctl -kf | …",
      );
    }
    const lines = new LineCutter(this.#maxLineBytes);
    let failure: unknown;
    const onError = (error: unknown) => {
      failure = error;
    };
    input.on("error", onError);
    try {
      for (let isLast = false; !isLast; ) {
        if (failure !== undefined) throw unreadable(failure);
        // What was taken from the pipe before a stop is handed over: nobody else can read it any more.
        isLast = signal.aborted || hasEnded(input);
        const bytes: unknown = input.read();
        if (Buffer.isBuffer(bytes)) yield* this.#chunks(lines, bytes);
        else if (!isLast) await news(input, signal);
      }
      if (failure !== undefined) throw unreadable(failure);
      this.#hasEnded = hasEnded(input);
      if (this.#hasEnded) yield* lastLine(lines);
    } finally {
      // At a stop or a reload the beginning of a line waits in the stream for who reads next.
      if (!hasEnded(input)) input.unshift(lines.takeRest());
      input.off("error", onError);
      input.pause();
    }
  }

  status(): Readonly<Record<string, unknown>> {
    return { ended: this.#hasEnded, tooLongLines: this.#tooLongLines };
  }

  *#chunks(lines: LineCutter, bytes: Buffer): Generator<Chunk> {
    const before = lines.tooLong;
    for (const run of lines.cut(bytes)) yield { bytes: run, resume: null };
    this.#noteTooLong(lines.tooLong - before);
  }

  #noteTooLong(lines: number): void {
    if (lines === 0) return;
    this.#tooLongLines += lines;
    this.#skipped.add({ reason: "too-long" }, lines);
    if (!this.#limit.isDue()) return;
    this.#context.logger.error(
      { lines: this.#tooLongLines },
      "a line longer than maxLineBytes was skipped; `lines` counts them all since the start",
    );
  }
}

/** It may lack its newline. */
function* lastLine(lines: LineCutter): Generator<Chunk> {
  const bytes = lines.takeRest();
  if (bytes.length > 0) yield { bytes, resume: null };
}

function hasEnded(input: Readable): boolean {
  return input.readableEnded || input.destroyed;
}

/** Resolves when there may be something to read, at the end, at an error, and when `signal` aborts. */
function news(input: Readable, signal: AbortSignal): Promise<void> {
  const events = ["readable", "end", "close", "error"] as const;
  return new Promise((resolve) => {
    const onNews = () => {
      for (const event of events) input.off(event, onNews);
      signal.removeEventListener("abort", onNews);
      resolve();
    };
    for (const event of events) input.on(event, onNews);
    signal.addEventListener("abort", onNews, { once: true });
    if (signal.aborted) onNews();
  });
}
