/** Each line that a real kernel printed for a known rule, against what testdata/fixture-rows.ts says of it. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fixtureRows } from "./testdata/fixture-rows.ts";
import { makeParser, say } from "./testdata/parser-under-test.ts";

const folder = new URL("testdata/", import.meta.url);

function lines(name: string): Buffer[] {
  const text = readFileSync(new URL(name, folder)).toString("latin1");
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => Buffer.from(line, "latin1"));
}

describe.each(Object.entries(fixtureRows))("%s", (name, rows) => {
  it.each(rows.map(([title, says], i) => ({ line: i + 1, title, says })))("line $line: $title", ({ line, says }) => {
    const bytes = lines(`${name}.log`)[line - 1] ?? Buffer.alloc(0);

    expect(say(makeParser().parseBytes(bytes))).toBe(says);
  });

  it("has a row for every line", () => {
    expect(lines(`${name}.log`)).toHaveLength(rows.length);
  });

  it("says the same of the records raw from /dev/kmsg", () => {
    // Continuation lines begin with a space.
    const records = lines(`${name}.kmsg`).filter((line) => line[0] !== 0x20);

    expect(records.map((record) => say(makeParser().parseBytes(record)))).toEqual(rows.map(([, says]) => says));
  });
});
