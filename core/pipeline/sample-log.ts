/** Tells a person what goes wrong again and again: one sample a minute and reason, never one log line a packet. */
import { printable } from "../model/printable.ts";
import type { Clock, Logger } from "../plugin/context.ts";
import { OnceAMinute } from "../plugin/once-a-minute.ts";

export class SampleLog {
  readonly #logger: Logger;
  readonly #due: OnceAMinute;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#due = new OnceAMinute(clock);
  }

  line(kind: "malformed" | "other-line", reason: string, sample: Uint8Array): void {
    if (!this.#due.isDue(`${kind} ${reason}`)) return;
    const text = printable(Buffer.from(sample.subarray(0, 400)).toString("utf8"), 400);
    if (kind === "malformed")
      this.#logger.warn({ reason, sample: text }, "a line that should be a drop cannot be read");
    else this.#logger.info({ reason, sample: text }, "a line that looks like a drop is not one");
  }

  resolverFailed(plugin: string, error: string): void {
    if (this.#due.isDue(`resolver ${plugin}`))
      this.#logger.warn({ plugin, error }, "a resolver failed: the next one is asked");
  }
}
