/**
 * The sinks: JSON lines to a file, or to stdout. Reports in; resolving means written (with `sync`: on the disk). Made by
 * index.ts, called by the delivery queue.
 */
import type { DeliveryResult, DropReport, Finding, Sink, StandardOutput } from "../../core/plugin/index.ts";
import { printable } from "../../core/plugin/index.ts";
import type { JsonFile } from "./json-file.ts";
import type { ToLine } from "./line-formats.ts";

export class FileSink implements Sink {
  readonly delivery = { maxBatch: 500 } as const;
  readonly #toLine: ToLine;
  readonly #file: JsonFile;
  /** What a call that was given up (a disk that hangs) has written all the same. */
  readonly #written = new WeakSet<DropReport>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(toLine: ToLine, file: JsonFile) {
    this.#toLine = toLine;
    this.#file = file;
  }

  start(): Promise<void> {
    return this.#file.start();
  }

  async stop(signal: AbortSignal): Promise<void> {
    await Promise.race([this.#turn, aborted(signal)]);
    await Promise.race([this.#file.close(), aborted(signal)]);
  }

  async check(): Promise<readonly Finding[]> {
    const what = `write ${printable(this.#file.path, 1000)}`;
    const problem = await this.#file.findProblem();
    return [problem === undefined ? { ok: true, what } : { ok: false, what, problem }];
  }

  deliver(reports: readonly DropReport[], signal: AbortSignal): Promise<undefined> {
    const mine = this.#turn.then(() => this.#write([...reports], signal));
    this.#turn = mine.catch(() => {});
    return mine;
  }

  problems(): readonly string[] {
    return this.#file.problem === undefined ? [] : [this.#file.problem];
  }

  status(): Readonly<Record<string, unknown>> {
    const { path, size, rotations } = this.#file;
    return { path, size, rotations };
  }

  async #write(reports: readonly DropReport[], signal: AbortSignal): Promise<undefined> {
    const missing = reports.filter((report) => !this.#written.has(report));
    const lines = missing.map((report) => Buffer.from(this.#toLine(report)));
    for (let done = 0; done < lines.length; ) {
      signal.throwIfAborted();
      const count = await this.#file.room(lines.slice(done));
      await this.#file.append(Buffer.concat(lines.slice(done, done + count)));
      for (const report of missing.slice(done, done + count)) this.#written.add(report);
      done += count;
    }
    this.#file.noteWell();
  }
}

export class StdoutSink implements Sink {
  /** A reader may take its time: no time limit of seconds. */
  readonly delivery = { maxBatch: 500, timeoutMillis: 3_600_000 } as const;
  readonly #toLine: ToLine;
  readonly #output: StandardOutput;

  constructor(toLine: ToLine, output: StandardOutput) {
    this.#toLine = toLine;
    this.#output = output;
  }

  async check(): Promise<readonly Finding[]> {
    return [{ ok: true, what: "write to stdout" }];
  }

  deliver(reports: readonly DropReport[], signal: AbortSignal): Promise<DeliveryResult | undefined> {
    return this.#output.write(reports, this.#toLine, signal);
  }

  problems(): readonly string[] {
    return this.#output.problems();
  }
}

/** A disk that hangs shall not hold the stop. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
