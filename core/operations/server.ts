/**
 * The HTTP server that people and probes ask: /metrics, /healthz, /readyz (reasons in the body), /status (JSON).
 * Read-only. Slow or greedy clients are cut off: they never touch the pipelines.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { DroplensError } from "../plugin/errors.ts";

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
  // Not imported: `replay` has no server, and need not load what one is made of.
  readonly #server: Server = process.getBuiltinModule("node:http").createServer({
    requestTimeout: 10_000,
    headersTimeout: 5000,
    keepAliveTimeout: 5000,
    maxHeaderSize: 8192,
  });

  readonly #redact: (text: string) => string;

  /** `redact` takes secrets out of what a page says. */
  constructor(redact: (text: string) => string = (text) => text) {
    this.#redact = redact;
  }

  /** Serves `pages`; the port it listens on. Rejects with what to do when the port is taken or forbidden. */
  async start(pages: OperationsPages, { host, port }: OperationsAddress): Promise<number> {
    this.#server.maxConnections = 100;
    this.#server.maxRequestsPerSocket = 1000;
    this.#server.on("request", (request, response) => void answer(pages, this.#redact, { request, response }));
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (error: NodeJS.ErrnoException) => reject(explain(error, host, port)));
      this.#server.listen(port, host, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Idempotent, legal before `start`. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

async function answer(
  pages: OperationsPages,
  redact: (text: string) => string,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
): Promise<void> {
  request.resume();
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
