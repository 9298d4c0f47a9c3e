/**
 * Finds the entry of a flow by the ten numbers of its key, without making an object: open addressing with linear
 * probing over typed arrays. Entries are small numbers that are used again after `remove`.
 * Used by the window only; bench/ says what a look-up costs.
 */
import { flowHead } from "../model/flow-key.ts";

/** Places in a FlowKey: of the four words that say all of IPv4, and of the six that only IPv6 uses. */
const mainWords = [0, 1, 5, 9] as const;
const restWords = [2, 3, 4, 6, 7, 8] as const;

export class FlowTable {
  /** Keys by entry, in two parts: what a look-up costs is the bytes that it has to bring into the cache. */
  #keys = new Uint32Array(0);
  #keyRests = new Uint32Array(0);
  #hashes = new Int32Array(0);
  /** Entry + 1 by slot, 0 for an empty slot; twice as many slots as entries, a power of two. */
  #slots = new Int32Array(0);
  readonly #free: number[] = [];
  #used = 0;
  #size = 0;

  constructor(entries: number) {
    this.#allocate(entries);
  }

  get size(): number {
    return this.#size;
  }

  /** Entries that fit now; `add` doubles it when it is full. */
  get entries(): number {
    return this.#hashes.length;
  }

  /** The entry of `words`, or -1. */
  find(words: Uint32Array): number {
    const hash = hashWords(words);
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = (slots[slot] as number) - 1;
      if (entry < 0 || (this.#hashes[entry] === hash && this.#same(entry, words))) return entry;
    }
  }

  /** Adds words for which `find` answers -1; the entry. */
  add(words: Uint32Array): number {
    if (this.#size === this.entries) this.#grow();
    const entry = this.#free.pop() ?? this.#used++;
    for (let i = 0; i < 4; i++) this.#keys[entry * 4 + i] = words[mainWords[i] as number] as number;
    for (let i = 0; i < 6; i++) this.#keyRests[entry * 6 + i] = words[restWords[i] as number] as number;
    this.#hashes[entry] = hashWords(words);
    this.#place(entry);
    this.#size++;
    return entry;
  }

  remove(entry: number): void {
    this.#closeGap(this.#slotOf(entry));
    this.#free.push(entry);
    this.#size--;
  }

  #same(entry: number, words: Uint32Array): boolean {
    const keys = this.#keys;
    const at = entry * 4;
    return (
      keys[at] === words[0] &&
      keys[at + 1] === words[1] &&
      keys[at + 2] === words[5] &&
      keys[at + 3] === words[9] &&
      (!isIPv6(words) || this.#sameRest(entry, words))
    );
  }

  #sameRest(entry: number, words: Uint32Array): boolean {
    for (let i = 0; i < 6; i++) if (this.#keyRests[entry * 6 + i] !== words[restWords[i] as number]) return false;
    return true;
  }

  #slotOf(entry: number): number {
    const mask = this.#slots.length - 1;
    let slot = (this.#hashes[entry] as number) & mask;
    while (this.#slots[slot] !== entry + 1) slot = (slot + 1) & mask;
    return slot;
  }

  /** Moves later entries of the same run back, so that no probe ends too early (Knuth, algorithm R). */
  #closeGap(gapSlot: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let gap = gapSlot;
    for (let slot = (gap + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = (this.#hashes[(slots[slot] as number) - 1] as number) & mask;
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      slots[gap] = slots[slot] as number;
      gap = slot;
    }
    slots[gap] = 0;
  }

  #grow(): void {
    this.#allocate(this.entries * 2);
    for (let entry = 0; entry < this.#used; entry++) this.#place(entry);
  }

  #place(entry: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = (this.#hashes[entry] as number) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = entry + 1;
  }

  #allocate(entries: number): void {
    const size = 2 ** Math.ceil(Math.log2(Math.max(entries, 16)));
    const keys = new Uint32Array(size * 4);
    keys.set(this.#keys);
    const keyRests = new Uint32Array(size * 6);
    keyRests.set(this.#keyRests);
    const hashes = new Int32Array(size);
    hashes.set(this.#hashes);
    this.#keys = keys;
    this.#keyRests = keyRests;
    this.#hashes = hashes;
    this.#slots = new Int32Array(size * 2);
  }
}

/** An IPv4 address leaves three of its four words 0: they are neither compared nor hashed. */
function isIPv6(words: Uint32Array): boolean {
  return ((words[flowHead] as number) | 0) < 0;
}

// Else a stranger, who chooses his addresses, could choose them so that all flows meet in one slot.
const seed = Math.floor(Math.random() * 0x1_0000_0000) | 0;

// Unrolled: a loop over the ten words costs twice as much (bench dense).
function hashWords(words: Uint32Array): number {
  let hash = Math.imul((words[0] as number) ^ seed, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15) ^ (words[1] as number), 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 13) ^ (words[5] as number), 0x27d4eb2f);
  hash = Math.imul(hash ^ (hash >>> 15) ^ (words[9] as number), 0x165667b1);
  if (isIPv6(words)) {
    hash = Math.imul(hash ^ (hash >>> 15) ^ (words[2] as number), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13) ^ (words[3] as number), 0xc2b2ae35);
    hash = Math.imul(hash ^ (hash >>> 15) ^ (words[4] as number), 0x27d4eb2f);
    hash = Math.imul(hash ^ (hash >>> 13) ^ (words[6] as number), 0x165667b1);
    hash = Math.imul(hash ^ (hash >>> 15) ^ (words[7] as number), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13) ^ (words[8] as number), 0xc2b2ae35);
  }
  return hash ^ (hash >>> 16);
}
