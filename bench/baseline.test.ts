import { join } from "node:path";
import { expect, it } from "vitest";
import { tempFolder } from "../test/support/temp-folder.ts";
import { type Baseline, baselineOf, newTo, readBaseline, saveBaseline, worseThan } from "./baseline.ts";
import type { Outcome } from "./outcome.ts";

const baseline = (figures: Baseline["figures"]): Baseline => ({ date: "2026-11-21", node: "v24.21.0", figures });

const outcome: Outcome = {
  date: "2026-11-21T06:00:00Z",
  command: "npm run bench",
  machine: { processor: "one", cores: 2, memoryGigabytes: 8, kernel: "6" },
  versions: { node: "v24.21.0" },
  results: [
    {
      work: "dense",
      load: "lines",
      rows: [
        {
          what: "droplens replay",
          runs: 1,
          ratio: { value: 0.51234, to: "S" },
          peakMegabytes: { median: 150, min: 140, max: 160 },
        },
        { what: "Collector", runs: 1, ratio: { value: 4, to: "S" } },
      ],
      goals: [
        { name: "CPU", measured: 0.51234, limit: 0.4, unit: "S" },
        { name: "p99", measured: 12, limit: 250, unit: "ms" },
        { name: "rest", measured: 84, limit: 85, unit: "MB" },
      ],
      notes: [],
    },
  ],
};

it("holds ratios and memory of our own rows, and nothing that is the machine's", () => {
  expect(baselineOf(outcome).figures).toEqual({
    "dense: droplens replay": { value: 0.51234, unit: "S" },
    "dense: droplens replay, peak RSS": { value: 150, unit: "MB" },
    "dense: CPU": { value: 0.51234, unit: "S" },
    "dense: rest": { value: 84, unit: "MB" },
  });
});

it("names what got worse by more than is tolerated, and by how much", () => {
  const before = baseline({ cpu: { value: 0.5, unit: "S" }, rest: { value: 80, unit: "MB" } });
  const now = baseline({ cpu: { value: 0.65, unit: "S" }, rest: { value: 87, unit: "MB" } });
  expect(worseThan(before, now)).toEqual(["cpu: 0.50 → 0.65 S, tolerated +0.10"]);
});

it("does not take the noise of a small figure for its growth", () => {
  const before = baseline({ idle: { value: 1.5, unit: "N" } });
  expect(worseThan(before, baseline({ idle: { value: 2.4, unit: "N" } }))).toEqual([]);
  expect(worseThan(before, baseline({ idle: { value: 2.6, unit: "N" } }))).toHaveLength(1);
});

it("takes one missing packet for worse than none", () => {
  const before = baseline({ missing: { value: 0, unit: "packets" } });
  expect(worseThan(before, baseline({ missing: { value: 1, unit: "packets" } }))).toHaveLength(1);
});

it("does not compare a figure with one of another unit, but calls what is new by its name", () => {
  const before = baseline({ start: { value: 1, unit: "S" } });
  const now = baseline({ start: { value: 6, unit: "N" }, rest: { value: 80, unit: "MB" } });
  expect(worseThan(before, now)).toEqual([]);
  expect(newTo(before, now)).toEqual(["rest"]);
});

it("is saved with three digits, and keeps the figures of works that were not measured", () => {
  const path = join(tempFolder(), "baseline.json");
  saveBaseline(path, baselineOf(outcome), baseline({ "flood: CPU": { value: 2.2, unit: "S" } }));
  expect(readBaseline(path).figures).toMatchObject({
    "flood: CPU": { value: 2.2, unit: "S" },
    "dense: CPU": { value: 0.512, unit: "S" },
  });
});
