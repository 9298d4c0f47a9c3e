/**
 * Reads one stream of watch events into the pod table: a line of JSON in, the table changed. Knows when the initial
 * state is complete and from which resourceVersion to go on. Made anew by the pod watch for each stream.
 */
import { statusOf } from "../../core/kubernetes/status.ts";
import { type Pod, readPod } from "./pod.ts";
import type { PodTable } from "./pod-table.ts";
import { statusFailure, WatchFailure } from "./watch-failure.ts";

export interface PodEventsParts {
  readonly table: PodTable;
  readonly now: () => number;
  readonly labelKey: string | undefined;
  /** Told after the table has it. */
  readonly onPod: (pod: Pod) => void;
  /** Told once, when all that existed at the beginning is in the table. */
  readonly onComplete: () => void;
  readonly onUnreadable: () => void;
}

export class PodEvents {
  readonly #parts: PodEventsParts;
  /** The last one it is safe to go on from; undefined as long as the initial state is incomplete. */
  resourceVersion: string | undefined;

  /** Without `resourceVersion` the stream begins with the initial state, whose end a bookmark marks. */
  constructor(parts: PodEventsParts, resourceVersion: string | undefined) {
    this.#parts = parts;
    this.resourceVersion = resourceVersion;
    if (resourceVersion === undefined) parts.table.beginList();
  }

  /** Throws a WatchFailure when the stream cannot be gone on with. */
  take(line: string): void {
    const event = parse(line);
    if (event.type === "ERROR") throw statusFailure(statusOf(event.object));
    if (event.type === "BOOKMARK") this.#bookmark(event.object);
    else this.takePod(event.object, event.type === "DELETED");
    const version = metadataOf(event.object).resourceVersion;
    if (this.resourceVersion !== undefined && typeof version === "string") this.resourceVersion = version;
  }

  takePod(object: unknown, isDeleted: boolean): void {
    const { table, now, labelKey, onPod, onUnreadable } = this.#parts;
    const pod = readPod(object, labelKey, now());
    if (pod === undefined) {
      onUnreadable();
      return;
    }
    // The last state of a deleted pod may be the only one that names its address.
    table.upsert(pod, now());
    if (isDeleted) table.remove(pod.uid, now());
    else onPod(pod);
  }

  /** The initial state is in; goes on from `resourceVersion`. */
  complete(resourceVersion: string): void {
    this.resourceVersion = resourceVersion;
    this.#parts.table.endList(this.#parts.now());
    this.#parts.onComplete();
  }

  #bookmark(object: unknown): void {
    const { resourceVersion, annotations } = metadataOf(object);
    this.#parts.table.expire(this.#parts.now());
    if (this.resourceVersion !== undefined || typeof resourceVersion !== "string") return;
    const marks = typeof annotations === "object" && annotations !== null ? annotations : {};
    if (!("k8s.io/initial-events-end" in marks)) {
      // Servers before 1.27 do not know sendInitialEvents, ignore it and never mark the end.
      throw new WatchFailure("no_initial_events", "the server does not mark the end of the initial events");
    }
    this.complete(resourceVersion);
  }
}

function parse(line: string): { readonly type: unknown; readonly object: unknown } {
  try {
    const event: unknown = JSON.parse(line);
    if (typeof event === "object" && event !== null && "type" in event && "object" in event) return event;
  } catch {
    // Told below, with what is no event either.
  }
  throw new WatchFailure("bad_line", "a line of the watch is no event");
}

export function metadataOf(object: unknown): Readonly<Record<string, unknown>> {
  const metadata = typeof object === "object" && object !== null && "metadata" in object ? object.metadata : undefined;
  return typeof metadata === "object" && metadata !== null ? (metadata as Record<string, unknown>) : {};
}
