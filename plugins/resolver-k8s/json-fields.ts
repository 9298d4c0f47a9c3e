/**
 * Reads a few fields out of a JSON text and steps over the rest without making anything of it: bytes and a list of
 * fields in, the object out that JSON.parse would have made, with these fields only. A pod is 2 to 20 KB, of which
 * 300 bytes matter; whole trees of objects would be nearly all that this process ever allocates.
 *
 * The whole text is checked: what JSON.parse refuses is refused here. Called by the pod watch for each pod.
 */
import { checkDepth, skipLiteral, skipSpace, skipString, skipValue, unexpected } from "./json-syntax.ts";

/** `true`: a text or a boolean; anything else is left out. A list is read entry by entry with the same fields. */
export interface Fields {
  readonly [key: string]: Fields | true;
}

/** A key that is wanted, and what is wanted of its value; no `inner`: the value itself. */
interface Wanted {
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly inner: ObjectFields | undefined;
}

/** By the length of the key, so that most keys are told apart without a look at their letters. */
type ObjectFields = ReadonlyArray<readonly Wanted[] | undefined>;

type Json = Record<string, unknown>;

export class JsonFields {
  readonly #fields: ObjectFields;
  #text: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;

  constructor(fields: Fields) {
    this.#fields = compile(fields);
  }

  /** Reads `text` from `start` to `end`, which hold one value. Throws a SyntaxError where they do not. */
  read(text: Buffer, start: number, end: number): unknown {
    this.#text = text;
    this.#at = skipSpace(text, start, end);
    this.#end = end;
    const value = this.#value(this.#fields, 0);
    if (skipSpace(text, this.#at, end) !== end) throw unexpected(text, this.#at, end);
    return value;
  }

  #value(fields: ObjectFields | undefined, depth: number): unknown {
    switch (this.#byteAt(this.#at)) {
      case 0x22:
        return this.#string();
      case 0x7b:
        if (fields !== undefined) return this.#object(fields, depth);
        break;
      case 0x5b:
        if (fields !== undefined) return this.#list(fields, depth);
        break;
      case 0x74:
        this.#at = skipLiteral(this.#text, this.#at, this.#end);
        return true;
      case 0x66:
        this.#at = skipLiteral(this.#text, this.#at, this.#end);
        return false;
    }
    this.#at = skipValue(this.#text, this.#at, this.#end, depth);
    return undefined;
  }

  #object(fields: ObjectFields, depth: number): Json {
    checkDepth(depth);
    const object: Json = {};
    for (let more = this.#open(0x7d); more; more = this.#next(0x7d)) {
      const wanted = this.#key(fields);
      if (wanted === undefined) this.#at = skipValue(this.#text, this.#at, this.#end, depth + 1);
      // As with JSON.parse, of a key that comes twice the last one counts.
      else object[wanted.key] = this.#value(wanted.inner, depth + 1);
    }
    return object;
  }

  #list(fields: ObjectFields, depth: number): unknown[] {
    checkDepth(depth);
    const list: unknown[] = [];
    for (let more = this.#open(0x5d); more; more = this.#next(0x5d)) list.push(this.#value(fields, depth + 1));
    return list;
  }

  /** Steps into an object or a list; false when it is empty, and then behind it. */
  #open(close: number): boolean {
    this.#at = skipSpace(this.#text, this.#at + 1, this.#end);
    if (this.#byteAt(this.#at) !== close) return true;
    this.#at++;
    return false;
  }

  /** Behind a value: steps to the next one, or, false, behind the object or list. */
  #next(close: number): boolean {
    const at = skipSpace(this.#text, this.#at, this.#end);
    const byte = this.#byteAt(at);
    if (byte !== close && byte !== 0x2c) throw unexpected(this.#text, at, this.#end);
    this.#at = at + 1;
    if (byte === 0x2c) this.#at = skipSpace(this.#text, this.#at, this.#end);
    return byte === 0x2c;
  }

  /** Reads a key and the colon. */
  #key(fields: ObjectFields): Wanted | undefined {
    const text = this.#text;
    const start = this.#at + 1;
    if (this.#byteAt(this.#at) !== 0x22) throw unexpected(text, this.#at, this.#end);
    const end = skipString(text, this.#at, this.#end) - 1;
    const colon = skipSpace(text, end + 1, this.#end);
    if (this.#byteAt(colon) !== 0x3a) throw unexpected(text, colon, this.#end);
    this.#at = skipSpace(text, colon + 1, this.#end);
    const known = find(fields, text, start, end);
    if (known !== undefined || !hasEscape(text, start, end)) return known;
    const unescaped = Buffer.from(decode(text, start, end));
    return find(fields, unescaped, 0, unescaped.length);
  }

  /** What stands behind the end belongs to somebody else. */
  #byteAt(at: number): number | undefined {
    return at < this.#end ? this.#text[at] : undefined;
  }

  #string(): string {
    const start = this.#at + 1;
    this.#at = skipString(this.#text, this.#at, this.#end);
    return decode(this.#text, start, this.#at - 1);
  }
}

function compile(fields: Fields): ObjectFields {
  const byLength: Wanted[][] = [];
  for (const [key, inner] of Object.entries(fields)) {
    const bytes = Buffer.from(key);
    byLength[bytes.length] ??= [];
    byLength[bytes.length]?.push({ key, bytes, inner: inner === true ? undefined : compile(inner) });
  }
  // Without holes, which are slow to look up.
  return Array.from(byLength);
}

function find(fields: ObjectFields, text: Buffer, start: number, end: number): Wanted | undefined {
  const length = end - start;
  const candidates = length < fields.length ? fields[length] : undefined;
  if (candidates === undefined) return undefined;
  for (const wanted of candidates) {
    let same = 0;
    while (same < length && wanted.bytes[same] === text[start + same]) same++;
    if (same === length) return wanted;
  }
  return undefined;
}

function hasEscape(text: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (text[i] === 0x5c) return true;
  return false;
}

/** The text between two quotes. */
function decode(text: Buffer, start: number, end: number): string {
  let isAscii = true;
  for (let i = start; i < end; i++) {
    const byte = text[i] ?? 0;
    if (byte === 0x5c) return JSON.parse(text.toString("utf8", start - 1, end + 1));
    if (byte > 0x7f) isAscii = false;
  }
  return text.toString(isAscii ? "latin1" : "utf8", start, end);
}
