/** Whether a file has had the same size for one poll long: then nobody writes to it any more. Asked by Tail. */
import type { Clock } from "../../core/plugin/index.ts";

export class Quiet {
  readonly #clock: Clock;
  readonly #pollMillis: number;
  #since: { readonly size: number; readonly millis: number } | undefined;

  constructor({ clock, pollMillis }: { readonly clock: Clock; readonly pollMillis: number }) {
    this.#clock = clock;
    this.#pollMillis = pollMillis;
  }

  /** When to ask again; undefined while nobody has asked. */
  get leftMillis(): number | undefined {
    if (this.#since === undefined) return undefined;
    return Math.max(1, this.#since.millis + this.#pollMillis - this.#clock.now());
  }

  isOver(size: number): boolean {
    const now = this.#clock.now();
    const since = this.#since;
    // Begun anew when the clock was set back, too.
    if (since?.size !== size || now < since.millis) this.#since = { size, millis: now };
    return since !== undefined && since === this.#since && now - since.millis >= this.#pollMillis;
  }

  forget(): void {
    this.#since = undefined;
  }
}
