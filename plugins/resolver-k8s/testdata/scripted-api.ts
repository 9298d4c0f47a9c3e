/**
 * An API server for tests of this room that does exactly what the test says: each request waits in a queue until the
 * test answers it. For what a real server cannot be made to do at a given moment.
 */
import type { ApiRequest, ApiResponse, ApiServer, ApiStream } from "../../../core/kubernetes/api-server.ts";

export class ScriptedApi implements ApiServer {
  readonly address = "https://scripted.test";
  readonly origin = "test";
  /** Requests that were made, oldest first. */
  readonly asked: URL[] = [];
  readonly #open: ScriptedAnswer[] = [];
  isClosed = false;

  /** The oldest request that has no answer yet. */
  next(): ScriptedAnswer {
    const answer = this.#open.shift();
    if (answer === undefined) throw new Error("nothing was asked");
    return answer;
  }

  get waiting(): number {
    return this.#open.length;
  }

  async request(request: ApiRequest, signal: AbortSignal): Promise<ApiResponse> {
    const stream = await this.stream(request, signal);
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream.body) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    return { ...stream, body, json: () => JSON.parse(body.toString("utf8")) };
  }

  stream(request: ApiRequest, signal: AbortSignal): Promise<ApiStream> {
    this.asked.push(new URL(request.path, this.address));
    const answer = new ScriptedAnswer(signal);
    this.#open.push(answer);
    return answer.opened;
  }

  close(): void {
    this.isClosed = true;
  }
}

/** One request's answer, in the hands of the test. */
export class ScriptedAnswer {
  readonly opened: Promise<ApiStream>;
  readonly #head = Promise.withResolvers<ApiStream>();
  readonly #chunks: Array<Uint8Array | Error | undefined> = [];
  #arrived = Promise.withResolvers<void>();
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    this.opened = this.#head.promise;
    signal.addEventListener("abort", () => this.fail(signal.reason), { once: true });
  }

  get isAborted(): boolean {
    return this.#signal.aborted;
  }

  /** The status; the body follows with `send`, `sendEvent`, `end` or `fail`. */
  open(status = 200, retryAfterMillis?: number): this {
    const contentType = "application/json";
    const head = retryAfterMillis === undefined ? { status, contentType } : { status, contentType, retryAfterMillis };
    this.#head.resolve({ ...head, body: this.#body() });
    return this;
  }

  /** The whole answer. */
  reply(status: number, body: unknown, retryAfterMillis?: number): void {
    this.open(status, retryAfterMillis).send(JSON.stringify(body)).end();
  }

  sendEvent(type: string, object: unknown): this {
    return this.send(`${JSON.stringify({ type, object })}\n`);
  }

  /** The bookmark that ends the initial events. */
  sendInitialEnd(resourceVersion: string): this {
    const annotations = { "k8s.io/initial-events-end": "true" };
    return this.sendEvent("BOOKMARK", { kind: "Pod", metadata: { resourceVersion, annotations } });
  }

  send(text: string | Uint8Array): this {
    return this.#push(Buffer.from(text));
  }

  end(): void {
    this.#push(undefined);
  }

  fail(error: Error): void {
    this.#head.reject(error);
    this.#push(error);
  }

  #push(chunk: Uint8Array | Error | undefined): this {
    this.#chunks.push(chunk);
    this.#arrived.resolve();
    return this;
  }

  async *#body(): AsyncGenerator<Uint8Array> {
    for (;;) {
      while (this.#chunks.length === 0) await this.#arrived.promise;
      const chunk = this.#chunks.shift();
      if (this.#chunks.length === 0) this.#arrived = Promise.withResolvers<void>();
      if (chunk === undefined) return;
      if (chunk instanceof Error) throw chunk;
      yield chunk;
    }
  }
}
