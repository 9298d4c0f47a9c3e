/**
 * Strings that do not keep the line alive from which they were cut. V8 makes a slice of 13 characters or more a
 * reference into its whole line; the window holds 65,536 first packets, so that this halves what it takes.
 */

/** A copy of its own. `text` has one character a byte. */
export function detached(text: string): string {
  return text.length < 13 ? text : Buffer.from(text, "latin1").toString("latin1");
}

/** One string for each text that comes often: names of interfaces, hardware addresses. */
export class SharedTexts {
  readonly #texts = new Map<string, string>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    // Nothing is lost by forgetting, only shared less.
    if (this.#texts.size >= this.#capacity) this.#texts.clear();
    const own = detached(text);
    this.#texts.set(own, own);
    return own;
  }
}
