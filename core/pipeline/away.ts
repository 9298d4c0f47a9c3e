/**
 * What of a queue is away: batches that are with the sink or asleep until their own retry, and how many items that is.
 * A batch comes and goes as a whole, because an entry in a set for each report costs more than all else in the queue.
 */
export class Away<T> {
  readonly #batches = new Set<readonly T[]>();
  #length = 0;

  /** Items, not batches. */
  get length(): number {
    return this.#length;
  }

  add(batch: readonly T[]): void {
    this.#batches.add(batch);
    this.#length += batch.length;
  }

  /** False when the batch was taken away meanwhile. */
  delete(batch: readonly T[]): boolean {
    if (!this.#batches.delete(batch)) return false;
    this.#length -= batch.length;
    return true;
  }

  clear(): void {
    this.#batches.clear();
    this.#length = 0;
  }

  *[Symbol.iterator](): Generator<T> {
    for (const batch of this.#batches) yield* batch;
  }
}
