/**
 * OTLP over HTTP/1.1: one POST per export, ended by the signal at any moment. Made and called by exporter.ts.
 * The SDK's own transport retries inside a time limit and takes no signal (README.md).
 */
import { Agent, type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestTls, Agent as TlsAgent } from "node:https";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { describeError } from "../plugin/errors.ts";
import { contentType, type HttpAnswer, readHttpAnswer } from "./http-answer.ts";
import { again, type Reply, type Transport } from "./outcome.ts";
import type { SignalSettings } from "./settings.ts";
import { readTlsMaterial } from "./tls-material.ts";
import { unreachable } from "./unreachable.ts";

const pack = promisify(gzip);

/** An answer has a few hundred bytes; a stranger's page may go on for ever. */
const maxAnswerBytes = 1 << 20;

export class HttpTransport implements Transport {
  readonly #settings: SignalSettings;
  readonly #userAgent: string;
  #connections: Promise<Connections> | undefined;

  constructor(settings: SignalSettings, userAgent: string) {
    this.#settings = settings;
    this.#userAgent = userAgent;
  }

  async send(data: Uint8Array, signal: AbortSignal): Promise<Reply> {
    signal.throwIfAborted();
    const body = this.#settings.gzip ? await pack(data) : data;
    try {
      this.#connections ??= this.#connect();
      const connections = await this.#connections;
      const answer = await connections.use((agent) => this.#post(body, agent, signal));
      return readHttpAnswer(answer, this.#settings);
    } catch (error) {
      signal.throwIfAborted();
      // The certificates are read again: what was wrong may have been renewed.
      this.close();
      return isFileError(error) ? again(describeError(error)) : again(unreachable(error, this.#settings));
    }
  }

  close(): void {
    this.#connections?.then((connections) => connections.retire()).catch(() => undefined);
    this.#connections = undefined;
  }

  async #connect(): Promise<Connections> {
    const options = { keepAlive: true, scheduling: "fifo" } as const;
    if (this.#settings.endpoint.url.protocol === "http:") return new Connections(new Agent(options));
    return new Connections(new TlsAgent({ ...options, ...(await readTlsMaterial(this.#settings.tls)) }));
  }

  #post(body: Uint8Array, agent: Agent, signal: AbortSignal): Promise<HttpAnswer> {
    const { url } = this.#settings.endpoint;
    const headers = {
      "user-agent": this.#userAgent,
      ...this.#settings.headers,
      "content-type": contentType(this.#settings),
      "content-length": body.length,
      ...(this.#settings.gzip && { "content-encoding": "gzip" }),
    };
    return new Promise((resolve, reject) => {
      const send = url.protocol === "http:" ? requestPlain : requestTls;
      const request = send(url, { method: "POST", agent, headers, signal }, (response) => {
        readAnswer(response).then(resolve, reject);
      });
      request.on("error", reject).end(body);
    });
  }
}

/** An agent that ends with its last request once it is retired: a failure of one request is none of the others'. */
class Connections {
  readonly #agent: Agent;
  #underWay = 0;
  #retired = false;

  constructor(agent: Agent) {
    this.#agent = agent;
  }

  async use<T>(work: (agent: Agent) => Promise<T>): Promise<T> {
    this.#underWay++;
    try {
      return await work(this.#agent);
    } finally {
      this.#underWay--;
      this.#endIfIdle();
    }
  }

  retire(): void {
    this.#retired = true;
    this.#endIfIdle();
  }

  #endIfIdle(): void {
    if (this.#retired && this.#underWay === 0) this.#agent.destroy();
  }
}

function isFileError(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === "OTEL_TLS";
}

async function readAnswer(response: IncomingMessage): Promise<HttpAnswer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response) {
    bytes += part.length;
    if (bytes > maxAnswerBytes) break;
    parts.push(part);
  }
  if (bytes > maxAnswerBytes) throw new Error(`the answer has more than ${maxAnswerBytes} bytes: this is no Collector`);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) };
}
