/** The behaviour of a parser, as core/plugin/parser.ts promises it: in comes a subject, out come checks for any runner. */
import assert from "node:assert/strict";
import { canonicalAddress } from "../model/address.ts";
import { FlowKey } from "../model/flow-key.ts";
import type { PacketDrop } from "../model/packet-drop.ts";
import type { ParseResult, Parser } from "../plugin/parser.ts";
import type { Check, Partner, Subject } from "./check.ts";
import { lifecycleChecks } from "./lifecycle-checks.ts";
import { MemoryDrops } from "./memory-drops.ts";
import { noise } from "./noise.ts";
import { type Staged, started } from "./stage.ts";

/** A parser, and lines whose meaning is known. */
export interface ParserSubject extends Subject<"parser", Partner> {
  /** Lines that are drops, with what is to be found in them at least. Different flows; at least two. */
  readonly drops: ReadonlyArray<{ readonly line: string; readonly drop: Partial<PacketDrop> }>;
  /** Lines that are none of the parser's business. */
  readonly otherLines: readonly string[];
  /** Lines that look like its own but are broken. */
  readonly malformed: readonly string[];
}

type OnStage = Staged<"parser", Partner>;

/** @example for (const { name, run } of parserChecks({ definition, startPartner, drops, … })) it(name, run); */
export function parserChecks(subject: ParserSubject): readonly Check[] {
  const check = (name: string, act: (stage: OnStage) => void): Check => ({ name, run: () => started(subject, act) });
  return [
    ...lifecycleChecks(subject, "parser"),
    check("finds each drop, with proper addresses and time", ({ instance }) => findsDrops(instance, subject)),
    check("finds the drops of a chunk in their order", ({ instance }) => keepsOrder(instance, subject)),
    check("tells a repeat by its flow", ({ instance }) => tellsRepeats(instance, subject)),
    check("leaves other lines alone", ({ instance }) => leavesOtherLines(instance, subject)),
    check("counts broken lines, for a reason that is a fixed word", ({ instance }) =>
      countsMalformed(instance, subject),
    ),
    check("keeps nothing of the bytes it was given", ({ instance }) => keepsNoBytes(instance, subject)),
    check("takes a last line without its end", ({ instance }) => takesLastLine(instance, subject)),
    check("survives whatever comes", ({ instance }) => survivesNoise(instance, subject)),
  ];
}

/** A chunk of lines, scanned as the pipeline scans it. */
function scan(parser: Parser, ...lines: readonly string[]): MemoryDrops {
  const found = new MemoryDrops();
  found.scan(parser, Buffer.from(lines.map((line) => `${line}\n`).join("")));
  return found;
}

function findsDrops(parser: Parser, { drops }: ParserSubject): void {
  assert.ok(drops.length > 1, "the subject is to name at least two lines that are drops");
  for (const { line, drop: expected } of drops) {
    const [drop, ...more] = scan(parser, line).drops;
    assert.ok(drop !== undefined && more.length === 0, `not one drop in: ${line}`);
    assertProper(drop);
    for (const [field, value] of Object.entries(expected)) {
      assert.deepEqual(Object.entries(drop).find(([name]) => name === field)?.[1], value, `${field} of: ${line}`);
    }
    const alone = oneLine(parser, line);
    if (alone !== undefined) assert.deepEqual(alone, { kind: "drop", drop }, `read alone: ${line}`);
  }
}

function assertProper(drop: PacketDrop): void {
  assert.ok(!Number.isNaN(Date.parse(drop.time)) && drop.time.endsWith("Z"), `time in UTC: ${drop.time}`);
  for (const address of [drop.sourceAddress, drop.destinationAddress]) {
    assert.equal(canonicalAddress(address), address, "addresses as RFC 5952 writes them");
  }
}

function oneLine(parser: Parser, line: string): ParseResult | undefined {
  if ("parseLine" in parser) return parser.parseLine(line);
  return parser.parseBytes?.(Buffer.from(line));
}

function keepsOrder(parser: Parser, { drops, otherLines }: ParserSubject): void {
  const mixed = drops.flatMap(({ line }, i) => [otherLines[i % otherLines.length] ?? "", line]);
  const found = scan(parser, ...mixed).drops;
  assert.deepEqual(
    found,
    drops.map(({ line }) => scan(parser, line).drops[0]),
  );
}

/** What a scan writes into `flow` is to be the flow of the record, or repeats are counted for somebody else. */
function tellsRepeats(parser: Parser, { drops }: ParserSubject): void {
  for (const { line } of drops) {
    const found = scan(parser, line, line);
    assert.equal(found.drops.length, 1, `one first packet in two lines: ${line}`);
    assert.equal(found.repeats, 1, `one repeat in two lines: ${line}`);
    const flow = new FlowKey();
    assert.ok(found.drops.every((drop) => flow.fill(drop)));
    assert.deepEqual(found.flows, [flow.words.join(" "), flow.words.join(" ")], `the flow of: ${line}`);
  }
}

function leavesOtherLines(parser: Parser, { otherLines }: ParserSubject): void {
  for (const line of otherLines) {
    const found = scan(parser, line);
    assert.deepEqual([found.drops, found.malformedReasons], [[], []], `not left alone: ${line}`);
    for (const reason of found.otherReasons) assert.match(reason, fixedWord);
  }
}

const fixedWord = /^[a-z][a-z0-9_-]*$/;

function countsMalformed(parser: Parser, { malformed }: ParserSubject): void {
  for (const line of malformed) {
    const found = scan(parser, line);
    assert.equal(found.drops.length, 0, `taken for a drop: ${line}`);
    assert.equal(found.malformedReasons.length, 1, `counted once: ${line}`);
    assert.match(found.malformedReasons[0] ?? "", fixedWord);
  }
}

function keepsNoBytes(parser: Parser, { drops }: ParserSubject): void {
  const found = new MemoryDrops();
  const bytes = Buffer.from(drops.map(({ line }) => `${line}\n`).join(""));
  found.scan(parser, bytes);
  const before = structuredClone(found.drops);
  bytes.fill("x");
  assert.deepEqual(structuredClone(found.drops), before, "a record changed together with the bytes that it came from");
}

function takesLastLine(parser: Parser, { drops }: ParserSubject): void {
  const found = new MemoryDrops();
  for (const { line } of drops.slice(0, 1)) found.scan(parser, Buffer.from(line));
  assert.equal(found.drops.length, 1);
}

function survivesNoise(parser: Parser, { drops }: ParserSubject): void {
  for (const bytes of noise(drops.map(({ line }) => line))) {
    const found = new MemoryDrops();
    found.scan(parser, bytes);
    found.drops.forEach(assertProper);
    // What the core's line scanner makes of a parser that throws, or returns nothing.
    const failures = found.malformedReasons.filter((reason) => reason.startsWith("parser_"));
    assert.deepEqual(
      failures,
      [],
      `parseLine threw at: ${JSON.stringify(Buffer.from(bytes).toString().slice(0, 200))}`,
    );
  }
}
