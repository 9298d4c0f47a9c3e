/**
 * The WebAssembly module of the byte search, put together here by hand, since a compiler for 150 bytes is a tool more.
 * Names are those of WebAssembly's own text format; core/byte-search/byte-search.test.ts holds it against plain loops.
 */

/** Instructions of https://webassembly.github.io/spec/core/binary/instructions.html, numbers below 128. */
const loop = [0x03, 0x40];
const whenTrue = [0x04, 0x40];
const end = [0x0b];
const again = [0x0d, 0];
const giveBack = [0x0f];
const get = (local: number) => [0x20, local];
const set = (local: number) => [0x21, local];
const tee = (local: number) => [0x22, local];
/** -64 to 63. */
const constant = (value: number) => [0x41, value & 0x7f];
const isBelow = [0x49];
const countTrailingZeros = [0x68];
const countOnes = [0x69];
const add = [0x6a];
const loadVector = (offset: number) => [0xfd, 0x00, 0, offset];
const splat = [0xfd, 0x0f];
const equal = [0xfd, 0x23];
const and = [0xfd, 0x4e];
const bitmask = [0xfd, 0x64];

const i32 = 0x7f;
const v128 = 0x7b;

/** (from, to, byte) → how often. Locals: 3 the count, 4 the byte sixteen times. */
const count = [
  ...[...get(2), ...splat, ...set(4)],
  ...loop,
  ...get(3),
  ...[0, 16, 32, 48].flatMap((offset) => [
    ...[...get(0), ...loadVector(offset), ...get(4), ...equal, ...bitmask, ...countOnes, ...add],
  ]),
  ...set(3),
  // 64 has no place in one byte.
  ...[...get(0), ...constant(32), ...add, ...constant(32), ...add, ...tee(0), ...get(1), ...isBelow, ...again],
  ...end,
  ...get(3),
  ...end,
];

/** (from, to, first, second, distance) → where, or -1. Locals: 5 and 6 the bytes sixteen times, 7 a bit for each hit. */
const find = [
  ...[...get(2), ...splat, ...set(5), ...get(3), ...splat, ...set(6)],
  ...loop,
  ...[...get(0), ...loadVector(0), ...get(5), ...equal],
  ...[...get(0), ...get(4), ...add, ...loadVector(0), ...get(6), ...equal],
  ...[...and, ...bitmask, ...tee(7)],
  ...whenTrue,
  ...[...get(0), ...get(7), ...countTrailingZeros, ...add, ...giveBack],
  ...end,
  ...[...get(0), ...constant(16), ...add, ...tee(0), ...get(1), ...isBelow, ...again],
  ...end,
  ...constant(-1),
  ...end,
];

export function moduleBytes(): Uint8Array {
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [functionType(3), functionType(5)]),
    // Memory of any size.
    ...section(2, [[...name("host"), ...name("memory"), 2, 0, 1]]),
    ...section(3, [[0], [1]]),
    ...section(7, [
      [...name("count"), 0, 0],
      [...name("find"), 0, 1],
    ]),
    ...section(10, [sized([2, 1, i32, 1, v128, ...count]), sized([2, 2, v128, 1, i32, ...find])]),
  ]);
}

function functionType(parameters: number): number[] {
  return [0x60, parameters, ...Array.from({ length: parameters }, () => i32), 1, i32];
}

function section(id: number, entries: readonly number[][]): number[] {
  return [id, ...sized([entries.length, ...entries.flat()])];
}

/** With the length in front, in two bytes. */
function sized(bytes: readonly number[]): number[] {
  return [(bytes.length & 0x7f) | 0x80, bytes.length >> 7, ...bytes];
}

function name(text: string): number[] {
  return [text.length, ...Buffer.from(text)];
}
