import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { type DropReport, StandardOutput } from "../../core/plugin/index.ts";
import { dropReport, packetDrop } from "../../core/testkit/drops.ts";
import { agent, api, cart, db, nodeB, web } from "../../core/testkit/shop-endpoints.ts";
import { testContext } from "../../core/testkit/test-context.ts";
import { painted, plain, wantsColor } from "./color.ts";
import { ConsoleSink } from "./console-sink.ts";
import { reportLine } from "./report-line.ts";

const begin = "2026-11-20T20:00:00.000Z";

const lines: readonly (readonly [string, Partial<DropReport>, string])[] = [
  [
    "a first packet between pods, by their own names",
    { source: web, destination: db },
    `${begin} shop/web-6d5f7c9b8-x2x7q (10.244.1.7) → data/db-0 (10.244.2.9) 80/TCP x1 drop:\n`,
  ],
  [
    "repeats, with the time from the first to the last",
    { source: web, destination: db, count: 37, repeat: true, lastMillis: Date.parse(begin) + 118_900 },
    `${begin} shop/web-6d5f7c9b8-x2x7q (10.244.1.7) → data/db-0 (10.244.2.9) 80/TCP x37 in 1m58s drop:\n`,
  ],
  [
    "repeats of hours",
    { count: 2, lastMillis: Date.parse(begin) + 3_605_000 },
    `${begin} 10.0.0.7 → 10.0.0.9 80/TCP x2 in 1h5s drop:\n`,
  ],
  ["a bare address, once", {}, `${begin} 10.0.0.7 → 10.0.0.9 80/TCP x1 drop:\n`],
  [
    "a pod in the node's network and a node, as nodes",
    { source: agent, destination: nodeB },
    `${begin} node-a (192.168.1.11) → node-b (192.168.1.12) 80/TCP x1 drop:\n`,
  ],
  [
    "a service and a host",
    { source: cart, destination: api },
    `${begin} shop/cart (10.96.0.20) → api.example (203.0.113.5) 80/TCP x1 drop:\n`,
  ],
  [
    "ICMP, which has no ports, under a rule without prefix",
    {
      drop: packetDrop({
        protocol: "ICMP",
        destinationPort: undefined,
        icmpType: 3,
        icmpCode: 1,
        logPrefix: undefined,
      } as object),
    },
    `${begin} 10.0.0.7 → 10.0.0.9 ICMP type 3 code 1 x1\n`,
  ],
  [
    "no protocol at all",
    { drop: packetDrop({ protocol: undefined, destinationPort: undefined } as object) },
    `${begin} 10.0.0.7 → 10.0.0.9 ? x1 drop:\n`,
  ],
  [
    "text that would command a terminal",
    {
      source: { kind: "host", address: "192.0.2.7", displayName: "x", name: "\u001b[2Jevil\r\n\u202e" },
      drop: packetDrop({ logPrefix: "\u009b31mred\u0007", protocol: "\u001b]0;x" }),
    },
    `${begin} \ufffd[2Jevil\ufffd\ufffd\ufffd (192.0.2.7) → 10.0.0.9 80/\ufffd]0;x x1 \ufffd31mred\ufffd\n`,
  ],
];

describe("a line of the console", () => {
  it.each(lines)("%s", (_name, parts, line) => {
    expect(reportLine(dropReport(parts), plain)).toBe(line);
  });

  it.each(lines)("in colour says the same: %s", (_name, parts, line) => {
    const colored = reportLine(dropReport(parts), painted);
    expect(stripVTControlCharacters(colored)).toBe(line);
    expect(colored).not.toBe(line);
    expect(colored.endsWith("\n")).toBe(true);
  });
});

describe("colour", () => {
  it.each([
    ["on a terminal", "auto", {}, true, true],
    ["not in a pipe", "auto", {}, false, false],
    ["not with NO_COLOR", "auto", { NO_COLOR: "1" }, true, false],
    ["with an empty NO_COLOR, which says nothing", "auto", { NO_COLOR: "" }, true, true],
    ["with FORCE_COLOR in a pipe", "auto", { FORCE_COLOR: "1" }, false, true],
    ["with an empty FORCE_COLOR, as Node has it", "auto", { FORCE_COLOR: "" }, false, true],
    ["not with FORCE_COLOR=0", "auto", { FORCE_COLOR: "0" }, true, false],
    ["with both: force wins, as in Node", "auto", { FORCE_COLOR: "1", NO_COLOR: "1" }, false, true],
    ["not on a dumb terminal", "auto", { TERM: "dumb" }, true, false],
    ["whatever the environment says: always", "always", { NO_COLOR: "1" }, false, true],
    ["whatever the environment says: never", "never", { FORCE_COLOR: "1" }, true, false],
  ] as const)("%s", (_name, color, environment, isTerminal, colored) => {
    expect(wantsColor(color, environment, isTerminal)).toBe(colored);
  });
});

describe("sink-console", () => {
  it.each([
    ["always", "\u001b[90m2026-11-20T20:00:00.000Z\u001b[39m "],
    ["auto", "2026-11-20T20:00:00.000Z 10.0.0.7 →"],
  ] as const)("writes a line per report, coloured %s", async (color, begins) => {
    const path = join(mkdtempSync(join(tmpdir(), "droplens-console-")), "out");
    const fileDescriptor = openSync(path, "w");
    onTestFinished(() => {
      closeSync(fileDescriptor);
      rmSync(join(path, ".."), { recursive: true });
    });
    const context = testContext();
    const output = new StandardOutput({ stream: "stdout", clock: context.clock, fileDescriptor });
    const sink = new ConsoleSink(color, context, output);
    await sink.deliver([dropReport(), dropReport()], new AbortController().signal);
    const text = readFileSync(path, "utf8");
    expect(text.split("\n")).toHaveLength(3);
    expect(text.startsWith(begins)).toBe(true);
    expect(sink.problems()).toEqual([]);
  });
});
