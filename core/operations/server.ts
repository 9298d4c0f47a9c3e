/**
 * The HTTP server that people and probes ask: /metrics, /healthz, /readyz (reasons in the body), /status (JSON).
 * Read-only. Slow or greedy clients are cut off: they never touch the pipelines.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { DroplensError } from "../plugin/errors.ts";

/** Prometheus and probes open a few; a proxy in front of several may open more. */
const maxConnectionsOfAddress = 50;
/** Prometheus gives up after ten seconds, unless it is told otherwise. */
const maxAnswerMillis = 30_000;

export interface OperationsPages {
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** What keeps Droplens from its work, a sentence each; empty: ready. */
  problems(): readonly string[];
  /** For people and scripts. */
  status(): object;
}

export interface OperationsAddress {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
}

export class OperationsServer {
  readonly #server: Server = createServer({
    requestTimeout: 10_000,
    headersTimeout: 5000,
    keepAliveTimeout: 5000,
    // Node looks every 30 s unless told: slow clients would stay that long. Each look wakes a process that rests.
    connectionsCheckingInterval: 5000,
    maxHeaderSize: 8192,
  });
  readonly #connections = new Map<string, number>();

  readonly #redact: (text: string) => string;

  /** `redact` takes secrets out of what a page says. */
  constructor(redact: (text: string) => string = (text) => text) {
    this.#redact = redact;
  }

  /** Serves `pages`; the port it listens on. Rejects with what to do when the port is taken or forbidden. */
  async start(pages: OperationsPages, { host, port }: OperationsAddress): Promise<number> {
    this.#server.maxConnections = 200;
    this.#server.maxRequestsPerSocket = 1000;
    const shared: OperationsPages = {
      metrics: sparingly(() => pages.metrics()),
      problems: () => pages.problems(),
      status: () => pages.status(),
    };
    this.#server.on("connection", (socket) => this.#admit(socket));
    this.#server.on("request", (request, response) => void answer(shared, this.#redact, { request, response }));
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (error: NodeJS.ErrnoException) => reject(explain(error, host, port)));
      this.#server.listen(port, host, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** One address shall not take the place of the kubelet's probes. */
  #admit(socket: Socket): void {
    const address = socket.remoteAddress ?? "";
    const open = (this.#connections.get(address) ?? 0) + 1;
    this.#connections.set(address, open);
    socket.once("close", () => {
      const left = (this.#connections.get(address) ?? 1) - 1;
      if (left > 0) this.#connections.set(address, left);
      else this.#connections.delete(address);
    });
    if (open > maxConnectionsOfAddress) socket.destroy();
  }

  /** Idempotent, legal before `start`. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** Whoever asks without a pause gets the same page for a while: five times as long as it took to make. */
function sparingly<T>(make: () => Promise<T>): () => Promise<T> {
  let page: Promise<T> | undefined;
  return () => {
    if (page !== undefined) return page;
    const begin = performance.now();
    page = make();
    const forget = () => setTimeout(() => (page = undefined), 5 * (performance.now() - begin)).unref();
    void page.then(forget, () => (page = undefined));
    return page;
  };
}

async function answer(
  pages: OperationsPages,
  redact: (text: string) => string,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
): Promise<void> {
  request.resume();
  const limit = setTimeout(() => request.socket.destroy(), maxAnswerMillis).unref();
  response.once("close", () => clearTimeout(limit));
  if (request.method !== "GET" && request.method !== "HEAD") return send(response, 405, "only GET\n");
  const path = (request.url ?? "/").split("?", 1)[0];
  try {
    if (path === "/metrics") {
      const { text, contentType } = await pages.metrics();
      send(response, 200, text, contentType);
    } else if (path === "/healthz") send(response, 200, "ok\n");
    else if (path === "/readyz") sendReadiness(response, pages.problems().map(redact));
    else if (path === "/status")
      send(response, 200, `${redact(JSON.stringify(pages.status(), null, 2))}\n`, "application/json");
    else send(response, path === "/" ? 200 : 404, "/metrics /healthz /readyz /status\n");
  } catch (error) {
    send(response, 500, `${redact(error instanceof Error ? error.message : String(error))}\n`);
  }
}

function sendReadiness(response: ServerResponse, problems: readonly string[]): void {
  if (problems.length === 0) send(response, 200, "ready\n");
  else send(response, 503, `not ready:\n${problems.map((problem) => `- ${problem}\n`).join("")}`);
}

function send(response: ServerResponse, status: number, text: string, contentType = "text/plain; charset=utf-8"): void {
  if (response.headersSent) return;
  response.writeHead(status, { "content-type": contentType, "x-content-type-options": "nosniff" });
  response.end(text);
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): DroplensError {
  const place = host === "" ? `port ${port}` : `${host}:${port}`;
  const what = `cannot serve metrics on ${place} (${error.code ?? error.message})`;
  const todo =
    error.code === "EADDRINUSE"
      ? "another program has this port: set operations.port (METRICS_SERVER_PORT) to a free one"
      : error.code === "EACCES"
        ? "ports below 1024 need a right: set operations.port (METRICS_SERVER_PORT) to a higher one"
        : "set operations.host and operations.port to an address of this machine";
  return new DroplensError("OPERATIONS_LISTEN", `${what}: ${todo}`, { cause: undefined });
}
