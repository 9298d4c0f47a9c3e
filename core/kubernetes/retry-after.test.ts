import { describe, expect, it } from "vitest";
import { parseRetryAfter } from "./retry-after.ts";

const date = "Fri, 20 Nov 2026 20:00:00 GMT";

const rows = [
  { name: "whole seconds", text: "3", expected: 3000 },
  { name: "zero", text: "0", expected: 0 },
  { name: "a date, counted from the server's own clock", text: "Fri, 20 Nov 2026 20:00:07 GMT", expected: 7000 },
  { name: "a date that has passed as now", text: "Fri, 20 Nov 2026 19:00:00 GMT", expected: 0 },
  { name: "a whole day as ten minutes", text: "86400", expected: 600_000 },
  { name: "no header as nothing", text: undefined, expected: undefined },
  { name: "a negative number as nothing", text: "-5", expected: undefined },
  { name: "a word as nothing", text: "soon", expected: undefined },
];

describe("Retry-After", () => {
  it.each(rows)("reads $name", ({ text, expected }) => {
    expect(parseRetryAfter(text, date)).toBe(expected);
  });

  it("counts a date from our clock when the server sends no Date", () => {
    const inAMinute = new Date(Date.now() + 60_000).toUTCString();
    const millis = parseRetryAfter(inAMinute);
    expect(millis).toBeGreaterThan(50_000);
    expect(millis).toBeLessThanOrEqual(60_000);
  });
});
