/**
 * Says who stands behind an address, by a table. Droplens asks for both addresses of a packet, resolver by resolver: the
 * first answer wins, undefined passes the question on. An answer that needs a server is a promise, bounded in time.
 */
import { type AddressQuery, canonicalAddress, type Endpoint, printable, type Resolver } from "droplens/plugin";
import type { HostsOptions } from "./options.ts";

export class HostsResolver implements Resolver {
  readonly #names: ReadonlyMap<string, string>;

  constructor({ names }: HostsOptions) {
    this.#names = new Map(Object.entries(names).map(([address, name]) => [canonicalAddress(address) ?? address, name]));
  }

  resolve({ address }: AddressQuery): Endpoint | undefined {
    const name = this.#names.get(address);
    if (name === undefined) return undefined;
    // What comes from outside may hold anything: it ends in events and terminals.
    const clean = printable(name);
    return { kind: "host", address, displayName: clean, name: clean };
  }
}
