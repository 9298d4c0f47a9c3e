/**
 * A small Collector on loopback: OTLP over HTTP (protobuf, JSON, gzip) and gRPC. It remembers what it has stored, and
 * answers as a test tells it. What it refuses it does not store.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { pointsIn, readMessage, recordsIn, type SeenPoint, type SeenRecord } from "./otlp-message.ts";

export interface Request {
  readonly signal: "logs" | "metrics";
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly records: readonly SeenRecord[];
  readonly points: readonly SeenPoint[];
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Takes the request and never answers. */
  readonly silent?: boolean;
  /** Stored although the answer says otherwise, or never comes. */
  readonly stores?: boolean;
}

export class OtlpReceiver {
  readonly requests: Request[] = [];
  /** Those that were answered well. */
  readonly stored: Request[] = [];
  answer: (request: Request, index: number) => Answer = () => ({});
  readonly #server: Server;
  readonly #secure: boolean;
  readonly #host: string;
  #port = 0;

  constructor(tls?: ServerOptions, host = "127.0.0.1") {
    const listener = (request: IncomingMessage, response: ServerResponse) => void this.#take(request, response);
    this.#secure = tls !== undefined;
    this.#host = host;
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  }

  /** Also again after `close`, on the same port. */
  async listen(): Promise<this> {
    this.#server.listen(this.#port, this.#host);
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `${this.#secure ? "https" : "http"}://${this.#host}:${this.#port}`;
  }

  get records(): readonly SeenRecord[] {
    return this.stored.flatMap(({ records }) => records);
  }

  get points(): readonly SeenPoint[] {
    return this.stored.flatMap(({ points }) => points);
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const wire = Buffer.concat(chunks);
    const bytes = incoming.headers["content-encoding"] === "gzip" ? gunzipSync(wire) : wire;
    const json = incoming.headers["content-type"] === "application/json";
    const signal = incoming.url?.includes("metrics") ? "metrics" : "logs";
    const message = readMessage(signal, bytes, json);
    const request: Request = {
      signal,
      path: incoming.url ?? "",
      headers: incoming.headers,
      records: recordsIn(message),
      points: pointsIn(message),
    };
    const answer = this.answer(request, this.requests.push(request) - 1);
    const { status = 200, headers, body = json ? "{}" : "", silent = false } = answer;
    if (answer.stores ?? (status === 200 && !silent)) this.stored.push(request);
    if (silent) return;
    response.writeHead(status, { "content-type": json ? "application/json" : "application/x-protobuf", ...headers });
    response.end(body);
  }
}

/** ExportLogsServiceResponse and ExportMetricsServiceResponse look alike: 1 partial_success { 1 rejected, 2 message }. */
export function partialSuccess(rejected: number, message: string): Uint8Array {
  const text = Buffer.from(message);
  const inner = Buffer.concat([Buffer.from([0x08, rejected, 0x12, text.length]), text]);
  return Buffer.concat([Buffer.from([0x0a, inner.length]), inner]);
}

export function partialSuccessJson(signal: "logs" | "metrics", rejected: number): string {
  const key = signal === "logs" ? "rejectedLogRecords" : "rejectedDataPoints";
  // int64 is text in protobuf's JSON.
  return JSON.stringify({ partialSuccess: { [key]: String(rejected), errorMessage: "too old" } });
}
