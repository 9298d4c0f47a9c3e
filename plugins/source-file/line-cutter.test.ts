import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutLines } from "./line-cutter.ts";

function cut(text: string, rules: { maxLineBytes?: number; skipping?: boolean; full?: boolean } = {}) {
  const bytes = Buffer.from(text, "latin1");
  const found = cutLines(bytes, { maxLineBytes: 10, skipping: false, full: false, ...rules });
  const { begin, end, ...rest } = found;
  return { text: bytes.toString("latin1", begin, end), ...rest };
}

const nothing = { text: "", consumed: 0, skipping: false, tooLong: 0, holeBytes: 0 };

describe("cutLines", () => {
  it.each([
    {
      name: "takes whole lines and leaves the last partial one",
      text: "one\ntwo\nthr",
      expected: { text: "one\ntwo\n", consumed: 8 },
    },
    { name: "finds nothing in a partial line", text: "one", expected: {} },
    { name: "finds nothing in nothing", text: "", expected: {} },
    { name: "keeps carriage returns", text: "one\r\n", expected: { text: "one\r\n", consumed: 5 } },
    { name: "keeps empty lines", text: "\n\n", expected: { text: "\n\n", consumed: 2 } },
    {
      name: "takes a line of just the greatest length",
      text: "0123456789\n",
      expected: { text: "0123456789\n", consumed: 11 },
    },
    { name: "waits for the newline behind the greatest length", text: "0123456789", expected: {} },
    {
      name: "leaves out a line that is longer",
      text: "0123456789a\nok\n",
      expected: { text: "ok\n", consumed: 15, tooLong: 1 },
    },
    { name: "stops before a longer line", text: "ok\n0123456789a\nok\n", expected: { text: "ok\n", consumed: 3 } },
    {
      name: "begins to skip a longer line without an end",
      text: "0123456789a",
      expected: { consumed: 11, tooLong: 1, skipping: true },
    },
    {
      name: "passes over NUL bytes before a line",
      text: "\0\0\0ok\n",
      expected: { text: "ok\n", consumed: 6, holeBytes: 3 },
    },
    {
      name: "stops before NUL bytes at the beginning of a later line",
      text: "ok\n\0\0two\n",
      expected: { text: "ok\n", consumed: 3 },
    },
    { name: "keeps NUL bytes within a line", text: "o\0k\ntwo\n", expected: { text: "o\0k\ntwo\n", consumed: 8 } },
    { name: "waits when NUL bytes end the file", text: "\0\0\0", expected: {} },
  ])("$name", ({ text, expected }) => {
    expect(cut(text)).toEqual({ ...nothing, ...expected });
  });

  it("goes on skipping until the newline", () => {
    expect(cut("the rest\nok\n", { skipping: true })).toEqual({ ...nothing, text: "ok\n", consumed: 12 });
    expect(cut("no end", { skipping: true })).toEqual({ ...nothing, consumed: 6, skipping: true });
  });

  it("passes over a hole that is larger than the buffer", () => {
    expect(cut("\0\0\0", { full: true })).toEqual({ ...nothing, consumed: 3, holeBytes: 3 });
  });

  it("gives the same lines however the file is cut into reads", () => {
    const line = fc.string({ unit: fc.constantFrom("a", "b", "\r", " "), maxLength: 14 });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), fc.integer({ min: 11, max: 40 }), (lines, readBytes) => {
        const file = Buffer.from(lines.map((one) => `${one}\n`).join(""));
        const read: string[] = [];
        let [offset, skipping, tooLong] = [0, false, 0];
        for (let reads = 0; reads < 200 && offset < file.length; reads++) {
          const bytes = file.subarray(offset, offset + readBytes);
          const found = cutLines(bytes, { maxLineBytes: 10, skipping, full: bytes.length === readBytes });
          if (found.end > found.begin) read.push(...bytes.toString("latin1", found.begin, found.end - 1).split("\n"));
          offset += found.consumed;
          ({ skipping } = found);
          tooLong += found.tooLong;
        }
        expect(read).toEqual(lines.filter((one) => one.length <= 10));
        expect(tooLong).toBe(lines.filter((one) => one.length > 10).length);
      }),
    );
  });
});
