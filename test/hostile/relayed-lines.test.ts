/**
 * Damaged lines of ulogd's and damaged prefixes of Calico's, through the plugins' own entries: nothing thrown, nothing that
 * holds up the process, no packet that is not in the line.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type DropCollector, FlowKey, type PacketDrop, type Parser } from "../../core/plugin/index.ts";
import { FakeClock } from "../../core/testkit/fake-clock.ts";
import { testContext } from "../../core/testkit/test-context.ts";
import * as calico from "../../plugins/parser-calico/config.ts";
import { parserCalico } from "../../plugins/parser-calico/index.ts";
import * as ulogd from "../../plugins/parser-ulogd/config.ts";
import { parserUlogd } from "../../plugins/parser-ulogd/index.ts";
import { checkout } from "../support/child.ts";
import { seeded, tellFigures, tries } from "../support/trial.ts";
import { below, mutated } from "./mutations.ts";
import { canonical } from "./plain-parser.ts";
import { Slices } from "./slices.ts";

const linesPerChunk = 200;

class Collector implements DropCollector {
  readonly flow = new FlowKey();
  readonly drops: PacketDrop[] = [];
  repeat(): boolean {
    return false;
  }
  first(drop: PacketDrop): void {
    this.drops.push(drop);
  }
  malformed(): void {}
  otherLine(): void {}
}

const context = () => testContext({ clock: new FakeClock(Date.parse("2026-11-21T07:30:00Z")) });
const makeUlogd = (): Parser => parserUlogd.create(ulogd.options.parse({ timeZone: "Europe/Berlin" }), context());
const calicoOptions = calico.options.parse({ logPrefix: ["calico-packet", "c %t %k %p", "%k/%n"] });
const makeCalico = (): Parser => parserCalico.create(calicoOptions, context());

function ulogdLines(...names: readonly string[]): readonly Buffer[] {
  return names.flatMap((name) =>
    readFileSync(join(checkout, "plugins/parser-ulogd/testdata", name), "latin1")
      .trimEnd()
      .split("\n")
      .map((line) => Buffer.from(line, "latin1")),
  );
}

const packet =
  "IN=cali1 OUT=eth0 MAC=ee:ee:ee:ee:ee:ee:ce:93:b5:4d:8a:4f:08:00 SRC=10.4.1.2 DST=10.4.2.2 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=50301 DF PROTO=TCP SPT=36084 DPT=80 WINDOW=64240 RES=0x00 SYN URGP=0 ";
const calicoLines = [
  "calico-packet: ",
  "calico-packet-est: ",
  "c default np shop/deny-all: ",
  "c default np shop/deny-all-of-t",
  "np/deny: ",
  "c  pro kns.shop: ",
].map((prefix) => Buffer.from(`2026-11-21T07:30:00.401765+00:00 node-1 kernel: ${prefix}${packet}`));

const trials = [
  { name: "LOGEMU", make: makeUlogd, lines: ulogdLines("logemu.log", "k3s-logemu.log") },
  { name: "ulogd's JSON", make: makeUlogd, lines: ulogdLines("json.log", "k3s-json.log", "eventv1-json.log") },
  { name: "Calico's prefixes", make: makeCalico, lines: calicoLines },
];

describe("damaged lines", () => {
  it.each(trials)("of $name hold no packet that is not in them, and nothing up", ({ name, make, lines }) => {
    const random = seeded();
    const slices = new Slices();
    const problems: string[] = [];
    let drops = 0;
    const count = tries({ long: 1_000_000, short: 40_000 });
    const one = () => lines[below(lines.length, random)] as Buffer;
    const parser = make();
    for (let done = 0; done < count; done += linesPerChunk) {
      const chunk = Array.from({ length: linesPerChunk }, () => mutated(one(), random, one()));
      for (const line of chunk) drops += inventions(parser, line, problems);
      slices.measure(() => scan(parser, Buffer.concat(chunk.flatMap((line) => [line, Buffer.from("\n")]))));
    }
    const note = `${drops} still told as drops, ${slices.told()}`;
    tellFigures({ trial: `mutated lines: ${name}`, tries: count, of: "lines", lost: problems.length, note });

    expect(problems).toEqual([]);
    expect(drops).toBeGreaterThan(count / 20);
    expect(slices.longestMillis).toBeLessThanOrEqual(50);
  });

  it.each([
    ["anchors", makeCalico, "np/deny: IN="],
    ["specifiers without an end", makeCalico, "c - - - - / / "],
    ["quotes", makeUlogd, '{"oob.":"'],
    ["objects", makeUlogd, '{"oob.hook":1,"src_ip":"10.0.0.1"}'],
    ["words", makeUlogd, "ulogd[1]: IN= OUT= "],
  ])("of nothing but %s hold nothing up", (_, make, word) => {
    const slices = new Slices();
    for (const head of ["", "2026-11-21T07:30:00.4+00:00 node-1 kernel: ", "Nov 21 07:30:00 node-1 evil[7]: "]) {
      const line = `${head}${word.repeat(2000)}`.slice(0, 60_000);
      const parser = make();
      slices.measure(() => expect(scan(parser, Buffer.from(`${line}\n`.repeat(2)))).toEqual([]));
    }
    expect(slices.longestMillis).toBeLessThanOrEqual(50);
  });
});

function scan(parser: Parser, bytes: Buffer): readonly PacketDrop[] {
  if (!("scan" in parser)) throw new Error("no scan");
  const collector = new Collector();
  parser.scan(bytes, collector);
  return collector.drops;
}

/** 1 when the line is told as a drop; `problems` has what it tells that the line does not. */
function inventions(parser: Parser, line: Buffer, problems: string[]): number {
  if (!("scan" in parser)) throw new Error("no scan");
  const result = parser.parseBytes?.(line);
  if (result?.kind !== "drop") return 0;
  const { sourceAddress, destinationAddress, destinationPort = 0, policy = "" } = result.drop;
  const text = line.toString("latin1");
  const written = new Set([...text.matchAll(/[0-9a-fA-F:.]{2,39}/g)].map(([address]) => canonicalOrNone(address)));
  const missing = [
    ...[sourceAddress, destinationAddress].filter((address) => !written.has(address)),
    ...[String(destinationPort)].filter((port) => port !== "0" && !text.includes(port)),
    ...[policy.replace(/…$/, "")].filter((name) => !line.toString("utf8").includes(name) && /^[ -~]*$/.test(name)),
  ];
  if (missing.length > 0 && problems.length < 20) problems.push(`${missing.join(", ")} in ${JSON.stringify(text)}`);
  return 1;
}

function canonicalOrNone(address: string): string {
  try {
    return canonical(address);
  } catch {
    return "";
  }
}
