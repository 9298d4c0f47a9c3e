/**
 * The source: follows the files that the config names and hands over their lines chunk by chunk, each with the places
 * in all files. Made by index.ts; the pipeline calls `start`, iterates over `read`, and asks the rest at any time.
 */
import { searchableBuffer } from "../../core/byte-search/byte-search.ts";
import type { Chunk, Finding, JsonValue, PluginContext, Source, SourceLag } from "../../core/plugin/index.ts";
import { printable } from "../../core/plugin/index.ts";
import { readCheckpoint, type SavedFile } from "./checkpoint.ts";
import type { SourceFileOptions } from "./config.ts";
import { DiscardLog } from "./discard-log.ts";
import { SourceFileError } from "./errors.ts";
import { findProblem, noMatch } from "./file-look.ts";
import type { ReadRules } from "./open-file.ts";
import { PathList } from "./path-list.ts";
import { TailSet } from "./tail-set.ts";
import { WakeUp } from "./wake-up.ts";
import { type Progress, readWholeFiles, totalOf } from "./whole-files.ts";

/** A replay has nobody waiting while a chunk is scanned, and each chunk has its price (bench sparse). */
const wholeReadBytes = 1024 * 1024;

export class FileSource implements Source {
  readonly #options: SourceFileOptions;
  readonly #context: PluginContext;
  readonly #paths: PathList;
  readonly #discards: DiscardLog;
  readonly #rules: ReadRules;
  #tails: TailSet | undefined;
  #wakeUp: WakeUp | undefined;
  #progress: Progress | undefined;

  constructor(options: SourceFileOptions, context: PluginContext) {
    this.#options = options;
    this.#context = context;
    this.#paths = new PathList(options.path);
    this.#discards = new DiscardLog(context);
    const { maxLineBytes, fingerprintBytes } = options;
    this.#rules = { maxLineBytes, fingerprintBytes, skips: this.#discards };
  }

  /** Rejects for what a person must mend: a folder, a pipe, no right to read; and in a replay for a missing file. */
  async start(): Promise<void> {
    const { paths, unmatched } = await this.#paths.match([]);
    const isReplay = this.#options.until === "end";
    for (const path of isReplay ? paths : this.#paths.explicit) {
      const found = await findProblem(path);
      if (found === undefined) continue;
      if (found.isMissing && !isReplay) this.#context.logger.info({ path: printable(path) }, `waits: ${found.problem}`);
      else throw new SourceFileError(found.isMissing ? "SOURCE_FILE_MISSING" : "SOURCE_FILE_REFUSED", found.problem);
    }
    for (const pattern of unmatched) {
      if (isReplay) throw new SourceFileError("SOURCE_FILE_MISSING", noMatch(pattern));
      this.#context.logger.info({ path: printable(pattern) }, `waits: ${noMatch(pattern)}`);
    }
  }

  async check(): Promise<readonly Finding[]> {
    const { paths, unmatched } = await this.#paths.match([]);
    const findings: Finding[] = unmatched.map((path) => ({ ok: false, what: readWhat(path), problem: noMatch(path) }));
    for (const path of paths) {
      const found = await findProblem(path);
      findings.push(
        found === undefined
          ? { ok: true, what: readWhat(path) }
          : { ok: false, what: readWhat(path), problem: found.problem },
      );
    }
    return findings;
  }

  async *read(resume: JsonValue | undefined, signal: AbortSignal): AsyncGenerator<Chunk, void> {
    const saved = this.#savedFiles(resume);
    const toEnd = this.#options.until === "end";
    const readBytes = Math.max(this.#options.readBytes, toEnd ? wholeReadBytes : 0);
    // One byte more, for the newline behind a last line that lacks its own.
    const size = Math.max(readBytes, this.#options.maxLineBytes + 1) + 1;
    const buffer = searchableBuffer(size);
    try {
      if (toEnd) yield* this.#readToEnd(saved, buffer, signal);
      else yield* this.#follow(saved, buffer, signal);
    } finally {
      await this.stop();
    }
  }

  async stop(): Promise<void> {
    this.#wakeUp?.close();
    await this.#tails?.close();
  }

  lag(): readonly SourceLag[] {
    return this.#tails?.lag() ?? [];
  }

  problems(): readonly string[] {
    return this.#tails?.problems() ?? [];
  }

  status(): Readonly<Record<string, unknown>> {
    const progress = this.#progress === undefined ? {} : { ...this.#progress };
    return {
      ...progress,
      noticesBy: this.#wakeUp?.mode,
      files: this.#tails?.status() ?? [],
      ...this.#discards.status(),
    };
  }

  async *#follow(saved: readonly SavedFile[], buffer: Buffer, signal: AbortSignal): AsyncGenerator<Chunk, void> {
    const { clock } = this.#context;
    const pollMillis = this.#options.pollInterval;
    const parts = { context: this.#context, rules: this.#rules, discards: this.#discards, pollMillis };
    const tails = new TailSet(this.#paths, saved, parts);
    const wakeUp = new WakeUp(this.#context);
    this.#tails = tails;
    this.#wakeUp = wakeUp;
    let nextLook = 0;
    while (!signal.aborted) {
      const untilLook = nextLook - clock.now();
      // More than a poll away: the clock was set back.
      if (wakeUp.takeMoved() || untilLook <= 0 || untilLook > pollMillis) {
        await tails.look(signal);
        wakeUp.watch(tails.folders());
        nextLook = clock.now() + pollMillis;
      }
      let hasRead = false;
      // Each file gives one chunk in turn, so that a busy one does not hold up the others.
      for (const tail of tails.all()) {
        const step = await tail.next(buffer);
        if (signal.aborted) return;
        if (step.kind === "lines") yield { bytes: step.bytes, resume: tails.resume() };
        hasRead ||= step.kind !== "endOfFile";
      }
      if (!hasRead) await wakeUp.wait(Math.min(pollMillis, tails.waitMillis()), signal);
    }
  }

  async *#readToEnd(saved: readonly SavedFile[], buffer: Buffer, signal: AbortSignal): AsyncGenerator<Chunk, void> {
    const { paths } = await this.#paths.match([]);
    this.#progress = await totalOf(paths);
    const rules = { ...this.#rules, blocking: true };
    yield* readWholeFiles(paths, { saved, rules, buffer, progress: this.#progress }, signal);
  }

  #savedFiles(resume: JsonValue | undefined): readonly SavedFile[] {
    const result = readCheckpoint(resume);
    if (result.kind === "files") return result.files;
    this.#context.logger.warn(
      { problem: printable(result.problem) },
      "the checkpoint makes no sense: files are read from their beginning",
    );
    return [];
  }
}

function readWhat(path: string): string {
  return `read ${printable(path)}`;
}
