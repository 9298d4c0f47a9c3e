/** Time as it is. */
import { setTimeout } from "node:timers/promises";
import type { Clock } from "./plugin/context.ts";

export const realClock: Clock = {
  now: () => Date.now(),
  sleep: (millis, signal) => setTimeout(millis, undefined, { signal }),
};
