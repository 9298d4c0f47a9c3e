/**
 * Brings one stream of watch events, or one list, into the pod table: events and pods in, the table changed. Knows
 * when the initial state is complete and from which resourceVersion to go on. Made anew by the pod watch for each stream.
 */
import { statusOf } from "../../core/kubernetes/status.ts";
import { initialEventsEndKey } from "./messages.ts";
import { type Pod, readPod } from "./pod.ts";
import type { WatchEvent } from "./pod-format.ts";
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
  take({ type, object }: WatchEvent): void {
    if (typeof type !== "string" || typeof object !== "object") {
      throw new WatchFailure("bad_line", "what the watch sent is no event");
    }
    if (type === "ERROR") throw statusFailure(statusOf(object));
    if (type === "BOOKMARK") this.#bookmark(object);
    else this.#takePod(object, type === "DELETED");
    const version = metadataOf(object).resourceVersion;
    if (this.resourceVersion !== undefined && typeof version === "string") this.resourceVersion = version;
  }

  /** One pod of a list. */
  takeItem(object: unknown): void {
    this.#takePod(object, false);
  }

  #takePod(object: unknown, isDeleted: boolean): void {
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
    if (!(initialEventsEndKey in marks)) {
      // Servers before 1.27 do not know sendInitialEvents, ignore it and never mark the end.
      throw new WatchFailure("no_initial_events", "the server does not mark the end of the initial events");
    }
    this.complete(resourceVersion);
  }
}

export function metadataOf(object: unknown): Readonly<Record<string, unknown>> {
  const metadata = typeof object === "object" && object !== null && "metadata" in object ? object.metadata : undefined;
  return typeof metadata === "object" && metadata !== null ? (metadata as Record<string, unknown>) : {};
}

/** Of a list; none where it is no list. */
export function itemsOf(object: unknown): readonly unknown[] {
  const items = typeof object === "object" && object !== null && "items" in object ? object.items : undefined;
  return Array.isArray(items) ? items : [];
}
