/**
 * Reads one stream of watch events, or one list, into the pod table: the bytes of JSON in, the table changed. Knows
 * when the initial state is complete and from which resourceVersion to go on. Made anew by the pod watch for each stream.
 */
import { statusOf } from "../../core/kubernetes/status.ts";
import { type Fields, JsonFields } from "./json-fields.ts";
import { isFinished, type Pod, podFields, readPod } from "./pod.ts";
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
  readonly #pods: PodReader;
  readonly #events: PodReader;
  /** The last one it is safe to go on from; undefined as long as the initial state is incomplete. */
  resourceVersion: string | undefined;

  /** Without `resourceVersion` the stream begins with the initial state, whose end a bookmark marks. */
  constructor(parts: PodEventsParts, resourceVersion: string | undefined) {
    this.#parts = parts;
    this.#pods = new PodReader(
      parts.labelKey,
      (pod) => pod,
      (pod) => pod,
    );
    this.#events = new PodReader(parts.labelKey, (pod) => ({ type: true, object: pod }), objectOf);
    this.resourceVersion = resourceVersion;
    if (resourceVersion === undefined) parts.table.beginList();
  }

  /** One event, from `start` to `end` of `bytes`. Throws a WatchFailure when the stream cannot be gone on with. */
  take(bytes: Buffer, start: number, end: number): void {
    const event = asEvent(() => this.#events.read(bytes, start, end));
    if (event.type === "ERROR" || event.type === "BOOKMARK") this.#takeMark(bytes.toString("utf8", start, end));
    else this.#takePod(event.object, event.type === "DELETED");
    const version = metadataOf(event.object).resourceVersion;
    if (this.resourceVersion !== undefined && typeof version === "string") this.resourceVersion = version;
  }

  /** One pod of a list. */
  takeItem(bytes: Buffer, start: number, end: number): void {
    this.#takePod(this.#pods.read(bytes, start, end), false);
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

  /** What is no pod is rare, and read whole. */
  #takeMark(line: string): void {
    const event = asEvent(() => JSON.parse(line));
    if (event.type === "ERROR") throw statusFailure(statusOf(event.object));
    this.#bookmark(event.object);
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

/** Of an object's JSON the fields that count. Few pods are finished; those are read twice. */
class PodReader {
  readonly #living: JsonFields;
  readonly #finished: JsonFields;
  readonly #podOf: (read: unknown) => unknown;

  /** `frame` puts the fields where they are; `podOf` finds the pod in what was read. */
  constructor(labelKey: string | undefined, frame: (pod: Fields) => Fields, podOf: (read: unknown) => unknown) {
    this.#living = new JsonFields(frame(podFields(labelKey, false)));
    this.#finished = new JsonFields(frame(podFields(labelKey, true)));
    this.#podOf = podOf;
  }

  read(bytes: Buffer, start: number, end: number): unknown {
    const read = this.#living.read(bytes, start, end);
    return isFinished(this.#podOf(read)) ? this.#finished.read(bytes, start, end) : read;
  }
}

function asEvent(read: () => unknown): { readonly type: unknown; readonly object: unknown } {
  try {
    const event = read();
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

function objectOf(event: unknown): unknown {
  return typeof event === "object" && event !== null && "object" in event ? event.object : undefined;
}
