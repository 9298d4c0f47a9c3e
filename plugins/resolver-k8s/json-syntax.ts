/**
 * The grammar of JSON (RFC 8259), for bytes that are stepped over: a place in, the place behind what stands there out,
 * or a SyntaxError. Called by json-fields.ts. Bytes beyond ASCII may stand in strings, valid UTF-8 or not, as in a
 * text that was decoded first.
 */
const quote = 0x22;
const backslash = 0x5c;
/** A pod has a tenth of it. Deeper ones are refused, since each level takes a piece of the stack. */
const maxDepth = 200;

const literals: ReadonlyMap<number, string> = new Map([
  [0x74, "true"],
  [0x66, "false"],
  [0x6e, "null"],
]);

export function skipValue(text: Uint8Array, at: number, end: number, depth: number): number {
  const byte = at < end ? text[at] : undefined;
  if (byte === quote) return skipString(text, at, end);
  if (byte === 0x7b) return skipObject(text, at, end, depth);
  if (byte === 0x5b) return skipList(text, at, end, depth);
  if (byte === 0x74 || byte === 0x66 || byte === 0x6e) return skipLiteral(text, at, end);
  return skipNumber(text, at, end);
}

export function skipSpace(text: Uint8Array, at: number, end: number): number {
  let place = at;
  for (; place < end; place++) {
    const byte = text[place] ?? 0;
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
  }
  return place;
}

/** From the one quote to behind the other. */
export function skipString(text: Uint8Array, at: number, end: number): number {
  for (let place = at + 1; place < end; place++) {
    const byte = text[place] ?? 0;
    if (byte === quote) return place + 1;
    if (byte === backslash) place = skipEscape(text, place, end);
    else if (byte < 0x20) throw unexpected(text, place, end);
  }
  throw unexpected(text, end, end);
}

/** From the backslash to the last byte of its sequence. */
function skipEscape(text: Uint8Array, at: number, end: number): number {
  const byte = at + 1 < end ? (text[at + 1] ?? 0) : 0;
  if (byte !== 0x75) {
    if (byte === 0 || !'"\\/bfnrt'.includes(String.fromCharCode(byte))) throw unexpected(text, at + 1, end);
    return at + 1;
  }
  for (let place = at + 2; place < at + 6; place++) {
    if (place >= end || !isHexDigit(text[place] ?? 0)) throw unexpected(text, place, end);
  }
  return at + 5;
}

export function skipLiteral(text: Uint8Array, at: number, end: number): number {
  const word = literals.get(text[at] ?? 0) ?? "";
  for (let i = 0; i < word.length; i++) {
    if (at + i >= end || text[at + i] !== word.charCodeAt(i)) throw unexpected(text, at + i, end);
  }
  return at + word.length;
}

function skipObject(text: Uint8Array, at: number, end: number, depth: number): number {
  checkDepth(depth);
  let place = skipSpace(text, at + 1, end);
  if (place < end && text[place] === 0x7d) return place + 1;
  for (;;) {
    if (place >= end || text[place] !== quote) throw unexpected(text, place, end);
    place = skipSpace(text, skipString(text, place, end), end);
    if (place >= end || text[place] !== 0x3a) throw unexpected(text, place, end);
    place = skipSpace(text, skipValue(text, skipSpace(text, place + 1, end), end, depth + 1), end);
    if (place >= end) throw unexpected(text, place, end);
    if (text[place] === 0x7d) return place + 1;
    if (text[place] !== 0x2c) throw unexpected(text, place, end);
    place = skipSpace(text, place + 1, end);
  }
}

function skipList(text: Uint8Array, at: number, end: number, depth: number): number {
  checkDepth(depth);
  let place = skipSpace(text, at + 1, end);
  if (place < end && text[place] === 0x5d) return place + 1;
  for (;;) {
    place = skipSpace(text, skipValue(text, place, end, depth + 1), end);
    if (place >= end) throw unexpected(text, place, end);
    if (text[place] === 0x5d) return place + 1;
    if (text[place] !== 0x2c) throw unexpected(text, place, end);
    place = skipSpace(text, place + 1, end);
  }
}

function skipNumber(text: Uint8Array, at: number, end: number): number {
  let place = at < end && text[at] === 0x2d ? at + 1 : at;
  // A zero in front stands alone.
  place = place < end && text[place] === 0x30 ? place + 1 : skipDigits(text, place, end);
  if (place < end && text[place] === 0x2e) place = skipDigits(text, place + 1, end);
  if (place >= end || (text[place] !== 0x65 && text[place] !== 0x45)) return place;
  const isSigned = place + 1 < end && (text[place + 1] === 0x2b || text[place + 1] === 0x2d);
  return skipDigits(text, isSigned ? place + 2 : place + 1, end);
}

/** At least one. */
function skipDigits(text: Uint8Array, at: number, end: number): number {
  let place = at;
  while (place < end && isDigit(text[place] ?? 0)) place++;
  if (place === at) throw unexpected(text, at, end);
  return place;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isHexDigit(byte: number): boolean {
  const letter = byte | 0x20;
  return isDigit(byte) || (letter >= 0x61 && letter <= 0x66);
}

export function checkDepth(depth: number): void {
  if (depth > maxDepth) throw new SyntaxError(`JSON of more than ${maxDepth} levels`);
}

export function unexpected(text: Uint8Array, at: number, end: number): SyntaxError {
  if (at >= end) return new SyntaxError("the JSON ends too early");
  return new SyntaxError(`byte 0x${(text[at] ?? 0).toString(16).padStart(2, "0")} where JSON has no place for it`);
}
