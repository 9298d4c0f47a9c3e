/**
 * Strings that do not keep the line alive from which they were cut. V8 makes a slice of 13 characters or more a
 * reference into its whole line; the window holds 65,536 first packets, so that this halves what it takes.
 */

/** A copy of its own. `text` has one character a byte. */
export function detached(text: string): string {
  return text.length < 13 ? text : Buffer.from(text, "latin1").toString("latin1");
}

/**
 * One string for each text that comes often: names of interfaces, hardware addresses. Each text has one place, where
 * the next with the same place puts it out: nothing is lost by forgetting, only shared less.
 */
export class SharedTexts {
  readonly #texts: string[];
  readonly #mask: number;

  /** `capacity`: a power of two. */
  constructor(capacity: number) {
    this.#texts = new Array<string>(capacity).fill("");
    this.#mask = capacity - 1;
  }

  get(text: string): string {
    let hash = text.length;
    for (let i = 0; i < text.length; i++) hash = mixed(hash, text.charCodeAt(i));
    const place = placeOf(hash) & this.#mask;
    const known = this.#texts[place];
    if (known === text) return known;
    const own = detached(text);
    this.#texts[place] = own;
    return own;
  }

  /** The same for bytes, one character each, without making a string that is known. */
  ofBytes(bytes: Buffer, start: number, end: number): string {
    let hash = end - start;
    for (let at = start; at < end; at++) hash = mixed(hash, bytes[at] ?? 0);
    const place = placeOf(hash) & this.#mask;
    const known = this.#texts[place] ?? "";
    if (isSame(known, bytes, start, end - start)) return known;
    const own = bytes.toString("latin1", start, end);
    this.#texts[place] = own;
    return own;
  }
}

function isSame(text: string, bytes: Buffer, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

function mixed(hash: number, code: number): number {
  return Math.imul(hash ^ code, 0x01000193);
}

/** The upper bits have seen all characters. */
function placeOf(hash: number): number {
  return hash ^ (hash >>> 15);
}
