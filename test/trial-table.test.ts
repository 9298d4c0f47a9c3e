import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { TrialFigures } from "./support/trial.ts";
import { trialTable, withTable } from "./trial-table.ts";

const told: readonly TrialFigures[] = [
  { trial: "kill -9", tries: 1000, of: "kills", packets: 123_456, lost: 0, overCounted: 17, peakRssMegabytes: 88.6 },
  { trial: "rotation: rename", tries: 3, of: "rotations", packets: 10, lost: 0, discarded: { expired: 2 } },
  { trial: "server: down", tries: 2, of: "outages", lost: 0 },
  { trial: "server: token expired", tries: 3, of: "expiries", lost: 0 },
  { trial: "rotation: copytruncate", tries: 4, of: "rotations", packets: 20, lost: 1, peakRssMegabytes: 70 },
];

it("has a row for each trial, and one for a family of them", () => {
  expect(trialTable(told, "today").split("\n").slice(2)).toEqual([
    "| kill -9 | 1,000 kills | 123,456 | 0 | 17 | 0 | 89 MB |",
    "| rotation (2 kinds) | 7 rotations | 30 | 1 | 0 | 2 | 70 MB |",
    "| server (2 kinds) | 5 tries | 0 | 0 | 0 | 0 | – |",
    "",
    "today",
    "",
  ]);
});

it("stands between the README's markers, and can be made anew", () => {
  const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
  const once = withTable(readme, trialTable(told, "today"));
  expect(once).toContain("| kill -9 | 1,000 kills |");
  expect(withTable(once, trialTable(told, "today"))).toBe(once);
  expect(() => withTable("nothing", "")).toThrow("README.md has no line");
});
