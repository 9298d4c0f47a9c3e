/**
 * Asks the resolvers who stands behind both addresses of a folded drop and hands the finished report on.
 * Answers at hand are used at once; a report that must wait for one delays no other.
 */

import type { DropReport } from "../model/drop-report.ts";
import { bareAddress, type Endpoint } from "../model/endpoint.ts";
import type { Clock } from "../plugin/context.ts";
import type { AddressQuery, Resolver } from "../plugin/resolver.ts";
import type { FoldedDrop } from "./window.ts";

export interface ResolutionOptions {
  readonly resolvers: readonly Resolver[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** `folded` is the very object that `accept` got. */
  onReport(report: DropReport, folded: FoldedDrop): void;
  onResolved(millis: number): void;
  onError(resolver: Resolver, error: unknown): void;
}

export class Resolution {
  readonly #options: ResolutionOptions;
  #resolvers: readonly Resolver[];
  readonly #waiting = new Set<FoldedDrop>();
  #waitingPackets = 0;
  #wakers: (() => void)[] = [];
  #nextId = 1;

  constructor(options: ResolutionOptions) {
    this.#options = options;
    this.#resolvers = options.resolvers;
  }

  /** Reports whose addresses are being resolved. */
  get waiting(): number {
    return this.#waiting.size;
  }

  get waitingPackets(): number {
    return this.#waitingPackets;
  }

  /** What a crash must not lose. */
  pending(): Iterable<FoldedDrop> {
    return this.#waiting;
  }

  /** For all reports from now on; those that are waiting go on with the ones they asked. */
  useResolvers(resolvers: readonly Resolver[]): void {
    this.#resolvers = resolvers;
  }

  /** Resolves when what is waiting now has its answers. */
  async settled(): Promise<void> {
    const waiting = [...this.#waiting];
    while (waiting.some((folded) => this.#waiting.has(folded))) await this.#change();
  }

  accept(folded: FoldedDrop): void {
    const { drop, firstMillis } = folded;
    const source = this.#endpointOf(drop.sourceAddress, firstMillis);
    const destination = this.#endpointOf(drop.destinationAddress, firstMillis);
    if (source instanceof Promise || destination instanceof Promise) void this.#wait(folded, source, destination);
    else this.#finish(folded, source, destination);
  }

  /** Resolves when fewer than `limit` reports are waiting. Never rejects: all waiting ends by itself or with the signal. */
  async below(limit: number): Promise<void> {
    while (this.waiting >= limit) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wakers.push(resolve));
  }

  async #wait(
    folded: FoldedDrop,
    source: Endpoint | Promise<Endpoint>,
    destination: Endpoint | Promise<Endpoint>,
  ): Promise<void> {
    const begin = this.#options.clock.now();
    this.#waiting.add(folded);
    this.#waitingPackets += folded.count;
    const ends = await Promise.all([source, destination]);
    this.#waiting.delete(folded);
    this.#waitingPackets -= folded.count;
    this.#options.onResolved(this.#options.clock.now() - begin);
    this.#finish(folded, ...ends);
    for (const wake of this.#wakers.splice(0)) wake();
  }

  #finish(folded: FoldedDrop, source: Endpoint, destination: Endpoint): void {
    const { drop, count, firstMillis, lastMillis, repeat } = folded;
    const id = this.#nextId++;
    const report = { id, drop, source, destination, count, firstMillis, lastMillis, repeat };
    this.#options.onReport(Object.freeze(report), folded);
  }

  #endpointOf(address: string, timeMillis: number): Endpoint | Promise<Endpoint> {
    const resolvers = this.#resolvers;
    return resolvers.length === 0 ? bareAddress(address) : this.#resolve({ address, timeMillis }, resolvers, 0);
  }

  /** Asks from the `from`th on. */
  #resolve(query: AddressQuery, resolvers: readonly Resolver[], from: number): Endpoint | Promise<Endpoint> {
    for (let i = from; i < resolvers.length; i++) {
      const answer = this.#ask(resolvers[i] as Resolver, query);
      if (answer instanceof Promise) return this.#later(answer, { query, resolvers, asked: i });
      if (answer !== undefined) return answer;
    }
    return bareAddress(query.address);
  }

  #ask(resolver: Resolver, query: AddressQuery): Endpoint | undefined | Promise<Endpoint | undefined> {
    try {
      return resolver.resolve(query, this.#options.signal);
    } catch (error) {
      this.#options.onError(resolver, error);
      return undefined;
    }
  }

  async #later(answer: Promise<Endpoint | undefined>, { query, resolvers, asked }: Question): Promise<Endpoint> {
    const endpoint = await answer.catch((error: unknown) => {
      if (!this.#options.signal.aborted) this.#options.onError(resolvers[asked] as Resolver, error);
      return undefined;
    });
    return endpoint ?? this.#resolve(query, resolvers, asked + 1);
  }
}

interface Question {
  readonly query: AddressQuery;
  readonly resolvers: readonly Resolver[];
  /** Which one owes the answer. */
  readonly asked: number;
}
