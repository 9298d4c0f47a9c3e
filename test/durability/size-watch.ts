/** How large a file was at any moment of a trial, looked at every 20 ms. */
import type { ReceivedDrops } from "./received-drops.ts";

const lookMillis = 20;
/** A report may be stored a moment before its sink says so: a checkpoint of that moment has it on its way. */
const ackMillis = 200;

export class SizeWatch {
  readonly #looks: { readonly millis: number; readonly size: number }[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(file: ReceivedDrops) {
    this.#timer = setInterval(() => this.#looks.push({ millis: Date.now(), size: file.size }), lookMillis);
  }

  /** What was surely acked by then; 0 when nobody had looked yet. */
  ackedAt(millis: number): number {
    return this.#looks.findLast((look) => look.millis <= millis - ackMillis)?.size ?? 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
