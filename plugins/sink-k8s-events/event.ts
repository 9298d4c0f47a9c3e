/**
 * The JSON of events as they go to the API server: core/v1 without eventTime, so that count and message stay mutable.
 * Called by the poster; the names are client-go's (tools/record), so that other programs know them again.
 */
import { randomUUID } from "node:crypto";
import type { PodReference } from "./notice.ts";

/** What an instance writes into each of its events. */
export type EventOrigin = {
  readonly reason: string;
  readonly sourceComponent: string;
  readonly host: string | undefined;
};

/** What an event says at one moment. */
export type EventState = {
  readonly message: string;
  readonly count: number;
  readonly firstMillis: number;
  readonly lastMillis: number;
};

export const mergePatch = "application/merge-patch+json";

// Event.count is an int32; a larger one is refused as a whole.
const maxCount = 2 ** 31 - 1;

export function eventsPath(namespace: string, name?: string): string {
  const base = `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`;
  return name === undefined ? base : `${base}/${encodeURIComponent(name)}`;
}

export function newEvent(name: string, pod: PodReference, state: EventState, origin: EventOrigin): object {
  const host = origin.host === undefined ? {} : { host: origin.host };
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, namespace: pod.namespace },
    involvedObject: {
      apiVersion: "v1",
      kind: "Pod",
      namespace: pod.namespace,
      name: pod.name,
      ...(pod.uid === undefined ? {} : { uid: pod.uid }),
    },
    type: "Warning",
    reason: origin.reason,
    message: state.message,
    source: { component: origin.sourceComponent, ...host },
    firstTimestamp: timestamp(state.firstMillis),
    lastTimestamp: timestamp(state.lastMillis),
    count: Math.min(state.count, maxCount),
    reportingComponent: origin.sourceComponent,
    reportingInstance: origin.host ?? "",
  };
}

/** The merge patch that brings a stored event up to date; `message` only where it changes. */
export function eventPatch(state: EventState, message?: string): object {
  const patch = { count: Math.min(state.count, maxCount), lastTimestamp: timestamp(state.lastMillis) };
  return message === undefined ? patch : { ...patch, message };
}

/** Makes event names that are unique on this node, and with all likelihood in the cluster. */
export class EventNames {
  #lastNanos = 0n;

  /** `<pod>.<hex unix nanoseconds>`; a UUID when that would be no DNS subdomain. */
  next(podName: string, nowMillis: number): string {
    const nanos = BigInt(Math.trunc(nowMillis)) * 1_000_000n + BigInt(Math.floor(Math.random() * 1_000_000));
    this.#lastNanos = nanos > this.#lastNanos ? nanos : this.#lastNanos + 1n;
    const name = `${podName}.${this.#lastNanos.toString(16)}`;
    return isDnsSubdomain(name) ? name : randomUUID();
  }
}

function isDnsSubdomain(name: string): boolean {
  return name.length <= 253 && name.split(".").every((label) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(label));
}

/** Whole seconds, as metav1.Time keeps them. */
function timestamp(millis: number): string {
  const time = new Date(millis);
  return Number.isNaN(time.getTime()) ? "1970-01-01T00:00:00Z" : time.toISOString().replace(/\.\d+Z$/, "Z");
}
