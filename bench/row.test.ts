import { describe, expect, it } from "vitest";
import { type Cost, type Goal, goalText, reached, rowOf } from "./row.ts";
import { percentile, spread } from "./spread.ts";

const cost = (cpuSeconds: number): Cost => ({ cpuSeconds, wallSeconds: 2 * cpuSeconds, peakMegabytes: 100 });
const goal = (parts: Partial<Goal>): Goal => ({ name: "CPU", measured: 0.52, limit: 0.4, unit: "S", ...parts });

describe("a row", () => {
  it("shows the median of the runs and how far apart they were", () => {
    expect(rowOf("x", [cost(3), cost(1), cost(2)]).cpuSeconds).toEqual({ median: 2, min: 1, max: 3 });
  });

  it("is a ratio of medians to the yardstick of the same run", () => {
    expect(rowOf("x", [cost(3), cost(1), cost(2)], { to: "S", cpuSeconds: 4 }).ratio).toEqual({ value: 0.5, to: "S" });
  });

  it("is never made of no run", () => {
    expect(() => rowOf("x", [])).toThrow("nothing was measured");
  });
});

describe("a percentile", () => {
  it.each([
    [50, 2.5],
    [0, 1],
    [100, 4],
    [99, 3.97],
  ])("%i of 4, 1, 3, 2 is %d", (percent, value) => {
    expect(percentile([4, 1, 3, 2], percent)).toBeCloseTo(value, 10);
  });

  it("does not reorder what it is given", () => {
    const values = [2, 1];
    spread(values);
    expect(values).toEqual([2, 1]);
  });
});

describe("a goal", () => {
  it.each([
    [goal({}), "CPU ≤ 0.40 S: 0.52, not reached"],
    [goal({ measured: 0.4 }), "CPU ≤ 0.40 S: 0.40, reached"],
    [goal({ name: "records", unit: "/s", limit: 20_000, measured: 19_999 }), "records ≥ 20,000/s: 19,999, not reached"],
    [
      goal({ name: "idle", unit: "% of a core", limit: 0.1, measured: 0.012 }),
      "idle ≤ 0.10 % of a core: 0.012, reached",
    ],
    [goal({ name: "lost", unit: "packets", limit: 0, measured: 0 }), "lost ≤ 0 packets: 0, reached"],
  ])("says the limit, the figure and whether it is reached: %#", (one, text) => {
    expect(goalText(one)).toBe(text);
  });

  it("is not reached by a figure that does not exist", () => {
    expect(reached(goal({ measured: Number.NaN }))).toBe(false);
    expect(reached(goal({ measured: Number.NaN, unit: "/s" }))).toBe(false);
  });
});
