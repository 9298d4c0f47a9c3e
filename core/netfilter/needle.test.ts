import fc from "fast-check";
import { expect, it } from "vitest";
import { Needle } from "./needle.ts";

const text = (maxLength: number) => fc.string({ unit: fc.constantFrom("a", "b", "c", "-"), maxLength });

it("finds what a plain search finds, whichever piece it looks for", () => {
  fc.assert(
    fc.property(text(60), text(14), text(60), text(20), (before, wanted, behind, sample) => {
      const chunk = Buffer.from(before + wanted + behind);
      const needle = new Needle(wanted);
      const counts = new Uint16Array(256);
      for (const byte of Buffer.from(sample)) counts[byte] = (counts[byte] ?? 0) + 1;
      needle.aim(counts);
      for (let from = 0; from <= chunk.length; from++)
        expect(needle.find(chunk, from)).toBe(chunk.indexOf(wanted, from));
    }),
    { numRuns: 500, seed: 20261121 },
  );
});
