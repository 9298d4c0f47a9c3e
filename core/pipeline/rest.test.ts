import { expect, it } from "vitest";
import { Rest } from "./rest.ts";

const hour = 3_600_000;

it("is over after its time, and at once when the clock is set back or far ahead", () => {
  const rest = new Rest();
  expect(rest.left(hour)).toBe(0);
  rest.begin(hour, 1000);
  expect([rest.left(hour), rest.left(hour + 400), rest.left(hour + 1000)]).toEqual([1000, 600, 0]);
  expect([rest.left(hour - 1), rest.left(2 * hour)]).toEqual([0, 0]);
});

it("is not cut short by a shorter one", () => {
  const rest = new Rest();
  rest.begin(0, 1000);
  rest.begin(10, 100);
  expect(rest.left(10)).toBe(990);
});
