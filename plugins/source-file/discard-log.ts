/** Counts every byte and line that no chunk contains, by reason, and says so in the log at most once a minute each. */
import { type Counter, OnceAMinute, type PluginContext, printable } from "../../core/plugin/index.ts";
import type { SkipCounter } from "./open-file.ts";

export class DiscardLog implements SkipCounter {
  readonly #context: PluginContext;
  readonly #lines: Counter;
  readonly #bytes: Counter;
  readonly #files: Counter;
  readonly #limit: OnceAMinute;
  #unreadFiles = 0;
  #tooLongLines = 0;
  #lostBytes = 0;

  constructor(context: PluginContext) {
    this.#context = context;
    this.#lines = context.metrics.counter({
      name: "droplens_lines_skipped_total",
      help: "Lines of a source that were left out whole, by reason",
      labels: ["reason"],
    });
    this.#bytes = context.metrics.counter({
      name: "droplens_source_bytes_skipped_total",
      help: "Bytes of a source that are in no line: holes in a file, and what was truncated before it was read",
      labels: ["reason"],
    });
    this.#files = context.metrics.counter({
      name: "droplens_source_files_unread_total",
      help: "Rotated files that were gone or compressed before they were read to their end",
    });
    this.#limit = new OnceAMinute(context.clock);
  }

  tooLong(path: string, lines: number): void {
    this.#tooLongLines += lines;
    this.#lines.add({ reason: "too-long" }, lines);
    if (!this.#limit.isDue(`too-long ${path}`)) return;
    this.#context.logger.error(
      { path: printable(path), lines: this.#tooLongLines },
      "a line longer than maxLineBytes was skipped; `lines` counts them all since the start",
    );
  }

  hole(path: string, bytes: number): void {
    this.#bytes.add({ reason: "hole" }, bytes);
    if (!this.#limit.isDue(`hole ${path}`)) return;
    this.#context.logger.warn(
      { path: printable(path), bytes },
      "NUL bytes at the beginning of a line were passed over: a crash, or a writer that does not append after copytruncate",
    );
  }

  lost(path: string, reason: "truncated", bytes: number): void {
    this.#lostBytes += bytes;
    this.#bytes.add({ reason }, bytes);
    if (!this.#limit.isDue(`${reason} ${path}`)) return;
    this.#context.logger.error(
      { path: printable(path), bytes },
      "the log file was truncated before it was read to its end, and no copy of it was found: these bytes are lost",
    );
  }

  unread(path: string, files: number): void {
    if (files === 0) return;
    this.#unreadFiles += files;
    this.#files.add({}, files);
    if (!this.#limit.isDue(`unread ${path}`)) return;
    this.#context.logger.error(
      { path: printable(path), files: this.#unreadFiles },
      "rotated files were gone or compressed before they were read: let the rotation wait with it (delaycompress)",
    );
  }

  status(): Readonly<Record<string, number>> {
    return { tooLongLines: this.#tooLongLines, lostBytes: this.#lostBytes, unreadFiles: this.#unreadFiles };
  }
}
