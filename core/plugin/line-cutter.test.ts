import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineCutter } from "./line-cutter.ts";

const maxLineBytes = 8;

/** What comes out of these pieces, and what has no end yet. */
function cut(pieces: readonly string[]): { runs: string[]; rest: string; tooLong: number } {
  const lines = new LineCutter(maxLineBytes);
  const runs: string[] = [];
  for (const piece of pieces) for (const run of lines.cut(Buffer.from(piece))) runs.push(run.toString());
  return { runs, rest: lines.takeRest().toString(), tooLong: lines.tooLong };
}

describe("cutting lines", () => {
  it.each([
    ["whole lines in one run", ["a\nb\n"], ["a\n", "b\n"], "", 0],
    ["a line in three pieces", ["a", "b", "c\nd\n"], ["abc\n", "d\n"], "", 0],
    ["a newline alone in its piece", ["ab", "\n"], ["ab\n"], "", 0],
    ["empty lines", ["\n\n"], ["\n", "\n"], "", 0],
    ["the longest line that may be", ["12345678\n"], ["12345678\n"], "", 0],
    ["a too long line within a piece", ["a\n123456789\nb\n"], ["a\n", "b\n"], "", 1],
    ["a too long line first in its piece", ["123456789\nb\n"], ["b\n"], "", 1],
    ["a too long line over pieces, counted once", ["12345", "6789", "0123\nb\n"], ["b\n"], "", 1],
    ["a too long line without an end", ["a\n", "123456789"], ["a\n"], "", 1],
    ["the beginning of a line", ["a\nbc"], ["a\n"], "bc", 0],
  ])("%s", (_name, pieces, lines, rest, tooLong) => {
    const came = cut(pieces);
    expect(came.runs.join("")).toBe(lines.join(""));
    expect([came.rest, came.tooLong]).toEqual([rest, tooLong]);
  });

  it("gives the same lines however the stream is cut into pieces", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "\n"), maxLength: 60 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(60), { maxLength: 10 }), (whole, cuts) => {
        const places = [0, ...cuts.map((at) => Math.min(at, whole.length)).toSorted((a, b) => a - b), whole.length];
        const pieces = places.slice(1).map((to, i) => whole.slice(places[i], to));
        const { runs, rest, tooLong } = cut(pieces);
        const lines = whole.split("\n");
        const last = lines.pop() ?? "";
        const fits = (line: string) => line.length <= maxLineBytes;
        expect(runs.join("")).toBe(
          lines
            .filter(fits)
            .map((line) => `${line}\n`)
            .join(""),
        );
        expect(rest).toBe(fits(last) ? last : "");
        expect(tooLong).toBe([...lines, last].filter((line) => !fits(line)).length);
        expect(runs.every((run) => run.endsWith("\n"))).toBe(true);
      }),
    );
  });
});
