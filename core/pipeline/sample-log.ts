/** Tells a person what goes wrong again and again: one sample a minute and reason, never one log line a packet. */
import { printable } from "../model/printable.ts";
import type { Clock, Logger } from "../plugin/context.ts";

const everyMillis = 60_000;
const maxReasons = 100;

export class SampleLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #lastMillis = new Map<string, number>();

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  line(kind: "malformed" | "other-line", reason: string, sample: Uint8Array): void {
    if (!this.#due(`${kind} ${reason}`)) return;
    const text = printable(Buffer.from(sample.subarray(0, 400)).toString("utf8"), 400);
    if (kind === "malformed")
      this.#logger.warn({ reason, sample: text }, "a line that should be a drop cannot be read");
    else this.#logger.info({ reason, sample: text }, "a line that looks like a drop is not one");
  }

  resolverFailed(plugin: string, error: string): void {
    if (this.#due(`resolver ${plugin}`))
      this.#logger.warn({ plugin, error }, "a resolver failed: the next one is asked");
  }

  #due(key: string): boolean {
    const now = this.#clock.now();
    const last = this.#lastMillis.get(key);
    if (last !== undefined ? now - last < everyMillis : this.#lastMillis.size >= maxReasons) return false;
    this.#lastMillis.set(key, now);
    return true;
  }
}
