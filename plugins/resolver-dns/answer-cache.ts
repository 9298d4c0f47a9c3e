/** What DNS said about addresses, each for its time, the least recently used going first. Used by host-resolver.ts. */
import type { Endpoint } from "../../core/plugin/index.ts";

export interface CachedAnswer {
  /** Undefined: asked, and there is no name. */
  readonly endpoint: Endpoint | undefined;
  readonly expiresMillis: number;
}

export class AnswerCache {
  readonly #capacity: number;
  /** A Map keeps the order of insertion: the first is the one unused for longest. */
  readonly #answers = new Map<string, CachedAnswer>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#answers.size;
  }

  get(address: string, nowMillis: number): CachedAnswer | undefined {
    const answer = this.#answers.get(address);
    if (answer === undefined) return undefined;
    this.#answers.delete(address);
    if (answer.expiresMillis <= nowMillis) return undefined;
    this.#answers.set(address, answer);
    return answer;
  }

  set(address: string, answer: CachedAnswer): void {
    this.#answers.delete(address);
    this.#answers.set(address, answer);
    if (this.#answers.size <= this.#capacity) return;
    for (const oldest of this.#answers.keys()) {
      this.#answers.delete(oldest);
      return;
    }
  }
}
