/**
 * For the tests of this room: runs a source over real files with real time, keeps the lines that it hands over, and can
 * be stopped and started again from the last place, as the pipeline would after a crash.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Chunk, Clock, JsonValue } from "../../../core/plugin/index.ts";
import { type TestContext, testContext } from "../../../core/testkit/test-context.ts";
import { options } from "../config.ts";
import { FileSource } from "../file-source.ts";

/** Real time, which a test may move on. */
class MovableClock implements Clock {
  #aheadMillis = 0;

  now(): number {
    return Date.now() + this.#aheadMillis;
  }

  sleep(millis: number, signal: AbortSignal): Promise<void> {
    return delay(millis, undefined, { signal });
  }

  moveOn(millis: number): void {
    this.#aheadMillis += millis;
  }
}

export class LineCollector {
  readonly lines: string[] = [];
  readonly chunks: { readonly bytes: number; readonly firstLine: string }[] = [];
  readonly context: TestContext<MovableClock>;
  readonly source: FileSource;
  /** As it comes back from disk. */
  resume: JsonValue | undefined;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;

  constructor(written: object, resume?: JsonValue) {
    this.context = testContext({ clock: new MovableClock() });
    this.source = new FileSource(options.parse({ pollInterval: "15ms", ...written }), this.context);
    this.resume = resume;
    this.#running = this.#run();
  }

  /** Waits until there are as many lines; fails with what there is instead. */
  async waitForLines(count: number): Promise<void> {
    await this.waitFor(
      () => this.lines.length >= count,
      () => `${count} lines (has ${this.lines.length})`,
    );
  }

  async waitFor(isSo: () => boolean, what: () => string = () => "the condition"): Promise<void> {
    for (let tries = 0; tries < 3000 && !isSo(); tries++) await delay(2);
    if (!isSo()) throw new Error(`waited in vain for ${what()}`);
  }

  /** Lets a few polls pass, for what must not happen. */
  async polls(count = 4): Promise<void> {
    await delay(count * 15);
  }

  async stop(): Promise<JsonValue | undefined> {
    this.#abort.abort();
    await this.#running;
    return this.resume;
  }

  /** For `until: end`. */
  async ended(): Promise<readonly string[]> {
    await this.#running;
    return this.lines;
  }

  async #run(): Promise<void> {
    for await (const chunk of this.source.read(this.resume, this.#abort.signal)) this.#take(chunk);
  }

  #take(chunk: Chunk): void {
    const text = Buffer.from(chunk.bytes).toString("latin1");
    if (!text.endsWith("\n")) throw new Error(`a chunk ends within a line: ${JSON.stringify(text.slice(-40))}`);
    const lines = text.slice(0, -1).split("\n");
    this.lines.push(...lines);
    this.chunks.push({ bytes: chunk.bytes.length, firstLine: lines[0] ?? "" });
    this.resume = JSON.parse(JSON.stringify(chunk.resume));
  }
}
