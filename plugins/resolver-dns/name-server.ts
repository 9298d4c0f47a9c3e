/**
 * The DNS servers that are asked: which ones, in which order, for how long each. Names in, answers out.
 * Called by host-resolver.ts.
 */
import { Resolver as SystemResolver } from "node:dns";
import { isIP } from "node:net";
import type { Clock } from "../../core/plugin/index.ts";
import { type ExchangeResult, exchange, type ServerAddress } from "./exchange.ts";

/** resolv.conf(5): no more than three servers are used. */
const maxTries = 3;

export class NameServers {
  readonly #configured: readonly string[] | undefined;
  readonly #clock: Clock;
  readonly #timeoutMillis: number;
  /** The one that answered last comes first, so that a dead one costs its time once. */
  #servers: readonly ServerAddress[] | undefined;

  constructor(configured: readonly string[] | undefined, timeoutMillis: number, clock: Clock) {
    this.#configured = configured;
    this.#timeoutMillis = timeoutMillis;
    this.#clock = clock;
  }

  get all(): readonly ServerAddress[] {
    this.#servers ??= (this.#configured ?? new SystemResolver().getServers()).flatMap(
      (text) => parseServer(text) ?? [],
    );
    return this.#servers;
  }

  /** Reads /etc/resolv.conf again at the next question. */
  forget(): void {
    this.#servers = undefined;
  }

  /** Asks one server after the other until one answers; a single server is asked twice, since UDP loses packets. */
  async ask(name: string, signal: AbortSignal): Promise<ExchangeResult> {
    const servers = this.all;
    const tries = servers.length === 1 ? [...servers, ...servers] : servers.slice(0, maxTries);
    const timeoutMillis = this.#timeoutMillis / Math.max(1, tries.length);
    const refused = new Set<ServerAddress>();
    let result: ExchangeResult = { kind: "no-answer", reason: "unreachable" };
    for (const server of tries) {
      if (refused.has(server)) continue;
      result = await exchange(name, server, { clock: this.#clock, timeoutMillis, signal });
      if (result.kind === "names" || result.kind === "no-name") {
        if (servers[0] !== server) this.#servers = [server, ...servers.filter((other) => other !== server)];
        return result;
      }
      if (result.kind === "server-error" || result.reason === "unreachable") refused.add(server);
    }
    return result;
  }

  /** Whether one server says anything at all, to a question that each can answer by itself (RFC 6303). */
  async reach(server: ServerAddress, signal: AbortSignal): Promise<ExchangeResult> {
    const limits = { clock: this.#clock, timeoutMillis: this.#timeoutMillis, signal };
    return exchange("1.0.0.127.in-addr.arpa", server, limits);
  }
}

/** "192.0.2.1", "192.0.2.1:5353", "2001:db8::1" or "[2001:db8::1]:5353"; undefined for anything else. */
export function parseServer(text: string): ServerAddress | undefined {
  const withPort = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const host = withPort?.[1] ?? withPort?.[2] ?? text;
  const port = withPort?.[3] === undefined ? 53 : Number(withPort[3]);
  const family = isIP(host);
  if ((family !== 4 && family !== 6) || port < 1 || port > 65_535) return undefined;
  return { host, port, family };
}

export function describeServer(server: ServerAddress): string {
  return server.family === 6 ? `[${server.host}]:${server.port}` : `${server.host}:${server.port}`;
}
