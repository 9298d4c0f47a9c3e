/**
 * Gives the heap that a large list needed back to the system. Called by the resolver when a list is complete.
 *
 * V8 lets its heap grow with what passes through and, in a process that then rests, hardly shrinks it: with 10,000
 * pods the process stood at 109 MB, and at 89 after this, which takes 50 to 80 ms once.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export function shrinkHeap(): void {
  // Node offers the collector under a flag alone. The flag counts for contexts made after it was set.
  setFlagsFromString("--expose-gc");
  try {
    const collect: unknown = runInNewContext("globalThis.gc");
    if (typeof collect === "function") collect({ type: "major", flavor: "last-resort" });
  } finally {
    setFlagsFromString("--no-expose-gc");
  }
}
