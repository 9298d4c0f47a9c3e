/**
 * An API server in memory, on loopback, over plain http: for the demo, tests and benchmarks. It passes the same suite
 * as a real one (test/kubernetes-api-suite.ts) for all that the plugins and kubectl use.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Allows } from "./access.ts";
import { Cluster } from "./cluster.ts";
import { type Fault, type FaultAnswer, Faults, type LoggedRequest } from "./fault.ts";
import type { KubernetesObject } from "./object.ts";
import { Refusal } from "./refusal.ts";
import { resourceOfKind } from "./resource.ts";
import { type Router, router, sendJson } from "./router.ts";
import { type Change, parseStored } from "./store.ts";

export interface FakeKubernetesOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** How long a watch without changes waits for its bookmark; the real server's minute. */
  readonly bookmarkIntervalMillis?: number;
  /** False: sendInitialEvents is refused, as by servers before 1.34 (but 1.32). */
  readonly watchList?: boolean;
  /** Changes of each resource that a watch may still start from. Default 20,000. */
  readonly historyLength?: number;
}

export interface FakeKubernetes {
  /** "http://127.0.0.1:34567". */
  readonly url: string;
  /** For `kubectl --kubeconfig` and connectApiServer; no credentials in it. */
  kubeconfigText(): string;

  /** Creates or replaces an object as it is, status included, without HTTP; its namespace is made. */
  put(object: KubernetesObject): KubernetesObject;
  /** Deletes without HTTP. False when it was not there. A namespace goes with all that is in it. */
  remove(kind: string, namespace: string, name: string): boolean;
  get(kind: string, namespace: string, name: string): KubernetesObject | undefined;
  list(kind: string, namespace?: string): KubernetesObject[];
  /** Tells each change of a kind as it happens; returns what ends it. */
  onChange(kind: string, listener: (type: Change["type"], object: KubernetesObject) => void): () => void;

  /** Orders wrong answers; returns what lifts the order. */
  fault(fault: Fault): () => void;
  /** Who may do what, for requests and access reviews alike. Default: everything. */
  setRights(allows: Allows): void;
  /** Waits this long before each answer. */
  latencyMillis: number;
  watchList: boolean;
  /** Forgets history: older resourceVersions and continue tokens are answered with 410. */
  compact(): void;
  /** Watches under way. */
  readonly watching: number;
  /** Breaks the connections of all watches. */
  cutWatches(): void;
  sendBookmarks(): void;
  /** The last 10,000 requests, oldest first. */
  readonly requests: readonly LoggedRequest[];
  /** Connections accepted so far: tells whether a client keeps them alive. */
  readonly connections: number;

  /** Ends all connections. Idempotent. */
  stop(): Promise<void>;
}

const maxRequests = 10_000;
/** The real server's limit. */
const maxBodyBytes = 3 * 1024 * 1024;

export async function startFakeKubernetes(options: FakeKubernetesOptions = {}): Promise<FakeKubernetes> {
  const fake = new FakeServer(options);
  await fake.listen();
  return fake;
}

class FakeServer implements FakeKubernetes {
  url = "";
  latencyMillis = 0;
  watchList: boolean;
  connections = 0;
  readonly #options: FakeKubernetesOptions;
  readonly #cluster: Cluster;
  readonly #router: Router;
  readonly #server: Server;
  readonly #faults = new Faults();
  readonly #stopped = new AbortController();
  readonly #requests: LoggedRequest[] = [];
  #allows: Allows = () => true;

  constructor(options: FakeKubernetesOptions) {
    this.#options = options;
    this.watchList = options.watchList ?? true;
    this.#cluster = new Cluster(options.historyLength ?? 20_000);
    this.#router = router(() => ({
      cluster: this.#cluster,
      allows: this.#allows,
      watchList: this.watchList,
      bookmarkIntervalMillis: options.bookmarkIntervalMillis ?? 60_000,
    }));
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.keepAliveTimeout = 90_000;
    this.#server.on("connection", () => this.connections++);
  }

  async listen(): Promise<void> {
    const { host = "127.0.0.1", port = 0 } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, resolve);
    });
    const address = this.#server.address();
    if (typeof address !== "object" || address === null) throw new Error("the fake Kubernetes has no port");
    this.url = `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`;
  }

  kubeconfigText(): string {
    return `apiVersion: v1
kind: Config
clusters: [{ name: fake, cluster: { server: "${this.url}" } }]
users: [{ name: fake, user: {} }]
contexts: [{ name: fake, context: { cluster: fake, user: fake } }]
current-context: fake
`;
  }

  put(object: KubernetesObject): KubernetesObject {
    return parseStored(resourceOfKind(object.kind ?? ""), this.#cluster.put(object));
  }

  remove(kind: string, namespace: string, name: string): boolean {
    const store = this.#cluster.store(resourceOfKind(kind));
    if (kind !== "Namespace") return store.remove(namespace, name) !== undefined;
    const there = store.get("", name) !== undefined;
    this.#cluster.removeNamespace(name);
    return there;
  }

  get(kind: string, namespace: string, name: string): KubernetesObject | undefined {
    const resource = resourceOfKind(kind);
    const found = this.#cluster.store(resource).get(namespace, name);
    return found && parseStored(resource, found);
  }

  list(kind: string, namespace?: string): KubernetesObject[] {
    const resource = resourceOfKind(kind);
    const all = this.#cluster.store(resource).sorted();
    const wanted = namespace === undefined ? all : all.filter((object) => object.namespace === namespace);
    return wanted.map((object) => parseStored(resource, object));
  }

  onChange(kind: string, listener: (type: Change["type"], object: KubernetesObject) => void): () => void {
    const resource = resourceOfKind(kind);
    return this.#cluster.store(resource).subscribe(({ type, object }) => listener(type, parseStored(resource, object)));
  }

  fault(fault: Fault): () => void {
    return this.#faults.order(fault);
  }

  setRights(allows: Allows): void {
    this.#allows = allows;
  }

  compact(): void {
    this.#cluster.compact();
    this.#router.compact();
  }

  get watching(): number {
    return this.#router.watchers.size;
  }

  cutWatches(): void {
    for (const watcher of this.#router.watchers) watcher.cut();
  }

  sendBookmarks(): void {
    for (const watcher of this.#router.watchers) watcher.sendBookmark();
  }

  get requests(): readonly LoggedRequest[] {
    return this.#requests;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url: path = "/" } = request;
    response.on("error", () => undefined); // the client went away
    const body = await readBody(request).catch(() => undefined);
    if (body === undefined) return refuseBody(response);
    this.#log(request, body);
    const fault = this.#faults.take(method, path);
    if (this.latencyMillis > 0) {
      await sleep(this.latencyMillis, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
    }
    if (fault !== undefined && fault.kind !== "lost-answer") return misbehave(fault, response);
    if (fault !== undefined) cutBeforeAnswer(response);
    // Joined as text: new URL("//", base) would take the path for a host, and throw.
    await this.#router.handle({ request, response, url: new URL(this.url + path), body });
  }

  #log({ method = "GET", url: path = "/", headers }: IncomingMessage, body: Buffer): void {
    this.#requests.push({ method, path, headers, body: parsedOrText(body), at: Date.now() });
    if (this.#requests.length > maxRequests) this.#requests.shift();
  }
}

/** Undefined when it is too large; then it is read to its end all the same, so that the answer can be sent. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += part.length;
    if (bytes <= maxBodyBytes) parts.push(part);
  }
  return bytes > maxBodyBytes ? undefined : Buffer.concat(parts);
}

function refuseBody(response: ServerResponse): void {
  const message = `Request entity too large: limit is ${maxBodyBytes}`;
  sendJson(response, 413, JSON.stringify(new Refusal(413, "RequestEntityTooLarge", message).body));
}

function misbehave(fault: FaultAnswer, response: ServerResponse): void {
  if (fault.kind === "cut") response.destroy();
  if (fault.kind !== "status") return;
  const { status, reason = "", message = reason, causes, retryAfter, body } = fault;
  if (retryAfter !== undefined) response.setHeader("Retry-After", retryAfter);
  const refusal = new Refusal(status, reason, message, causes === undefined ? {} : { causes });
  sendJson(response, status, body ?? JSON.stringify(refusal.body));
}

function cutBeforeAnswer(response: ServerResponse): void {
  response.writeHead = () => {
    response.destroy();
    return response;
  };
}

function parsedOrText(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  const text = body.toString("utf8");
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
