/**
 * What a pipeline does about once a second while there is something to do: closing windows, saving the checkpoint.
 * A timer costs a process that has nothing else to do 0.015 % of a core (bench idle), so none runs while all is at rest.
 */
import type { Clock } from "../plugin/context.ts";
import { Waiters } from "./waiters.ts";

const tickMillis = 1000;
/** The first saves come early: a process that is killed again and again within a second shall get on all the same. */
const firstTickMillis = 100;

export class Ticks {
  readonly #resting = new Waiters();
  #wakes = 0;

  /** There may be something to do again: within a tick it is done. */
  wake(): void {
    this.#wakes++;
    this.#resting.wake();
  }

  /** Does `work` until `signal` aborts, and then once more. When it says that all is done, not before the next `wake`. */
  async run(work: () => Promise<boolean>, clock: Clock, signal: AbortSignal): Promise<void> {
    for (let wait = firstTickMillis; ; wait = Math.min(tickMillis, 2 * wait)) {
      await clock.sleep(wait, signal).catch(() => {});
      const wakes = this.#wakes;
      const isDone = await work();
      if (signal.aborted) return;
      if (isDone && wakes === this.#wakes) await this.#resting.wait(signal);
    }
  }
}
