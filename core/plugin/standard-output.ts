/**
 * Stdout or stderr for a sink: whole lines, in order, with the reader's back-pressure; a slow or stopped reader holds up
 * this sink only. Made and called by sinks that write there. What fails comes again as a RetryableError, and then goes on
 * behind the last byte that was written: no line is broken, none is written twice.
 */
import { write } from "node:fs";
import { isatty } from "node:tty";
import { promisify } from "node:util";
import type { DropReport } from "../model/drop-report.ts";
import type { Clock } from "./context.ts";
import { describeError, RetryableError } from "./errors.ts";
import type { DeliveryResult } from "./sink.ts";

/** What a StandardOutput works with. */
export interface StandardOutputParts {
  readonly stream: "stdout" | "stderr";
  readonly clock: Clock;
  /** Left out: the stream's own. */
  readonly fileDescriptor?: number;
  /** Nobody reads stdout on, now or ever. Left out: its `error` event tells the entry, which stops the process. */
  onReaderGone?(error: Error): void;
}

/** So much is written to a pipe whole or not at all (PIPE_BUF): lines of two sinks do not mix. */
const pieceBytes = 4096;
/** A pipe that is full says EAGAIN; nothing tells when it has room again without taking it over. */
const fullPipeMillis = 20;

const writeSome = promisify(write);

/** Writes lines to stdout or stderr, whole and in order, one instance for each sink. */
export class StandardOutput {
  readonly #parts: StandardOutputParts;
  readonly #fd: number;
  /** Begun, and to be ended before anything else is written. */
  #piece = nothing;
  /** What a call that was given up has written all the same. */
  readonly #written = new WeakSet<DropReport>();
  #turn: Promise<unknown> = Promise.resolve();
  #isReaderGone = false;

  constructor(parts: StandardOutputParts) {
    this.#parts = parts;
    this.#fd = parts.fileDescriptor ?? (parts.stream === "stdout" ? 1 : 2);
  }

  get isTerminal(): boolean {
    return isatty(this.#fd);
  }

  /** For `Lifecycle.problems`. */
  problems(): readonly string[] {
    return this.#isReaderGone ? [`nobody reads ${this.#parts.stream} any more`] : [];
  }

  /** One line, with its "\n", for each report; resolves when the system has taken them all. For `Sink.deliver`. */
  write(
    reports: readonly DropReport[],
    toLine: (report: DropReport) => string,
    signal: AbortSignal,
  ): Promise<DeliveryResult | undefined> {
    const mine = this.#turn.then(() => this.#writeAll([...reports], toLine, signal));
    this.#turn = mine.catch(() => {});
    return mine;
  }

  async #writeAll(
    reports: readonly DropReport[],
    toLine: (report: DropReport) => string,
    signal: AbortSignal,
  ): Promise<DeliveryResult | undefined> {
    try {
      await this.#finishPiece(signal);
      const missing = reports.filter((report) => !this.#written.has(report));
      for (const piece of piecesOf(missing, toLine)) {
        this.#piece = piece;
        await this.#finishPiece(signal);
      }
      return undefined;
    } catch (error) {
      if (!this.#piece.isBegun) this.#piece = nothing;
      signal.throwIfAborted();
      if (codeOf(error) !== "EPIPE") throw this.#failure(error);
      this.#noteReaderGone(error);
      const left = reports.filter((report) => !this.#written.has(report));
      return { discarded: left.map((report) => ({ report, reason: "reader_gone" })) };
    }
  }

  async #finishPiece(signal: AbortSignal): Promise<void> {
    while (this.#piece.bytes.length > 0) {
      signal.throwIfAborted();
      const { bytes, reports, isBegun } = this.#piece;
      const count = await this.#writeSome(bytes, signal);
      this.#piece = { bytes: bytes.subarray(count), reports, isBegun: isBegun || count > 0 };
    }
    for (const report of this.#piece.reports) this.#written.add(report);
  }

  async #writeSome(bytes: Buffer, signal: AbortSignal): Promise<number> {
    try {
      return (await writeSome(this.#fd, bytes)).bytesWritten;
    } catch (error) {
      if (codeOf(error) !== "EAGAIN") throw error;
      await this.#parts.clock.sleep(fullPipeMillis, signal);
      return 0;
    }
  }

  #noteReaderGone(error: unknown): void {
    this.#piece = nothing;
    if (this.#isReaderGone) return;
    this.#isReaderGone = true;
    const { stream, onReaderGone = tellEntry } = this.#parts;
    if (stream === "stdout") onReaderGone(error instanceof Error ? error : new Error(String(error)));
  }

  #failure(error: unknown): RetryableError {
    const { stream } = this.#parts;
    const code = codeOf(error);
    const advice = code === "ENOSPC" ? "the disk behind it is full: make room" : describeError(error);
    return new RetryableError("STANDARD_OUTPUT", `cannot write to ${stream} (${code}): ${advice}`, {
      cause: undefined,
    });
  }
}

function tellEntry(gone: Error): void {
  process.stdout.destroy(gone);
}

interface Piece {
  readonly bytes: Buffer;
  readonly reports: readonly DropReport[];
  /** A part of it is written: the rest has to follow. */
  readonly isBegun: boolean;
}

const nothing: Piece = { bytes: Buffer.alloc(0), reports: [], isBegun: false };

/** As many whole lines as fit; a longer line is a piece of its own. */
function* piecesOf(reports: readonly DropReport[], toLine: (report: DropReport) => string): Generator<Piece> {
  let lines: Buffer[] = [];
  let begin = 0;
  let length = 0;
  for (const [at, report] of reports.entries()) {
    const line = Buffer.from(toLine(report));
    if (length > 0 && length + line.length > pieceBytes) {
      yield { bytes: Buffer.concat(lines), reports: reports.slice(begin, at), isBegun: false };
      [lines, begin, length] = [[], at, 0];
    }
    lines.push(line);
    length += line.length;
  }
  if (length > 0) yield { bytes: Buffer.concat(lines), reports: reports.slice(begin), isBegun: false };
}

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "unknown";
}
