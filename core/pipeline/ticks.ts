/** What a pipeline does about once a second, until a signal aborts: closing windows, saving the checkpoint. */
import type { Clock } from "../plugin/context.ts";

const tickMillis = 1000;
/** The first saves come early: a process that is killed again and again within a second shall get on all the same. */
const firstTickMillis = 100;

/** Does it once more when `signal` has aborted. */
export async function everyTick(work: () => Promise<unknown>, clock: Clock, signal: AbortSignal): Promise<void> {
  for (let wait = firstTickMillis; !signal.aborted; wait = Math.min(tickMillis, 2 * wait)) {
    await clock.sleep(wait, signal).catch(() => {});
    await work();
  }
}
