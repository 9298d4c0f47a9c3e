/**
 * From a request to an answer: finds what a path names, checks the right, calls the verb, and writes JSON, a list in
 * pieces, a table or a watch. Refusals become Status bodies. Called by the server for every request without a fault.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Allows, requireAccess, review } from "./access.ts";
import type { Cluster, Target } from "./cluster.ts";
import { discovery, openApi, reviewGroup } from "./discovery.ts";
import { Lister } from "./list.ts";
import { textAt, valueAt } from "./object.ts";
import { decodeProtobuf, protobufMagic } from "./protobuf.ts";
import { badRequest, noSuchPath, Refusal } from "./refusal.ts";
import { resources } from "./resource.ts";
import { type StoredObject, wholeJson } from "./store.ts";
import { rowJson, wantsTable } from "./table.ts";
import { openWatch, type Watcher } from "./watch.ts";
import { wireOf } from "./wire.ts";

export interface Router {
  handle(call: Call): Promise<void>;
  readonly watchers: ReadonlySet<Watcher>;
  compact(): void;
}

export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly body: Buffer;
}

export interface RouterSettings {
  readonly cluster: Cluster;
  readonly allows: Allows;
  readonly watchList: boolean;
  readonly bookmarkIntervalMillis: number;
}

export function router(settings: () => RouterSettings): Router {
  const watchers = new Set<Watcher>();
  const lister = new Lister(settings().cluster.revision);
  return {
    watchers,
    compact: () => lister.compact(),
    async handle(call) {
      try {
        await route({ ...settings(), watchers, lister }, call);
      } catch (error) {
        refuse(call, error);
      }
    },
  };
}

interface Room extends RouterSettings {
  readonly watchers: Set<Watcher>;
  readonly lister: Lister;
}

async function route(room: Room, call: Call): Promise<void> {
  const path = call.url.pathname.replace(/(.)\/$/, "$1");
  if (/^\/(healthz|livez|readyz)$/.test(path)) {
    call.response.end("ok");
    return;
  }
  const document = call.request.method === "GET" ? (discovery(path) ?? openApi(path)) : undefined;
  if (document !== undefined) return sendJson(call.response, 200, JSON.stringify(document));
  const [, reviewKind] = new RegExp(`^/apis/${reviewGroup}/v1/(\\w+)$`).exec(path) ?? [];
  if (reviewKind !== undefined) {
    const answer = review(reviewKind, room.allows, parseBody(call.body));
    return sendJson(call.response, 201, JSON.stringify(answer));
  }
  const target = targetOf(path);
  if (target === undefined) throw noSuchPath();
  await serve(room, call, target);
}

const pathPattern =
  /^(?:\/api\/v1|\/apis\/(?<group>[^/]+)\/v1)(?:\/namespaces\/(?<namespace>[^/]+)(?=\/[^/]))?\/(?<plural>[a-z]+)(?:\/(?<name>[^/]+))?(?:\/(?<subresource>[a-z]+))?$/;

function targetOf(path: string): Target | undefined {
  const own = /^\/api\/v1\/namespaces\/([^/]+)(?:\/(status|finalize))?$/.exec(path);
  const groups = own
    ? { group: undefined, namespace: undefined, plural: "namespaces", name: own[1], subresource: own[2] }
    : pathPattern.exec(path)?.groups;
  const { group = "", namespace = "", plural, name = "", subresource = "" } = groups ?? {};
  const resource = resources.find((candidate) => candidate.name === plural && candidate.group === group);
  if (resource === undefined || (namespace !== "" && !resource.namespaced)) return undefined;
  if (subresource !== "" && !resource.subresources.includes(subresource)) return undefined;
  return { resource, namespace: decodeURIComponent(namespace), name: decodeURIComponent(name), subresource };
}

const verbs: Readonly<Record<string, string>> = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" };

async function serve(room: Room, call: Call, target: Target): Promise<void> {
  const { resource, namespace, name, subresource } = target;
  const method = call.request.method ?? "GET";
  const watching = ["1", "true"].includes(call.url.searchParams.get("watch") ?? "");
  const reading = watching ? "watch" : name === "" ? "list" : "get";
  const verb = method === "GET" ? reading : (verbs[method] ?? "");
  const qualified = subresource === "" ? resource.name : `${resource.name}/${subresource}`;
  requireAccess(room.allows, { verb, resource: qualified, group: resource.group, namespace, name });
  if (verb === "watch") return await watch(room, call, target);
  if (verb === "list") return await list(room, call, target);
  const collection = verb === "create";
  if (verb === "" || collection !== (name === "") || (collection && resource.namespaced && namespace === "")) {
    throw new Refusal(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
  }
  const { status, content } = carryOut(room, call, { target, verb });
  if (typeof content === "string") return sendJson(call.response, status, content);
  const table = wantsTable(call.request.headers.accept);
  sendJson(call.response, status, table ? rowJson(resource, content) : wholeJson(resource, content));
}

interface Outcome {
  readonly status: number;
  /** A stored object, or another document's JSON. */
  readonly content: StoredObject | string;
}

function carryOut({ cluster }: Room, call: Call, { target, verb }: { target: Target; verb: string }): Outcome {
  switch (verb) {
    case "create":
      return { status: 201, content: cluster.create(target, parseBody(call.body)) };
    case "update":
      return { status: 200, content: update(cluster, target, call.body) };
    case "patch": {
      const contentType = call.request.headers["content-type"] ?? "";
      return { status: 200, content: cluster.patch(target, contentType, parseBody(call.body)) };
    }
    case "delete":
      return { status: 200, content: remove(cluster, target, call) };
    default:
      return { status: 200, content: cluster.get(target) };
  }
}

function update(cluster: Cluster, target: Target, body: Buffer): StoredObject {
  if (target.subresource !== "finalize") return cluster.update(target, parseBody(body));
  const last = cluster.get(target);
  cluster.removeNamespace(target.name);
  return last;
}

function remove(cluster: Cluster, target: Target, call: Call): StoredObject | string {
  const { object, gone } = cluster.delete(target, deleteOptions(call));
  if (target.resource.kind === "Pod" || !gone) return object;
  const details = { name: target.name, kind: target.resource.name, uid: object.uid };
  return JSON.stringify({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details });
}

function deleteOptions(call: Call): { uid?: string; graceSeconds?: number } {
  const body = call.body.length === 0 ? {} : parseBody(call.body);
  const grace = call.url.searchParams.get("gracePeriodSeconds") ?? valueAt(body, "gracePeriodSeconds");
  const uid = textAt(body, "preconditions.uid");
  return { ...(uid !== "" && { uid }), ...(grace !== undefined && { graceSeconds: Number(grace) }) };
}

async function list({ cluster, lister }: Room, call: Call, { resource, namespace }: Target): Promise<void> {
  const page = lister.page(cluster.store(resource), namespace, call.url.searchParams);
  const wire = wireOf(call.request.headers.accept, resource);
  call.response.writeHead(200, { "Content-Type": wire.contentType });
  // The client may go away in the middle of it.
  await pipeline(Readable.from(wire.list(page)), call.response).catch(() => undefined);
}

async function watch(room: Room, call: Call, { resource, namespace }: Target): Promise<void> {
  const { watcher, done } = openWatch(
    {
      store: room.cluster.store(resource),
      revision: room.cluster.revision,
      namespace,
      query: call.url.searchParams,
      watchList: room.watchList,
      bookmarkIntervalMillis: room.bookmarkIntervalMillis,
      wire: wireOf(call.request.headers.accept, resource),
    },
    call.response,
  );
  room.watchers.add(watcher);
  await done.finally(() => room.watchers.delete(watcher));
}

export function sendJson(response: ServerResponse, status: number, json: string): void {
  send(response, status, { contentType: "application/json", body: Buffer.from(json) });
}

function send(response: ServerResponse, status: number, { contentType, body }: { contentType: string; body: Buffer }) {
  response.writeHead(status, { "Content-Type": contentType, "Content-Length": body.length });
  response.end(body);
}

function refuse({ request, response, url }: Call, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const refusal =
    error instanceof Refusal ? error : new Refusal(500, "InternalError", `Internal error occurred: ${error}`);
  const resource = targetOf(url.pathname)?.resource;
  const wire = resource === undefined ? undefined : wireOf(request.headers.accept, resource);
  const body = Buffer.from(wire?.status(refusal.body) ?? JSON.stringify(refusal.body));
  send(response, refusal.code, { contentType: wire?.contentType ?? "application/json", body });
}

function parseBody(body: Buffer): unknown {
  if (body.toString("latin1", 0, protobufMagic.length) === protobufMagic) return decodeProtobuf(body);
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: couldn't get version/kind; json parse error: ${error}`);
  }
}
