/** The role that says who stands behind an address. */
import type { Endpoint } from "../model/endpoint.ts";
import type { Lifecycle } from "./lifecycle.ts";

/** Says who stood behind an address at a packet's time. */
export interface Resolver extends Lifecycle {
  /**
   * Who had `query.address` at `query.timeMillis`? Resolvers are asked in the config's order, the first answer wins;
   * undefined passes the question on. Answer without a promise when the answer is at hand: most packets should.
   *
   * - Bounded: a promise settles within the plugin's own time limit, and when too many questions are already waiting
   *   the answer is undefined at once. A report waits for its answer, other reports do not.
   * - Rejecting counts as undefined, with a log line once a minute.
   * - What comes from a stranger (DNS, labels) is returned as it is cleaned by `printable`, never raw.
   */
  resolve(query: AddressQuery, signal: AbortSignal): Endpoint | undefined | Promise<Endpoint | undefined>;
}

/** A question to a resolver. */
export interface AddressQuery {
  /** Canonical text (RFC 5952), as PacketDrop has it. */
  readonly address: string;
  /** When the packet was dropped, ms since 1970: an address may have had another owner then. */
  readonly timeMillis: number;
}
