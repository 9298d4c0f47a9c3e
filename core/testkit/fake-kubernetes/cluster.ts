/**
 * The verbs of the API on the stores: create, get, update, patch, delete, with the real server's checks. In come
 * parsed requests, out come stored objects; refusals are thrown. Used by the router and by tests directly.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { isRecord, type KubernetesObject, type ObjectMeta, textAt, timestamp } from "./object.ts";
import { applyPatch } from "./patch.ts";
import { alreadyExists, badRequest, conflict, forbidden, notFound } from "./refusal.ts";
import { type Resource, resourceOfKind, resources } from "./resource.ts";
import { parseStored, Revision, Store, type StoredObject } from "./store.ts";
import { validate, withDefaults } from "./validation.ts";

/** Which object a request names. */
export interface Target {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

export interface Deletion {
  readonly object: StoredObject;
  readonly gone: boolean;
}

export class Cluster {
  readonly revision = new Revision();
  readonly #stores: ReadonlyMap<Resource, Store>;

  constructor(historyLength: number) {
    this.#stores = new Map(resources.map((resource) => [resource, new Store(resource, this.revision, historyLength)]));
    for (const name of ["default", "kube-system", "kube-public", "kube-node-lease"]) this.putNamespace(name);
  }

  store(resource: Resource): Store {
    const store = this.#stores.get(resource);
    if (store === undefined) throw new Error(`no store for ${resource.name}`);
    return store;
  }

  compact(): void {
    for (const store of this.#stores.values()) store.compact();
  }

  putNamespace(name: string): void {
    const resource = resourceOfKind("Namespace");
    if (this.store(resource).get("", name) !== undefined) return;
    this.put({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }

  /** Stores an object as it is, status included, without a client's checks; makes its namespace. */
  put(object: KubernetesObject): StoredObject {
    const resource = resourceOfKind(object.kind ?? "");
    const namespace = resource.namespaced ? (object.metadata.namespace ?? "default") : "";
    if (resource.namespaced) this.putNamespace(namespace);
    const old = this.store(resource).get(namespace, object.metadata.name ?? "");
    const metadata = { ...newMetadata(object.metadata, namespace), ...(old !== undefined && { uid: old.uid }) };
    const { status } = object;
    const whole = { ...withDefaults(resource, object), metadata: { ...metadata, ...object.metadata } };
    if (resource.namespaced) whole.metadata = { ...whole.metadata, namespace };
    return this.store(resource).put(isRecord(status) ? { ...whole, status } : whole);
  }

  get(target: Target): StoredObject {
    const found = this.store(target.resource).get(target.namespace, target.name);
    if (found === undefined) throw notFound(target.resource, target.name);
    return found;
  }

  create({ resource, namespace }: Target, body: unknown): StoredObject {
    const object = checkedBody(resource, namespace, body);
    const named = { ...object, metadata: newMetadata(object.metadata, namespace) };
    this.#admit(resource, namespace, named.metadata.name ?? "");
    const whole = withDefaults(resource, named);
    validate(resource, whole);
    const name = whole.metadata.name ?? "";
    if (this.store(resource).get(namespace, name) !== undefined) throw alreadyExists(resource, name);
    return this.store(resource).put(whole);
  }

  update(target: Target, body: unknown): StoredObject {
    const old = this.get(target);
    return this.#store(target, old, checkedBody(target.resource, target.namespace, body));
  }

  patch(target: Target, contentType: string, patch: unknown): StoredObject {
    const { resource, namespace, name } = target;
    if (contentType.startsWith("application/apply-patch") && this.store(resource).get(namespace, name) === undefined) {
      return this.create(target, patch);
    }
    const old = this.get(target);
    const patched = applyPatch(contentType, parseStored(resource, old), patch);
    return this.#store(target, old, checkedBody(resource, namespace, patched));
  }

  /** A pod with a grace period is marked first, then gone at once, as if its kubelet had needed no time. */
  delete(target: Target, options: { readonly uid?: string; readonly graceSeconds?: number }): Deletion {
    const { resource, namespace, name } = target;
    const old = this.get(target);
    if (options.uid !== undefined && options.uid !== old.uid) throw conflict(resource, name);
    const object = parseStored(resource, old);
    const grace = resource.kind === "Pod" ? (options.graceSeconds ?? 30) : 0;
    const deletion = { deletionTimestamp: timestamp(), deletionGracePeriodSeconds: grace };
    const marked = { ...object, metadata: { ...object.metadata, ...deletion } };
    if (resource.kind === "Namespace") {
      const terminating = this.store(resource).put({ ...marked, status: { phase: "Terminating" } });
      return { object: terminating, gone: false };
    }
    const last = resource.kind === "Pod" ? this.store(resource).put(marked) : old;
    this.store(resource).remove(namespace, name);
    return { object: last, gone: true };
  }

  /** What a namespace controller does at the end: everything in it goes, then itself. */
  removeNamespace(name: string): void {
    for (const store of this.#stores.values()) {
      if (!store.resource.namespaced) continue;
      for (const object of store.sorted()) if (object.namespace === name) store.remove(name, object.name);
    }
    this.store(resourceOfKind("Namespace")).remove("", name);
  }

  #store(target: Target, old: StoredObject, next: KubernetesObject): StoredObject {
    const { resource, name, subresource } = target;
    const before = parseStored(resource, old);
    const wanted = next.metadata.resourceVersion;
    if (wanted !== undefined && wanted !== "" && wanted !== String(old.resourceVersion)) throw conflict(resource, name);
    const whole = withDefaultsKept(
      resource,
      subresource === "status" ? withStatus(before, next) : withoutStatus(resource, before, next),
    );
    validate(resource, whole);
    // The real server stores nothing, and tells no watch, when nothing changes.
    if (isDeepStrictEqual(JSON.parse(JSON.stringify(whole)), before)) return old;
    return this.store(resource).put(whole);
  }

  /** The admission plugin NamespaceLifecycle. */
  #admit(resource: Resource, namespace: string, name: string): void {
    if (!resource.namespaced) return;
    const namespaces = resourceOfKind("Namespace");
    const found = this.store(namespaces).get("", namespace);
    if (found === undefined) throw notFound(namespaces, namespace);
    if (textAt(parseStored(namespaces, found), "status.phase") !== "Terminating") return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    const message = `namespace ${namespace} is being terminated`;
    throw forbidden(resource, name, why, [{ reason: "NamespaceTerminating", message, field: "metadata.namespace" }]);
  }
}

function checkedBody(resource: Resource, namespace: string, body: unknown): KubernetesObject {
  if (!isRecord(body)) throw badRequest(`the object provided is unrecognized (must be of type ${resource.kind})`);
  const kind = body.kind ?? resource.kind;
  if (kind !== resource.kind) {
    throw badRequest(
      `${kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: unknown conversion`,
    );
  }
  const metadata: ObjectMeta = isRecord(body.metadata) ? body.metadata : {};
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  }
  return { ...body, metadata };
}

function newMetadata(given: ObjectMeta, namespace: string): ObjectMeta {
  const suffix = randomBytes(3).toString("hex").slice(0, 5);
  const name = given.name || (given.generateName ? `${given.generateName}${suffix}` : "");
  return {
    ...given,
    ...(name !== "" && { name }),
    ...(namespace !== "" && { namespace }),
    uid: randomUUID(),
    creationTimestamp: timestamp(),
  };
}

function withStatus(before: KubernetesObject, next: KubernetesObject): KubernetesObject {
  return { ...before, status: next.status ?? {} };
}

function withoutStatus(resource: Resource, before: KubernetesObject, next: KubernetesObject): KubernetesObject {
  const { name, namespace, uid, creationTimestamp, resourceVersion, deletionTimestamp } = before.metadata;
  const kept = { name, namespace, uid, creationTimestamp, resourceVersion, deletionTimestamp };
  const metadata = {
    ...next.metadata,
    ...Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined)),
  };
  const keepsStatus = resource.subresources.includes("status") && before.status !== undefined;
  return { ...next, metadata, ...(keepsStatus && { status: before.status }) };
}

function withDefaultsKept(resource: Resource, object: KubernetesObject): KubernetesObject {
  return resource.kind === "Event" ? withDefaults(resource, object) : object;
}
