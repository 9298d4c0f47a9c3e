/**
 * Finds the host name of an address by reverse DNS. Addresses in, endpoints of kind "host" out.
 * Called by the pipeline for addresses that the resolvers before it did not know: a remembered answer comes at once,
 * and so does "unknown" while the servers are silent or too many questions wait.
 */
import type { AddressQuery, Endpoint, Finding, PluginContext, Resolver } from "../../core/plugin/index.ts";
import { AnswerCache } from "./answer-cache.ts";
import type { ResolverDnsOptions } from "./config.ts";
import type { ExchangeResult, ServerAddress } from "./exchange.ts";
import { hostName } from "./host-name.ts";
import { LookupCounter, type LookupOutcome } from "./lookup-counter.ts";
import { LookupQueue } from "./lookup-queue.ts";
import { reverseName } from "./message.ts";
import { describeServer, NameServers } from "./name-server.ts";
import { Silence } from "./silence.ts";

/** RFC 9520 section 3.2: a failure is remembered, for a second at least and five minutes at most. */
const failureMillis = 30_000;
const waitingPerSlot = 16;
const silentAfter = 8;

export class HostResolver implements Resolver {
  readonly #options: ResolverDnsOptions;
  readonly #context: PluginContext;
  readonly #servers: NameServers;
  readonly #cache: AnswerCache;
  readonly #lookups: LookupCounter;
  readonly #queue: LookupQueue;
  readonly #silence: Silence;
  readonly #stopping = new AbortController();
  #lastAsked = "127.0.0.1";

  constructor(options: ResolverDnsOptions, context: PluginContext) {
    const { clock } = context;
    this.#options = options;
    this.#context = context;
    this.#servers = new NameServers(options.servers, options.timeout, clock);
    this.#cache = new AnswerCache(options.cacheSize);
    this.#lookups = new LookupCounter(context.metrics);
    this.#queue = new LookupQueue({
      clock,
      concurrency: options.concurrency,
      maxWaiting: options.concurrency * waitingPerSlot,
      maxWaitMillis: options.timeout,
      work: (address) => this.#lookUp(address),
      turnedAway: () => this.#lookups.add(this.#reasonNotToAsk() ?? "overloaded"),
    });
    this.#silence = new Silence({
      clock,
      threshold: silentAfter,
      signal: this.#stopping.signal,
      probe: () => this.#probe(),
      began: () => this.#silenceBegan(),
      ended: () => context.logger.info({}, "the DNS servers answer again: addresses get their host names"),
    });
  }

  resolve(query: AddressQuery, signal: AbortSignal): Endpoint | undefined | Promise<Endpoint | undefined> {
    const answer = this.#answer(query);
    return answer instanceof Promise ? untilAborted(answer, signal) : answer;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#queue.turnAwayWaiting();
    await Promise.all([this.#queue.idle(), this.#silence.idle()]);
  }

  async check(signal: AbortSignal): Promise<readonly Finding[]> {
    const servers = this.#servers.all;
    if (servers.length > 0) return Promise.all(servers.map((server) => this.#checkServer(server, signal)));
    const problem = "no DNS server is configured: name some under `servers`, or write /etc/resolv.conf";
    return [{ ok: false, what: "find a DNS server", problem }];
  }

  /** Silence is no `problems` matter: a node without DNS still reports every drop, by address. */
  status(): Readonly<Record<string, unknown>> {
    const { size } = this.#cache;
    return { servers: this.#serverList(), silent: this.#silence.isSilent, cached: size, waiting: this.#queue.waiting };
  }

  #answer({ address }: AddressQuery): Endpoint | undefined | Promise<Endpoint | undefined> {
    const cached = this.#cache.get(address, this.#context.clock.now());
    if (cached !== undefined) {
      this.#lookups.add("cached");
      return cached.endpoint;
    }
    const underWay = this.#queue.underWay(address);
    if (underWay !== undefined) {
      this.#lookups.add("shared");
      return underWay;
    }
    this.#lastAsked = address;
    const reason = this.#reasonNotToAsk();
    if (reason === undefined) return this.#queue.enter(address);
    this.#lookups.add(reason);
    return undefined;
  }

  #reasonNotToAsk(): LookupOutcome | undefined {
    if (this.#stopping.signal.aborted) return "stopped";
    return this.#silence.isSilent ? "silent" : undefined;
  }

  async #lookUp(address: string): Promise<Endpoint | undefined> {
    const result = await this.#ask(address);
    if (result.kind !== "no-answer") this.#silence.heard();
    else if (result.reason !== "stopped") this.#silence.missed();
    const { endpoint, outcome } = this.#remember(address, result);
    this.#lookups.add(outcome);
    return endpoint;
  }

  /** Asks for the address of the latest drop: a server may answer for some zones and be cut off from others. */
  async #probe(): Promise<boolean> {
    this.#servers.forget();
    const address = this.#lastAsked;
    const result = await this.#ask(address);
    if (result.kind === "no-answer") return false;
    this.#remember(address, result);
    return true;
  }

  async #ask(address: string): Promise<ExchangeResult> {
    const name = reverseName(address);
    if (name === undefined) return { kind: "no-name", ttlSeconds: undefined };
    return this.#servers.ask(name, this.#stopping.signal);
  }

  #remember(address: string, result: ExchangeResult): { endpoint: Endpoint | undefined; outcome: LookupOutcome } {
    const name = result.kind === "names" ? result.names.map(hostName).find((fit) => fit !== undefined) : undefined;
    const endpoint = name === undefined ? undefined : hostEndpoint(address, name);
    const outcome = outcomeOf(result, name);
    if (outcome !== "stopped") {
      this.#cache.set(address, { endpoint, expiresMillis: this.#context.clock.now() + this.#lifetime(result) });
    }
    return { endpoint, outcome };
  }

  #lifetime(result: ExchangeResult): number {
    const { minTtl, maxTtl, negativeTtl } = this.#options;
    if (result.kind === "names") return Math.min(maxTtl, Math.max(minTtl, result.ttlSeconds * 1000));
    if (result.kind === "no-name") return Math.min(negativeTtl, Math.max(minTtl, (result.ttlSeconds ?? 1e9) * 1000));
    return failureMillis;
  }

  #silenceBegan(): void {
    this.#queue.turnAwayWaiting();
    const fields = { servers: this.#serverList(), timeoutMillis: this.#options.timeout };
    const advice = "check the plugin's `servers` or /etc/resolv.conf, and that DNS over UDP is not blocked";
    this.#context.logger.warn(
      fields,
      `DNS does not answer: addresses stay without host names until it does; ${advice}`,
    );
  }

  async #checkServer(server: ServerAddress, signal: AbortSignal): Promise<Finding> {
    const what = `ask the DNS server ${describeServer(server)}`;
    const result = await this.#servers.reach(server, signal);
    if (result.kind !== "no-answer") return { ok: true, what };
    const advice = "check the plugin's `servers` or /etc/resolv.conf, and that UDP to that port is not blocked";
    return { ok: false, what, problem: `no answer (${result.reason}) within ${this.#options.timeout} ms: ${advice}` };
  }

  #serverList(): string {
    return this.#servers.all.map(describeServer).join(", ");
  }
}

/** Who asks gives up with the signal; the question itself is shared, and goes on. */
function untilAborted(answer: Promise<Endpoint | undefined>, signal: AbortSignal): Promise<Endpoint | undefined> {
  const { promise, resolve } = Promise.withResolvers<Endpoint | undefined>();
  const giveUp = (): void => resolve(undefined);
  if (signal.aborted) giveUp();
  signal.addEventListener("abort", giveUp, { once: true });
  void answer.then(resolve, giveUp).finally(() => signal.removeEventListener("abort", giveUp));
  return promise;
}

function hostEndpoint(address: string, name: string): Endpoint {
  return { kind: "host", address, displayName: name, name };
}

function outcomeOf(result: ExchangeResult, name: string | undefined): LookupOutcome {
  switch (result.kind) {
    case "names":
      return name === undefined ? "bad_name" : "answered";
    case "no-name":
      return "no_name";
    case "server-error":
      return "server_error";
    case "no-answer":
      return result.reason;
  }
}
