import fc from "fast-check";
import { expect, it } from "vitest";
import { flowHeadWord, flowWords } from "../model/flow-key.ts";
import { FlowTable } from "./flow-table.ts";

it.each([1, 2, 3, 4, 5, 6, 7, 8, 9])("keeps IPv6 flows apart that differ in word %i only", (word) => {
  const table = new FlowTable(16);
  const words = new Uint32Array(flowWords);
  words[0] = flowHeadWord(6, 6, 443);
  const first = table.add(words);
  words[word] = 1;
  expect(table.find(words)).toBe(-1);
  expect(table.add(words)).not.toBe(first);
});

it("finds what is in it and nothing else, whatever came and went, and however often it had to grow", () => {
  const key = fc.record({ version: fc.constantFrom(4 as const, 6 as const), a: fc.nat(9), b: fc.nat(9) });
  fc.assert(
    fc.property(fc.array(key, { maxLength: 400 }), (keys) => {
      const table = new FlowTable(16);
      const entries = new Map<string, number>();
      const words = new Uint32Array(flowWords);
      for (const { version, a, b } of keys) {
        words.set([flowHeadWord(version, 17, 53), a, 0, 0, version === 6 ? b : 0, b]);
        const name = words.join();
        const known = entries.get(name);
        expect(table.find(words)).toBe(known ?? -1);
        if (known === undefined) entries.set(name, table.add(words));
        else if (a > 4) {
          table.remove(known);
          entries.delete(name);
        }
      }
      expect(table.size).toBe(entries.size);
      expect(new Set(entries.values()).size).toBe(entries.size);
    }),
    { numRuns: 50 },
  );
});
