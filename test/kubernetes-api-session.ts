/** The words of the API suite: short calls on one disposable namespace of one server, each answer already parsed. */
import type { ApiRequest, ApiServer } from "../core/kubernetes/api-server.ts";
import type { FakeKubernetes } from "../core/testkit/fake-kubernetes/index.ts";

/** Loose on purpose: tests read what they assert. */
export interface ApiObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly creationTimestamp: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly items: readonly ApiObject[];
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

export interface Answer {
  readonly status: number;
  readonly body: ApiObject;
}

export interface WatchEvent {
  readonly type: string;
  readonly object: ApiObject;
}

export interface PodParts {
  readonly nodeName?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

const limitMillis = 10_000;

export class ApiSession {
  readonly api: ApiServer;
  readonly namespace: string;
  readonly fake: FakeKubernetes | undefined;
  readonly #namespaces: string[] = [];

  constructor(api: ApiServer, namespace: string, fake: FakeKubernetes | undefined) {
    this.api = api;
    this.namespace = namespace;
    this.fake = fake;
  }

  get pods(): string {
    return `/api/v1/namespaces/${this.namespace}/pods`;
  }

  get events(): string {
    return `/api/v1/namespaces/${this.namespace}/events`;
  }

  async call(method: ApiRequest["method"], path: string, body?: unknown, contentType?: string): Promise<Answer> {
    const request = { method, path, body, ...(contentType !== undefined && { contentType }) };
    const response = await this.api.request(request, AbortSignal.timeout(limitMillis));
    return { status: response.status, body: response.json() as ApiObject };
  }

  get(path: string): Promise<Answer> {
    return this.call("GET", path);
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.call("POST", path, body);
  }

  mergePatch(path: string, body: unknown): Promise<Answer> {
    return this.call("PATCH", path, body, "application/merge-patch+json");
  }

  delete(path: string, body?: unknown): Promise<Answer> {
    return this.call("DELETE", path, body);
  }

  async createNamespace(name: string): Promise<void> {
    const { status } = await this.post("/api/v1/namespaces", { metadata: { name } });
    if (status !== 201) throw new Error(`cannot create namespace ${name}: ${status}`);
    this.#namespaces.push(name);
  }

  async deleteNamespaces(): Promise<void> {
    for (const name of this.#namespaces) await this.delete(`/api/v1/namespaces/${name}`);
  }

  /** A pod that no kubelet runs, as it was created. */
  async createPod(name: string, { nodeName, labels }: PodParts = {}): Promise<ApiObject> {
    const spec = { containers: [{ name: "main", image: "none" }], ...(nodeName !== undefined && { nodeName }) };
    const { status, body } = await this.post(this.pods, { metadata: { name, labels }, spec });
    if (status !== 201) throw new Error(`cannot create pod ${name}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  async setPodStatus(name: string, status: object): Promise<ApiObject> {
    const answer = await this.mergePatch(`${this.pods}/${name}/status`, { status });
    if (answer.status !== 200) throw new Error(`cannot patch the status of ${name}: ${answer.status}`);
    return answer.body;
  }

  /** Watches the namespace's pods. `take` waits for so many events; leaving the scope ends the watch. */
  async watchPods(query: string): Promise<Watch> {
    return await Watch.open(this.api, `${this.pods}?watch=true&${query}`);
  }
}

export class Watch {
  readonly status: number;
  readonly #stop: AbortController;
  readonly #events: AsyncGenerator<WatchEvent>;

  private constructor(status: number, events: AsyncGenerator<WatchEvent>, stop: AbortController) {
    this.status = status;
    this.#events = events;
    this.#stop = stop;
  }

  static async open(api: ApiServer, path: string): Promise<Watch> {
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(limitMillis)]);
    const { status, body } = await api.stream({ method: "GET", path }, signal);
    return new Watch(status, parseLines(body), stop);
  }

  async take(count: number): Promise<WatchEvent[]> {
    const taken: WatchEvent[] = [];
    while (taken.length < count) {
      const { value, done } = await this.#events.next();
      if (done) throw new Error(`the watch ended after ${taken.length} of ${count} events`);
      taken.push(value);
    }
    return taken;
  }

  /** What still comes until the server ends the watch. */
  async rest(): Promise<WatchEvent[]> {
    const rest: WatchEvent[] = [];
    for await (const event of this.#events) rest.push(event);
    return rest;
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}

async function* parseLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<WatchEvent> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield JSON.parse(line) as WatchEvent;
  }
}
