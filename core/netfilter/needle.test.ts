import fc from "fast-check";
import { expect, it } from "vitest";
import { byteSearchOf, searchableBuffer } from "../byte-search/byte-search.ts";
import { Needle } from "./needle.ts";

const text = (maxLength: number, minLength = 0) =>
  fc.string({ unit: fc.constantFrom("a", "b", "c", "-"), maxLength, minLength });
const buffer = searchableBuffer(200);

it.each([
  { name: "as Buffer.indexOf finds it", chunkOf: (content: string) => Buffer.from(content) },
  {
    name: "in a buffer that can be searched",
    chunkOf: (content: string) => buffer.fill("a").subarray(7, 7 + buffer.write(content, 7)),
  },
])("finds what a plain search finds, whichever part it looks for: $name", ({ chunkOf }) => {
  fc.assert(
    fc.property(text(60), text(14, 1), text(60), text(20), (before, wanted, behind, sample) => {
      const chunk = chunkOf(before + wanted + behind);
      const needle = new Needle(wanted);
      const counts = new Uint16Array(256);
      for (const byte of Buffer.from(sample)) counts[byte] = (counts[byte] ?? 0) + 1;
      needle.aim(counts, byteSearchOf(chunk));
      for (let from = 0; from <= chunk.length; from++)
        expect(needle.find(chunk, from)).toBe(chunk.indexOf(wanted, from));
    }),
    { numRuns: 500, seed: 20261121 },
  );
});
