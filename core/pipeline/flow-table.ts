/**
 * Finds the entry of a flow by the ten numbers of its key, without making an object: open addressing with linear
 * probing over typed arrays. Entries are small numbers that are used again after `remove`.
 * Used by the window only; bench/ says what a look-up costs.
 */
import { flowWords } from "../model/flow-key.ts";

export class FlowTable {
  /** 10 words an entry. */
  #keys = new Uint32Array(0);
  #hashes = new Int32Array(0);
  /** Entry + 1 by slot, 0 for an empty slot; twice as many slots as entries, a power of two. */
  #slots = new Int32Array(0);
  readonly #free: number[] = [];
  #used = 0;
  #size = 0;
  #hash = 0;
  #slot = 0;

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

  /** The entry of `words`, or -1. Remembers the place for an `add` of the same words right after it. */
  find(words: Uint32Array): number {
    const hash = hashWords(words);
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const entry = (slots[slot] as number) - 1;
      if (entry < 0 || (this.#hashes[entry] === hash && this.#same(entry, words))) {
        this.#hash = hash;
        this.#slot = slot;
        return entry;
      }
      slot = (slot + 1) & mask;
    }
  }

  /** Adds the words for which `find` has just answered -1; the entry. */
  add(words: Uint32Array): number {
    if (this.#size === this.entries) {
      this.#grow();
      this.find(words);
    }
    const entry = this.#free.pop() ?? this.#used++;
    this.#keys.set(words, entry * flowWords);
    this.#hashes[entry] = this.#hash;
    this.#slots[this.#slot] = entry + 1;
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
    const at = entry * flowWords;
    for (let i = 0; i < flowWords; i++) if (keys[at + i] !== words[i]) return false;
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
    const mask = this.#slots.length - 1;
    for (let entry = 0; entry < this.#used; entry++) {
      let slot = (this.#hashes[entry] as number) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = entry + 1;
    }
  }

  #allocate(entries: number): void {
    const size = 2 ** Math.ceil(Math.log2(Math.max(entries, 16)));
    const keys = new Uint32Array(size * flowWords);
    keys.set(this.#keys);
    const hashes = new Int32Array(size);
    hashes.set(this.#hashes);
    this.#keys = keys;
    this.#hashes = hashes;
    this.#slots = new Int32Array(size * 2);
  }
}

// Unrolled: a loop over the ten words costs twice as much (bench dense).
function hashWords(words: Uint32Array): number {
  let hash = Math.imul((words[0] as number) ^ 0x9e3779b9, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15) ^ (words[1] as number), 0xc2b2ae35);
  hash = Math.imul(hash ^ (words[2] as number) ^ (words[3] as number), 0x27d4eb2f);
  hash = Math.imul(hash ^ (hash >>> 13) ^ (words[4] as number), 0x165667b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ (words[5] as number), 0x85ebca6b);
  hash = Math.imul(hash ^ (words[6] as number) ^ (words[7] as number), 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 13) ^ (words[8] as number), 0x27d4eb2f);
  hash = Math.imul(hash ^ (hash >>> 15) ^ (words[9] as number), 0x165667b1);
  return hash ^ (hash >>> 16);
}
