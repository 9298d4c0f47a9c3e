/**
 * Which row of the pod table had an address from when to when: address words in, row out. An address may have had
 * several owners; the one that took it last before the packet's time is the answer. Called by the pod table only.
 */
import { type AddressWords, parseAddress } from "../../core/model/address.ts";
import { HashChains, none } from "./hash-chains.ts";
import { hashWords, WordRows } from "./word-rows.ts";

const owner = 4;
const nextInBucket = 5;
const nextOfRow = 6;
const from = 7;
const to = 8;
const stride = 9;
/** The end of an interval that has none yet. */
export const open = 0xffffffff;

/** Four words for any address: an IPv4 address as the IPv4-mapped IPv6 one. Undefined when it is none. */
export function addressKey(address: string): AddressWords | undefined {
  const words = new Uint32Array(4);
  const version = parseAddress(address, words);
  if (version === 4) {
    words[3] = words[0] ?? 0;
    words[2] = 0xffff;
    words[0] = 0;
  }
  return version === 0 ? undefined : words;
}

export interface Interval {
  readonly row: number;
  /** Counts towards `knowsNetwork`: true for pods with an address of their own. */
  readonly ownAddress: boolean;
  readonly fromSeconds: number;
  /** The first second that is no longer in it, or `open`. */
  readonly toSeconds: number;
}

export class AddressIntervals {
  readonly #rows = new WordRows(stride);
  readonly #chains = new HashChains(this.#rows, nextInBucket, (entry) => this.#rows.hash(entry, 4));
  /** How many own addresses there are in each IPv4 /24 and IPv6 /64. */
  readonly #networks = new Map<number, number>();

  get size(): number {
    return this.#rows.size;
  }

  get bytes(): number {
    return this.#rows.bytes + this.#chains.bytes;
  }

  /** Puts an interval in front of the row's others, `first`, and returns its number. */
  add(key: AddressWords, interval: Interval, first: number): number {
    const entry = this.#rows.add();
    this.#rows.setHead(entry, key);
    this.#rows.set(entry, owner, (interval.row << 1) | (interval.ownAddress ? 1 : 0));
    this.#rows.set(entry, nextOfRow, first);
    this.#rows.set(entry, from, interval.fromSeconds);
    this.#rows.set(entry, to, interval.toSeconds);
    this.#chains.link(entry);
    if (interval.ownAddress) this.#countNetwork(key, 1);
    return entry;
  }

  /** Unlinks from the address; the caller has taken it out of the row's chain. */
  remove(entry: number): void {
    if ((this.#rows.get(entry, owner) & 1) === 1) this.#countNetwork(this.#rows.head(entry, 4), -1);
    this.#chains.unlink(entry);
    this.#rows.remove(entry);
  }

  /** The row that had the address then. */
  rowAt(key: AddressWords, timeMillis: number): number | undefined {
    const seconds = Math.floor(timeMillis / 1000);
    let best = none;
    for (let entry = this.#chains.first(hashWords(key, 4)); entry !== none; entry = this.#chains.next(entry)) {
      if (!this.#hasKey(entry, key) || !this.#holds(entry, seconds)) continue;
      if (best === none || this.#isLater(entry, best)) best = entry;
    }
    return best === none ? undefined : this.#rows.get(best, owner) >>> 1;
  }

  /** Of the row's intervals, which begin with `first`, the one of this address, or `none`. */
  ofRow(first: number, key: AddressWords): number {
    let entry = first;
    while (entry !== none && !this.#hasKey(entry, key)) entry = this.next(entry);
    return entry;
  }

  next(entry: number): number {
    return this.#rows.get(entry, nextOfRow);
  }

  setNext(entry: number, next: number): void {
    this.#rows.set(entry, nextOfRow, next);
  }

  toSeconds(entry: number): number {
    return this.#rows.get(entry, to);
  }

  setToSeconds(entry: number, seconds: number): void {
    this.#rows.set(entry, to, seconds);
  }

  isOneOf(entry: number, keys: readonly AddressWords[]): boolean {
    for (const key of keys) if (this.#hasKey(entry, key)) return true;
    return false;
  }

  /** Does a pod have, or did one have lately, an address in the same IPv4 /24 or IPv6 /64? */
  knowsNetwork(key: AddressWords): boolean {
    return this.#networks.has(networkOf(key));
  }

  #holds(entry: number, seconds: number): boolean {
    return this.#rows.get(entry, from) <= seconds && seconds < this.toSeconds(entry);
  }

  /** Two may hold the same time: the end of the one is observed late, or both fell into the same second. */
  #isLater(entry: number, other: number): boolean {
    const difference = this.#rows.get(entry, from) - this.#rows.get(other, from);
    return difference > 0 || (difference === 0 && this.toSeconds(entry) > this.toSeconds(other));
  }

  #countNetwork(key: AddressWords, step: 1 | -1): void {
    const network = networkOf(key);
    const count = (this.#networks.get(network) ?? 0) + step;
    if (count > 0) this.#networks.set(network, count);
    else this.#networks.delete(network);
  }

  #hasKey(entry: number, key: AddressWords): boolean {
    return this.#rows.beginsWith(entry, key);
  }
}

/** One number for a /24 or a /64. Two /64 may share one: it is only a hint. */
function networkOf(key: AddressWords): number {
  const isIPv4 = key[0] === 0 && key[1] === 0 && key[2] === 0xffff;
  return isIPv4 ? (key[3] ?? 0) >>> 8 : 2 ** 32 + hashWords(key, 2);
}
