/**
 * Keep-alive connections to one API server. In comes a Login, out comes a request under way; a changed CA or client
 * certificate gets a new agent, and connections made with the old one end when they fall idle. Used by transport.ts.
 */
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isDeepStrictEqual } from "node:util";
import type { Login, TlsOptions } from "./credentials.ts";

/** The event sink's own concurrency is lower; this only bounds a mistake. */
const maxConnections = 32;
const maxIdleConnections = 8;
/** Below the idle time-outs of usual load balancers (AWS: 60 s), so that they keep quiet watches open. */
const keepAliveProbeMillis = 30_000;

export class ConnectionPool {
  readonly #address: URL;
  #agent: HttpAgent | undefined;
  #tls: TlsOptions = {};
  #proxyAgent: HttpAgent | undefined;
  #retired: HttpAgent[] = [];
  #closed = false;

  constructor(address: string) {
    this.#address = new URL(address);
  }

  /** `options.path` is appended to the address's own path (a server behind a prefix). */
  open(login: Login, options: RequestOptions): ClientRequest {
    if (this.#closed) throw new Error("the connection to the API server is closed");
    const { protocol, hostname, port, pathname } = this.#address;
    const whole: RequestOptions = {
      ...options,
      path: `${pathname.replace(/\/$/, "")}${options.path}`,
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port,
      agent: this.#agentFor(login),
    };
    return protocol === "https:" ? httpsRequest({ ...whole, ...defined(login.tls) }) : httpRequest(whole);
  }

  /** Ends every connection, those under way too. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const agent of [this.#agent, this.#proxyAgent, ...this.#retired]) agent?.destroy();
    this.#retired = [];
  }

  #agentFor(login: Login): HttpAgent {
    if (login.proxyAgent !== undefined) {
      this.#proxyAgent = login.proxyAgent;
      return login.proxyAgent;
    }
    if (this.#agent !== undefined && isDeepStrictEqual(this.#tls, login.tls)) return this.#agent;
    if (this.#agent !== undefined) this.#retire(this.#agent);
    this.#tls = login.tls;
    this.#agent = newAgent(this.#address.protocol, login.tls);
    return this.#agent;
  }

  #retire(agent: HttpAgent): void {
    for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
    agent.on("free", (socket) => socket.destroy());
    this.#retired = [...this.#retired.filter((old) => Object.keys(old.sockets).length > 0), agent];
  }
}

function newAgent(protocol: string, tls: TlsOptions): HttpAgent {
  const options = {
    keepAlive: true,
    keepAliveMsecs: keepAliveProbeMillis,
    maxSockets: maxConnections,
    maxFreeSockets: maxIdleConnections,
  };
  return protocol === "https:" ? new HttpsAgent({ ...options, ...defined(tls) }) : new HttpAgent(options);
}

/** node:tls takes `ca: undefined` for the system's, but `servername: undefined` for none at all. */
function defined(tls: TlsOptions): TlsOptions {
  return Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
}
