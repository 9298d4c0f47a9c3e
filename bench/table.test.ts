import { expect, it } from "vitest";
import type { Outcome } from "./outcome.ts";
import { sectionText, withSection } from "./readme-section.ts";
import { notMeasured, referenceRow, rowOf } from "./row.ts";
import { head, tableText } from "./table.ts";

const runs = [1, 1.2, 1.1].map((cpuSeconds) => ({ cpuSeconds, wallSeconds: 1.5, peakMegabytes: 100.4 }));

const yardstick = { to: "S", cpuSeconds: 2 } as const;

const outcome: Outcome = {
  date: "2026-11-21T06:00:00Z",
  command: "npm run bench -- dense",
  machine: { processor: "one", cores: 2, memoryGigabytes: 8, kernel: "6" },
  versions: { droplens: "0.1.0", node: "v24.21.0" },
  results: [
    {
      work: "dense",
      load: "a million lines",
      rows: [
        rowOf("droplens replay", runs, yardstick),
        referenceRow("grep", [{ cpuSeconds: 0.05, wallSeconds: 0.05, peakMegabytes: 2 }], yardstick),
        notMeasured("Collector", "set OTELCOL"),
      ],
      goals: [
        { name: "CPU", measured: 0.55, limit: 0.4, unit: "S" },
        { name: "missing", measured: 0, limit: 0, unit: "packets" },
      ],
      notes: ["books: they balance"],
    },
  ],
};

it("shows a row for each program, the goals below, and what was not measured", () => {
  expect(tableText(outcome).split("\n").slice(-10)).toEqual([
    "                                                     runs    CPU s        min–max   wall s   peak MB      ratio",
    "",
    "dense: a million lines",
    "  droplens replay                                       3    1.100    1.000–1.200    1.500       100     0.55 S",
    "  grep                                                  1    0.050                   0.050         2    0.025 S",
    "  Collector                                          not measured: set OTELCOL",
    "    goal CPU ≤ 0.40 S: 0.55, not reached",
    "    goal missing ≤ 0 packets: 0, reached",
    "    books: they balance",
    "",
  ]);
});

it("replaces the README's section with the figures of a run, the missed ones too", () => {
  const marks = ["<!-- measured: npm run bench -- --readme -->", "<!-- /measured -->"];
  const readme = withSection(`before\n${marks[0]}\nold\n${marks[1]}\nafter\n`, outcome);
  expect(readme).toContain("| dense: a million lines | CPU | 0.55 S | ≤ 0.40, **not reached** | grep 0.025 S |");
  expect(readme).toContain("|  | missing | 0 packets | ≤ 0 |  |");
  expect(readme).not.toContain("old");
  expect(readme).toMatch(/^before\n(.*\n)*after\n$/);
  expect(withSection(readme, outcome)).toBe(readme);
});

it("says that the machine had other work", () => {
  const machine = { ...outcome.machine, loadAverage: 3.14 };
  expect(head({ ...outcome, machine })[1]).toBe("one, 2 cores, 8 GB, 6, busy with other work (load 3.1)");
  expect(sectionText({ ...outcome, machine })).toContain("2 cores of one, busy with other work (load 3.1), Node");
  expect(sectionText(outcome)).not.toContain("busy");
});

it("hides no work that broke", () => {
  const broken = { work: "idle", load: "nothing", rows: [], goals: [], notes: [], failed: "no port" };
  const whole = { ...outcome, results: [...outcome.results, broken] };
  expect(tableText(whole)).toContain("\nidle: nothing\n  FAILED: no port\n");
  expect(sectionText(whole)).toContain("| idle: nothing | | failed | | |");
});

it("refuses a README without the place for it", () => {
  expect(() => withSection("nothing", outcome)).toThrow("README.md has no <!-- measured");
});
