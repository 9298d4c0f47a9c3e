/**
 * All pods by their addresses, now and in the last minutes, at about 120 bytes a pod: pods in as the watch tells
 * them, the pod that had an address at a time out. Filled by the watch, asked by the resolver.
 */
import type { AddressWords } from "../../core/model/address.ts";
import type { Workload } from "../../core/plugin/index.ts";
import { AddressIntervals, addressKey, type Interval, open } from "./address-intervals.ts";
import { HashChains, none } from "./hash-chains.ts";
import type { Pod } from "./pod.ts";
import { joinName, suffixStart, suffixWord } from "./pod-name.ts";
import { TextStore } from "./text-store.ts";
import { uidText, uidWords } from "./uid.ts";
import { hashWords, WordRows } from "./word-rows.ts";

/** What the table keeps of a pod. */
export interface KnownPod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly nodeName: string;
  readonly hostNetwork: boolean;
  readonly workload: Workload | undefined;
  readonly label: string | undefined;
}

// Columns. The uid takes the first four; a uid of another form is one number of the text store.
const stem = 4;
const suffix = 5;
const namespace = 7;
const node = 8;
const workload = 9;
const label = 10;
const flags = 11;
const firstInterval = 12;
const nextInBucket = 13;
const stride = 14;

const isHostNetwork = 1;
const isOddUid = 2;
/** The upper bits of the flags: the number of the list that named the pod last. */
const listShift = 8;
const maxList = 0xffffff;

/** A pod that got an address after its start (its sandbox was made anew) had it a little before its status said so. */
const statusLagSeconds = 30;

export class PodTable {
  readonly #rows = new WordRows(stride);
  readonly #texts = new TextStore();
  readonly #intervals = new AddressIntervals();
  readonly #mirrorUids = new Map<number, string>();
  readonly #keepClosedSeconds: number;
  readonly #uids = new HashChains(this.#rows, nextInBucket, (row) => this.#rows.hash(row, 4));
  #list = 0;
  #sweptSeconds = 0;

  /** An address is remembered for `keepClosedMillis` after its pod gave it up: packets are reported late. */
  constructor(keepClosedMillis: number) {
    this.#keepClosedSeconds = Math.ceil(keepClosedMillis / 1000);
  }

  /** Pods, with those that gave up their addresses lately. */
  get size(): number {
    return this.#rows.size;
  }

  get addresses(): number {
    return this.#intervals.size;
  }

  get bytes(): number {
    return this.#rows.bytes + this.#uids.bytes + this.#texts.bytes + this.#intervals.bytes;
  }

  /** The pod that had `address` then. */
  find(address: string, timeMillis: number): KnownPod | undefined {
    const key = addressKey(address);
    const row = key && this.#intervals.rowAt(key, timeMillis);
    return row === undefined ? undefined : this.#podOf(row);
  }

  /** May `address` be a pod's of which no status has come yet? */
  knowsNetwork(address: string): boolean {
    const key = addressKey(address);
    return key !== undefined && this.#intervals.knowsNetwork(key);
  }

  /** Takes in a pod as it is now. Pods without an address, or that gave theirs up long ago, are not kept. */
  upsert(pod: Pod, nowMillis: number): void {
    const keys = pod.addresses.map(addressKey).filter((key) => key !== undefined);
    const known = this.#rowOf(pod.uid);
    if (known === undefined && (keys.length === 0 || this.#isForgotten(pod.toMillis, nowMillis))) return;
    const row = known ?? this.#addRow(pod.uid);
    this.#writeTexts(row, pod);
    this.#writeFlag(row, isHostNetwork, pod.hostNetwork);
    this.#rows.set(row, flags, (this.#rows.get(row, flags) & 0xff) | (this.#list << listShift));
    const lateStart = Math.floor(nowMillis / 1000) - statusLagSeconds;
    const start = Math.floor(pod.fromMillis / 1000);
    this.#writeIntervals(row, keys, {
      row,
      ownAddress: !pod.hostNetwork,
      fromSeconds: known === undefined ? start : Math.max(start, lateStart),
      toSeconds: pod.toMillis === undefined ? open : afterSeconds(pod.toMillis),
    });
    this.#closeOthers(row, keys, afterSeconds(nowMillis));
  }

  /** The pod is gone since about `nowMillis`. Others that have taken its addresses meanwhile are not touched. */
  remove(uid: string, nowMillis: number): void {
    const row = this.#rowOf(uid);
    if (row !== undefined) this.#closeOthers(row, [], afterSeconds(nowMillis));
  }

  /** From here to `endList`, `upsert` is called for every pod that exists. */
  beginList(): void {
    this.#list = (this.#list + 1) & maxList;
  }

  /** Closes what the list did not name. A list that failed halfway is simply begun again. */
  endList(nowMillis: number): void {
    for (let row = 0; row < this.#rows.end; row++) {
      if (!this.#isLiving(row)) continue;
      if (this.#rows.get(row, flags) >>> listShift !== this.#list) this.#closeOthers(row, [], afterSeconds(nowMillis));
    }
    this.expire(nowMillis);
  }

  /** Lets go what was given up longer ago than is kept. Cheap when called again within the same 10 seconds. */
  expire(nowMillis: number): void {
    const before = Math.floor(nowMillis / 1000) - this.#keepClosedSeconds;
    if (before - this.#sweptSeconds < 10) return;
    this.#sweptSeconds = before;
    for (let row = 0; row < this.#rows.end; row++) {
      if (this.#isLiving(row)) this.#expireRow(row, before);
    }
  }

  #isForgotten(toMillis: number | undefined, nowMillis: number): boolean {
    return toMillis !== undefined && toMillis / 1000 < nowMillis / 1000 - this.#keepClosedSeconds;
  }

  #isLiving(row: number): boolean {
    // A row in use has a namespace and a stem; a removed one is all zeros but for the free list's word.
    return this.#rows.get(row, stem) !== 0;
  }

  #writeIntervals(row: number, keys: readonly AddressWords[], interval: Interval): void {
    for (const key of keys) {
      const first = this.#rows.get(row, firstInterval);
      const entry = this.#intervals.ofRow(first, key);
      if (entry === none) {
        this.#rows.set(row, firstInterval, this.#intervals.add(key, interval, first));
      } else if (interval.toSeconds === open) {
        this.#intervals.setToSeconds(entry, open);
      } else {
        // The end of a finished pod may be the time of this look; the first look was nearer to the truth.
        this.#intervals.setToSeconds(entry, Math.min(this.#intervals.toSeconds(entry), interval.toSeconds));
      }
    }
  }

  /** Ends the row's intervals of all addresses but `keys`. */
  #closeOthers(row: number, keys: readonly AddressWords[], seconds: number): void {
    for (let entry = this.#rows.get(row, firstInterval); entry !== none; entry = this.#intervals.next(entry)) {
      if (this.#intervals.toSeconds(entry) > seconds && !this.#intervals.isOneOf(entry, keys)) {
        this.#intervals.setToSeconds(entry, seconds);
      }
    }
  }

  #expireRow(row: number, beforeSeconds: number): void {
    let kept = none;
    for (let entry = this.#rows.get(row, firstInterval); entry !== none; ) {
      const next = this.#intervals.next(entry);
      if (this.#intervals.toSeconds(entry) <= beforeSeconds) {
        this.#intervals.remove(entry);
      } else {
        this.#intervals.setNext(entry, kept);
        kept = entry;
      }
      entry = next;
    }
    this.#rows.set(row, firstInterval, kept);
    if (kept === none) this.#removeRow(row);
  }

  #podOf(row: number): KnownPod {
    const owner = this.#textOf(row, workload)?.split("/");
    return {
      uid: this.#mirrorUids.get(row) ?? this.#uidOf(row),
      namespace: this.#textOf(row, namespace) ?? "",
      name: joinName(this.#textOf(row, stem) ?? "", this.#rows.get(row, suffix), this.#rows.get(row, suffix + 1)),
      nodeName: this.#textOf(row, node) ?? "",
      hostNetwork: (this.#rows.get(row, flags) & isHostNetwork) !== 0,
      workload: owner && { kind: owner[0] ?? "", name: owner.slice(1).join("/") },
      label: this.#textOf(row, label),
    };
  }

  #writeTexts(row: number, pod: Pod): void {
    const start = suffixStart(pod.name);
    this.#writeText(row, stem, pod.name.slice(0, start));
    this.#rows.set(row, suffix, suffixWord(pod.name, start));
    this.#rows.set(row, suffix + 1, suffixWord(pod.name, start + 4));
    this.#writeText(row, namespace, pod.namespace);
    this.#writeText(row, node, pod.nodeName);
    this.#writeText(row, workload, pod.workload && `${pod.workload.kind}/${pod.workload.name}`);
    this.#writeText(row, label, pod.label);
    if (pod.mirrorUid !== undefined && !pod.hostNetwork) this.#mirrorUids.set(row, pod.mirrorUid);
  }

  #writeText(row: number, column: number, text: string | undefined): void {
    const old = this.#rows.get(row, column);
    this.#rows.set(row, column, text === undefined ? 0 : this.#texts.intern(text));
    this.#texts.release(old);
  }

  #textOf(row: number, column: number): string | undefined {
    const id = this.#rows.get(row, column);
    return id === 0 ? undefined : this.#texts.text(id);
  }

  #writeFlag(row: number, flag: number, value: boolean): void {
    const others = this.#rows.get(row, flags) & ~flag;
    this.#rows.set(row, flags, value ? others | flag : others);
  }

  #uidOf(row: number): string {
    return this.#isOdd(row) ? this.#texts.text(this.#rows.get(row, 0)) : uidText(this.#rows.head(row, 4));
  }

  #rowOf(uid: string): number | undefined {
    const words = uidWords(uid);
    const odd = words === undefined;
    const key = words ?? new Uint32Array([this.#texts.find(uid), 0, 0, 0]);
    let row = this.#uids.first(hashWords(key, 4));
    while (row !== none && !(this.#rows.beginsWith(row, key) && this.#isOdd(row) === odd)) row = this.#uids.next(row);
    return row === none ? undefined : row;
  }

  #addRow(uid: string): number {
    const words = uidWords(uid);
    const row = this.#rows.add();
    if (words === undefined) this.#rows.set(row, 0, this.#texts.intern(uid));
    else this.#rows.setHead(row, words);
    this.#writeFlag(row, isOddUid, words === undefined);
    this.#rows.set(row, firstInterval, none);
    this.#uids.link(row);
    return row;
  }

  #removeRow(row: number): void {
    for (const column of [stem, namespace, node, workload, label]) this.#texts.release(this.#rows.get(row, column));
    if (this.#isOdd(row)) this.#texts.release(this.#rows.get(row, 0));
    this.#mirrorUids.delete(row);
    this.#uids.unlink(row);
    this.#rows.remove(row);
  }

  #isOdd(row: number): boolean {
    return (this.#rows.get(row, flags) & isOddUid) !== 0;
  }
}

/** The first second after `millis`: what the API tells is cut to seconds, so its whole second counts. */
function afterSeconds(millis: number): number {
  return Math.floor(millis / 1000) + 1;
}
