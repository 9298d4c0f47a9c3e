/**
 * The source: what the kernel wrote to the systemd journal, as journalctl prints it in JSON, for ever. journalctl follows
 * rotation and vacuuming by itself; when it ends it is started again behind the last record that was taken. Made by
 * index.ts.
 */
import { readFileSync } from "node:fs";
import {
  type Chunk,
  type Counter,
  describeError,
  type Finding,
  type JsonValue,
  LineCutter,
  OnceAMinute,
  type PluginContext,
  printable,
  type Source,
} from "../../core/plugin/index.ts";
import type { SourceJournaldOptions } from "./config.ts";
import { hasEnded, noProgram } from "./errors.ts";
import { Journalctl } from "./journalctl.ts";
import { type JournalRecord, lastLine, readRecord } from "./record.ts";

/** Of a record only what the parser reads; journalctl adds cursor, times and boot. */
const fields = "MESSAGE,PRIORITY,SYSLOG_FACILITY,SYSLOG_IDENTIFIER,_TRANSPORT,_SOURCE_MONOTONIC_TIMESTAMP,_HOSTNAME";
/** journalctl writes null for a longer field, and bytes as numbers: four characters each. */
const maxLineBytes = 64 * 1024;

export class JournaldSource implements Source {
  readonly #options: SourceJournaldOptions;
  readonly #context: PluginContext;
  readonly #starts: Counter;
  readonly #skipped: Counter;
  readonly #limit: OnceAMinute;
  #cursor: string | undefined;
  /** A place that journalctl does not take. */
  #refused: string | undefined;
  /** Why it is not this node's journal, as far as can be seen. */
  #strange: string | undefined;
  /** How journalctl ended; it has not given a record since. */
  #ended: string | undefined;

  constructor(options: SourceJournaldOptions, context: PluginContext) {
    this.#options = options;
    this.#context = context;
    this.#limit = new OnceAMinute(context.clock);
    this.#starts = context.metrics.counter({
      name: "droplens_journalctl_starts_total",
      help: "How often journalctl was started to read the journal",
    });
    this.#skipped = context.metrics.counter({
      name: "droplens_lines_skipped_total",
      help: "Lines of a source that were left out whole, by reason",
      labels: ["reason"],
    });
  }

  /** Without the program nothing will ever come: said before anything starts. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#run(["--version"], signal);
  }

  async check(signal: AbortSignal): Promise<readonly Finding[]> {
    const what = `read the journal in ${this.#options.directory ?? "its default folders"}`;
    try {
      const problem = await this.#findProblem(signal);
      return [problem === undefined ? { ok: true, what } : { ok: false, what, problem }];
    } catch (error) {
      return [{ ok: false, what, problem: describeError(error) }];
    }
  }

  problems(): readonly string[] {
    return [this.#strange, this.#ended].filter((problem) => problem !== undefined);
  }

  status(): Readonly<Record<string, unknown>> {
    return { cursor: this.#cursor };
  }

  async *read(resume: JsonValue | undefined, signal: AbortSignal): AsyncGenerator<Chunk, void> {
    if (signal.aborted) return;
    const begin = this.#whereToBegin(resume);
    if (typeof resume === "string") this.#cursor = resume;
    this.#strange = await this.#findProblem(signal).catch(describeError);
    if (signal.aborted) return;
    if (this.#strange !== undefined && this.#limit.isDue("strange")) this.#context.logger.warn({}, this.#strange);
    const words = ["--merge", "--follow", "--no-tail", begin, `--output-fields=${fields}`, "_TRANSPORT=kernel"];
    const journalctl = this.#journalctl(words, signal);
    this.#starts.add({});
    try {
      yield* this.#chunks(journalctl, signal);
      if (!signal.aborted) throw await this.#whyEnded(journalctl);
    } finally {
      await journalctl.stop();
    }
  }

  async *#chunks({ stdout }: Journalctl, signal: AbortSignal): AsyncGenerator<Chunk, void> {
    const lines = new LineCutter(maxLineBytes);
    try {
      for await (const piece of stdout) {
        for (const run of lines.cut(piece)) {
          const record = readRecord(lastLine(run));
          if (record !== undefined) this.#took(record);
          yield { bytes: run, resume: this.#cursor ?? null };
        }
        if (lines.tooLong > 0) this.#noteTooLong(lines);
      }
    } catch (error) {
      if (!signal.aborted) throw error; // its end cuts the stream off
    }
  }

  #took({ cursor, bootId }: JournalRecord): void {
    this.#cursor = cursor;
    this.#ended = undefined;
    if (this.#strange !== undefined && bootId === machineBootId()) this.#strange = undefined;
  }

  #noteTooLong(lines: LineCutter): void {
    this.#skipped.add({ reason: "too-long" }, lines.tooLong);
    lines.tooLong = 0;
    if (this.#limit.isDue("too-long")) this.#context.logger.error({ maxLineBytes }, "too long records were left out");
  }

  #whereToBegin(resume: JsonValue | undefined): string {
    // A cursor that is gone (vacuumed, another journal) leads to the next record behind its time.
    if (typeof resume === "string" && isCursor(resume) && resume !== this.#refused) return `--after-cursor=${resume}`;
    if (resume !== undefined && resume !== null) {
      this.#context.logger.warn({}, "the checkpoint is no place in a journal: reading from `since` on");
    }
    const sinceMillis = Math.max(0, this.#context.clock.now() - this.#options.since);
    return `--since=@${Math.floor(sinceMillis / 1000)}`;
  }

  async #whyEnded(journalctl: Journalctl): Promise<Error> {
    const how = await journalctl.ended();
    if (journalctl.failure !== undefined) return noProgram(this.#options.command, journalctl.failure);
    if (journalctl.said.includes("seek to cursor")) this.#refused = this.#cursor;
    const error = hasEnded(how, journalctl.said, this.#options.directory);
    this.#ended = error.message;
    return error;
  }

  /** What keeps this journal from being this node's: it is empty, or its last record is of another start or machine. */
  async #findProblem(signal: AbortSignal): Promise<string | undefined> {
    const where = this.#options.directory ?? "the default folders";
    const newest = readRecord(
      Buffer.from(await this.#run(["--merge", "--lines=1", "--output-fields=_HOSTNAME"], signal)),
    );
    if (newest === undefined) {
      return `the journal in ${where} has no record: mount the node's /var/log/journal, or /run/log/journal where it is volatile`;
    }
    if (newest.bootId === machineBootId()) return undefined;
    const when = new Date(newest.timeMillis).toISOString();
    return `the journal in ${where} is of another machine, or of an earlier start: its last record is of ${when}, host ${printable(newest.host)}. Is it this node's?`;
  }

  /** What it prints, when it ends by itself. */
  async #run(words: readonly string[], signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const journalctl = this.#journalctl(words, signal);
    try {
      let text = "";
      for await (const piece of journalctl.stdout) text = (text + String(piece)).slice(0, maxLineBytes);
      const how = await journalctl.ended();
      if (journalctl.failure !== undefined) throw noProgram(this.#options.command, journalctl.failure);
      if (how !== "exit code 0") throw hasEnded(how, journalctl.said, this.#options.directory);
      return text;
    } catch (error) {
      signal.throwIfAborted(); // its end cuts the stream off
      throw error;
    } finally {
      await journalctl.stop();
    }
  }

  #journalctl(words: readonly string[], signal: AbortSignal): Journalctl {
    const { command, directory } = this.#options;
    const { environment, logger } = this.#context;
    const onComplaint = (text: string) => {
      if (this.#limit.isDue("complaint")) logger.warn({ journalctl: printable(text) }, "journalctl complains");
    };
    return new Journalctl(words, { command, directory, environment, onComplaint }, signal);
  }
}

/** As journald writes it. The same in a container. */
function machineBootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim().replaceAll("-", "");
}

/** `s=…;i=…;b=…;m=…;t=…;x=…`: from disk, and put on a command line. */
function isCursor(text: string): boolean {
  return /^[a-z]=[0-9a-f]+(;[a-z]=[0-9a-f]+){1,9}$/.test(text);
}
