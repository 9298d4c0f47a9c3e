import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printable } from "./printable.ts";

describe("printable", () => {
  const rows = [
    { name: "keeps ordinary text of any language", from: "kl-é漢😀 x", to: "kl-é漢😀 x" },
    { name: "takes terminal escapes away", from: "a\u001b[31mred", to: "a\ufffd[31mred" },
    { name: "takes newlines away", from: "a\r\nb", to: "a\ufffd\ufffdb" },
    { name: "takes C1 controls away", from: "a\u009bb", to: "a\ufffdb" },
    { name: "takes bidirectional overrides away", from: "a\u202eb\u2066c", to: "a\ufffdb\ufffdc" },
    { name: "takes zero-width characters away", from: "a\u200bb\ufeffc", to: "a\ufffdb\ufffdc" },
    { name: "mends half a surrogate pair", from: "a\ud83d", to: "a\ufffd" },
  ];
  for (const { name, from, to } of rows) it(name, () => expect(printable(from)).toBe(to));

  it("is never longer than allowed, never cut within a character, and harmless the second time", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), fc.integer({ min: 0, max: 100 }), (text, max) => {
        const once = printable(text, max);
        expect(Buffer.byteLength(once)).toBeLessThanOrEqual(max);
        expect(once.isWellFormed()).toBe(true);
        expect(printable(once, max)).toBe(once);
      }),
    );
  });
});
