/**
 * What is read of a pod, and of nothing else in it. In comes whatever the API server sent, out goes a small
 * record, or undefined for what is no pod. Called for each watch event and each pod of a list.
 */
import type { Workload } from "../../core/plugin/index.ts";

export interface Pod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly nodeName: string;
  readonly hostNetwork: boolean;
  /** As the status has them; at most `maxAddresses`. */
  readonly addresses: readonly string[];
  /** When its addresses may first have been used, ms since 1970; 0 when nothing says so. */
  readonly fromMillis: number;
  /** When they were given up, undefined while the pod lives. */
  readonly toMillis: number | undefined;
  readonly workload: Workload | undefined;
  /** The value of the one label that the config asks for. */
  readonly label: string | undefined;
  /** The uid that events about a static pod carry: `kubectl describe` asks for it instead of the mirror pod's own. */
  readonly mirrorUid: string | undefined;
}

/** The API allows two, one of each family; more would be a surprise, not a reason to grow. */
const maxAddresses = 4;

type Json = Readonly<Record<string, unknown>>;

/** Annotation of a static pod's mirror. */
export const mirrorUidKey = "kubernetes.io/config.mirror";
/** What a ReplicaSet's pods are labelled with. */
export const templateHashKey = "pod-template-hash";

/** It may keep its address in the status, while others have it. */
export function isFinished(value: unknown): boolean {
  const { phase } = object(object(value).status);
  return phase === "Succeeded" || phase === "Failed";
}

export function readPod(value: unknown, labelKey: string | undefined, nowMillis: number): Pod | undefined {
  const pod = object(value);
  const metadata = object(pod.metadata);
  const spec = object(pod.spec);
  const status = object(pod.status);
  const uid = text(metadata.uid);
  const name = text(metadata.name);
  if (!uid || !name) return undefined;
  const labels = object(metadata.labels);
  return {
    uid,
    name,
    namespace: text(metadata.namespace) ?? "",
    nodeName: text(spec.nodeName) ?? "",
    hostNetwork: spec.hostNetwork === true,
    addresses: addressesOf(status),
    fromMillis: millis(status.startTime) ?? millis(metadata.creationTimestamp) ?? 0,
    toMillis: isFinished(value) ? endOf(status, nowMillis) : undefined,
    workload: workloadOf(metadata, labels),
    label: labelKey === undefined ? undefined : text(labels[labelKey]),
    mirrorUid: text(object(metadata.annotations)[mirrorUidKey]),
  };
}

function addressesOf(status: Json): string[] {
  const addresses: string[] = [];
  const add = (address: string | undefined) => {
    if (address && !addresses.includes(address)) addresses.push(address);
  };
  add(text(status.podIP));
  const all = list(status.podIPs);
  for (let i = 0; i < all.length && i < maxAddresses; i++) add(text(object(all[i]).ip));
  return addresses;
}

/** A finished pod keeps its address in the status, but the address is free for others from its last container's end. */
function endOf(status: Json, nowMillis: number): number {
  const ends = [...list(status.containerStatuses), ...list(status.initContainerStatuses)]
    .map((container) => millis(object(object(object(container).state).terminated).finishedAt))
    .filter((end) => end !== undefined);
  if (ends.length > 0) return Math.max(...ends);
  // An evicted pod may have no container status at all; its Ready condition turned false when it ended.
  const ready = list(status.conditions)
    .map(object)
    .find((condition) => condition.type === "Ready");
  return (ready?.status === "False" ? millis(ready.lastTransitionTime) : undefined) ?? nowMillis;
}

/** The controlling owner; a Deployment instead of its ReplicaSet, which is named after it and the template's hash. */
function workloadOf(metadata: Json, labels: Json): Workload | undefined {
  const owner = object(list(metadata.ownerReferences).find((reference) => object(reference).controller === true));
  const kind = text(owner.kind);
  const name = text(owner.name);
  // A static pod's mirror is owned by its Node, which is where it runs, not what it belongs to.
  if (!kind || !name || kind === "Node") return undefined;
  const hash = text(labels[templateHashKey]);
  if (kind === "ReplicaSet" && hash && name.endsWith(`-${hash}`)) {
    return { kind: "Deployment", name: name.slice(0, -hash.length - 1) };
  }
  return { kind, name };
}

/** A time is a text in JSON and a number in protobuf. */
function millis(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

function object(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
