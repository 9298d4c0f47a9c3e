/** One line on a terminal that says how far a replay has come. */
import { setTimeout } from "node:timers/promises";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { Io } from "./io.ts";

const everyMillis = 200;

/** Draws until `running` settles, then clears its line. Never rejects. */
export async function drawProgress(running: Promise<void>, pipelines: readonly Pipeline[], io: Io): Promise<void> {
  const done = new AbortController();
  const stop = () => done.abort();
  running.then(stop, stop);
  while (!done.signal.aborted) {
    io.stderr(`\r${progressLine(pipelines)}\u001b[K`);
    await setTimeout(everyMillis, undefined, { signal: done.signal }).catch(() => {});
  }
  io.stderr("\r\u001b[K");
}

function progressLine(pipelines: readonly Pipeline[]): string {
  const parts = pipelines.flatMap((pipeline) => pipeline.lag());
  const read = parts.reduce((sum, part) => sum + part.offset, 0);
  const total = parts.reduce((sum, part) => sum + part.offset + part.lagBytes, 0);
  const matched = pipelines.reduce((sum, pipeline) => sum + pipeline.collector.matched, 0);
  const percent = total === 0 ? 100 : Math.floor((read / total) * 100);
  return `${percent} % of ${(total / 1e6).toFixed(1)} MB, ${matched} packets`;
}
