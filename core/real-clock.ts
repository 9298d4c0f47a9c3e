/** Time as it is. */
import { setTimeout } from "node:timers/promises";
import type { Clock } from "./plugin/context.ts";

/** The clock of the process. Its sleeps reject with the reason of their signal. */
export const realClock: Clock = {
  now: () => Date.now(),
  async sleep(millis, signal) {
    signal.throwIfAborted();
    try {
      await setTimeout(millis, undefined, { signal });
    } catch {
      // Node rejects with an AbortError of its own; the contract promises the reason.
      signal.throwIfAborted();
    }
  },
};
