/**
 * The state of a pipeline between two chunks, as a checkpoint keeps it: taken in one go, so that the source's place and
 * what is still on its way belong to the same moment.
 */
import type { DropReport } from "../model/drop-report.ts";
import type { JsonValue } from "../plugin/source.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { DeliveryQueue } from "./delivery-queue.ts";
import type { Resolution } from "./resolution.ts";
import type { FoldedDrop, Window } from "./window.ts";

export interface Snapshotted {
  readonly window: Window;
  readonly resolution: Resolution;
  readonly queues: readonly DeliveryQueue[];
  /** Restored reports that only some sinks still want. */
  readonly owedTo: ReadonlyMap<FoldedDrop, readonly string[]>;
  readonly resume: JsonValue | undefined;
}

type Undelivered = FoldedDrop & { readonly sinks: readonly string[] };

export function takeSnapshot(state: Snapshotted): Checkpoint {
  const undelivered = [...queued(state.queues), ...unresolved(state)];
  return { resume: state.resume, windows: [...state.window.pending()], undelivered } as Checkpoint;
}

/** A report that waits for several sinks is kept once, with their names. */
function queued(queues: readonly DeliveryQueue[]): Iterable<Undelivered> {
  const byId = new Map<number, FoldedDrop & { sinks: string[] }>();
  for (const queue of queues) {
    for (const report of queue.undelivered()) {
      const kept = byId.get(report.id);
      if (kept === undefined) byId.set(report.id, { ...fold(report), sinks: [queue.name] });
      else kept.sinks.push(queue.name);
    }
  }
  return byId.values();
}

function* unresolved({ resolution, queues, owedTo }: Snapshotted): Generator<Undelivered> {
  const all = queues.map((queue) => queue.name);
  for (const folded of resolution.pending()) yield { ...folded, sinks: owedTo.get(folded) ?? all };
}

/** The ends are left out: they are resolved again, as of the packet's time. */
function fold({ drop, count, firstMillis, lastMillis, repeat }: DropReport): FoldedDrop {
  return { drop, count, firstMillis, lastMillis, repeat };
}
