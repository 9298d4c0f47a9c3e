/**
 * An API server for this room's tests: keeps events like the real one, answers as the test scripts it, and remembers
 * each request. Only what a test cannot make a server on loopback do at the right moment is tested with it.
 */
import type { ApiRequest, ApiResponse, ApiServer } from "../../../core/kubernetes/api-server.ts";

export type StoredEvent = { readonly message: string; readonly count: number; readonly lastTimestamp: string };

export type Answer = number | ApiResponse | Error | Promise<number>;

export class ScriptedApiServer implements ApiServer {
  readonly address = "http://scripted";
  readonly origin = "test";
  readonly requests: ApiRequest[] = [];
  readonly events = new Map<string, StoredEvent>();
  /** Undefined: answer as a healthy server does. A 2xx or an Error thrown after `apply` has stored all the same. */
  script: (request: ApiRequest, apply: () => number) => Answer | undefined = () => undefined;
  underWay = 0;
  mostUnderWay = 0;

  /** "POST shop", "PATCH shop", … in the order of arrival. */
  get calls(): string[] {
    return this.requests.map(({ method, path }) => `${method} ${path.split("/")[4]}`);
  }

  get counts(): number[] {
    return [...this.events.values()].map(({ count }) => count);
  }

  async request(request: ApiRequest, signal: AbortSignal): Promise<ApiResponse> {
    signal.throwIfAborted();
    this.requests.push(request);
    this.underWay++;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    try {
      const apply = () => this.#apply(request);
      const scripted = this.script(request, apply);
      const answer = scripted === undefined ? apply() : await abortable(scripted, signal);
      if (answer instanceof Error) throw answer;
      return typeof answer === "number" ? response(answer) : answer;
    } finally {
      this.underWay--;
    }
  }

  stream(): never {
    throw new Error("events are never watched");
  }

  close(): void {}

  #apply({ method, path, body }: ApiRequest): number {
    const event = body as StoredEvent & { metadata?: { name: string } };
    const key = method === "POST" ? `${path}/${event.metadata?.name}` : path;
    const old = this.events.get(key);
    if (method === "POST") {
      if (old !== undefined) return 409;
      this.events.set(key, event);
      return 201;
    }
    if (old === undefined) return 404;
    this.events.set(key, { ...old, ...event });
    return 200;
  }
}

export function response(status: number, body: object = {}, retryAfterMillis?: number): ApiResponse {
  const json = { kind: "Status", ...body };
  const answer = { status, body: Buffer.from(JSON.stringify(json)), json: () => json };
  return retryAfterMillis === undefined ? answer : { ...answer, retryAfterMillis };
}

function abortable<T>(value: T | Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    Promise.resolve(value).then(resolve, reject);
  });
}
