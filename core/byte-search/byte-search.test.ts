import fc from "fast-check";
import { expect, it } from "vitest";
import { byteSearchOf, searchableBuffer } from "./byte-search.ts";

const size = 70_000;
const buffer = searchableBuffer(size);

const bytes = (maxLength: number) => fc.uint8Array({ max: 3, maxLength });
const inBuffer = fc.record({ before: bytes(80), wanted: bytes(300), behind: bytes(80) }).map((parts) => {
  buffer.set(parts.before);
  buffer.set(parts.wanted, parts.before.length);
  buffer.set(parts.behind, parts.before.length + parts.wanted.length);
  return parts.before.length;
});

it("knows the buffers that it has made, and their parts", () => {
  expect(byteSearchOf(buffer)).toBeDefined();
  expect(byteSearchOf(buffer.subarray(5, 7))).toBe(byteSearchOf(buffer));
  expect(byteSearchOf(Buffer.alloc(10))).toBeUndefined();
  expect(byteSearchOf(searchableBuffer(10))).not.toBe(byteSearchOf(buffer));
});

it("counts what a loop counts", () => {
  fc.assert(
    fc.property(inBuffer, fc.nat(300), fc.nat(3), (from, length, byte) => {
      const part = buffer.subarray(from, from + length);
      expect(byteSearchOf(part)?.count(part, byte)).toBe(part.filter((one) => one === byte).length);
    }),
    { numRuns: 500, seed: 20261121 },
  );
});

it("finds what a loop finds, and nothing outside", () => {
  const settings = fc.record({ first: fc.nat(3), second: fc.nat(3), distance: fc.nat(40) });
  fc.assert(
    fc.property(inBuffer, fc.nat(300), settings, fc.nat(310), (start, length, two, from) => {
      const part = buffer.subarray(start, start + length);
      const plain = part.findIndex(
        (byte, at) => at >= from && byte === two.first && part[at + two.distance] === two.second,
      );
      expect(byteSearchOf(part)?.find(part, two, from)).toBe(plain);
    }),
    { numRuns: 2000, seed: 20261121 },
  );
});

it("searches to the last byte of the buffer", () => {
  buffer.fill(0);
  buffer[size - 1] = 7;
  expect(byteSearchOf(buffer)?.count(buffer, 7)).toBe(1);
  expect(byteSearchOf(buffer)?.find(buffer, { first: 7, second: 7, distance: 0 }, 0)).toBe(size - 1);
  expect(byteSearchOf(buffer)?.find(buffer, { first: 0, second: 7, distance: 100 }, 0)).toBe(size - 101);
});

it("does without WebAssembly", () => {
  const { WebAssembly } = globalThis as { WebAssembly?: object };
  Reflect.deleteProperty(globalThis, "WebAssembly");
  try {
    const plain = searchableBuffer(10);
    expect(plain.length).toBe(10);
    expect(byteSearchOf(plain)).toBeUndefined();
  } finally {
    Object.defineProperty(globalThis, "WebAssembly", { value: WebAssembly, configurable: true, writable: true });
  }
});
