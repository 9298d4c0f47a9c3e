import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Fields, JsonFields } from "./json-fields.ts";

const fields = { a: true, b: { c: true, "d/é": { e: true } }, longer: { a: true } } as const satisfies Fields;
const keys = ["a", "b", "c", "d/é", "e", "longer", "other", "", 'q"u{o}te\\', "𝄞", "__proto__"];

/** What it must say, from the whole tree that JSON.parse makes. */
function pruned(value: unknown, wanted: Fields | true): unknown {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (wanted === true || typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return value.map((entry) => pruned(entry, wanted));
  const entries = Object.entries(value).filter(([key]) => Object.hasOwn(wanted, key));
  return Object.fromEntries(entries.map(([key, inner]) => [key, pruned(inner, wanted[key] ?? true)]));
}

/** The bytes stand among others, as a pod does among pods; what is around must not matter. */
function read(bytes: Buffer, around: string): unknown {
  const front = Buffer.from(around);
  const whole = Buffer.concat([front, bytes, front]);
  return new JsonFields(fields).read(whole, front.length, front.length + bytes.length);
}

function outcome(produce: () => unknown): unknown {
  try {
    return { value: produce() };
  } catch (error) {
    return error instanceof SyntaxError ? "SyntaxError" : error;
  }
}

const key = fc.constantFrom(...keys);
const leaf = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }),
  fc.constantFrom('"', "\\", "}{][,:", "\u2028", "\u0000\u001f", "\ud800"),
  fc.double(),
  fc.integer(),
  fc.constantFrom(true, false, null, 1e300, -0.5e-7),
);

const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof({ depthSize: "medium", withCrossShrink: true }, leaf, tie("list"), tie("object")),
  list: fc.array(tie("tree"), { maxLength: 4 }),
  object: fc.array(fc.tuple(key, tie("tree")), { maxLength: 6 }).map((entries) => new Entries(entries)),
}));
/** An object with keys in any order, the same one twice too. */
class Entries {
  readonly entries: ReadonlyArray<readonly [string, unknown]>;
  constructor(entries: ReadonlyArray<readonly [string, unknown]>) {
    this.entries = entries;
  }
}

/** JSON of a tree, with white space and escapes as nobody writes them, but may. */
function print(value: unknown, random: () => number): string {
  const space = () => [" ", "\n", "\t", "\r", "", "", "", ""][random() % 8] ?? "";
  const around = (text: string) => space() + text + space();
  if (value instanceof Entries) {
    const pairs = value.entries.map(([name, inner]) => around(printText(name, random)) + ":" + print(inner, random));
    return around(`{${pairs.length === 0 ? space() : pairs.join(",")}}`);
  }
  if (Array.isArray(value)) return around(`[${value.map((entry) => print(entry, random)).join(",") || space()}]`);
  return around(typeof value === "string" ? printText(value, random) : JSON.stringify(value));
}

function printText(text: string, random: () => number): string {
  const escaped = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(text).replace(/[a-zé/]/g, (letter, at: number, all: string) =>
    random() % 16 > 0 || all.slice(0, at).endsWith("\\") || /\\u[0-9a-f]{0,3}$/.test(all.slice(0, at))
      ? letter
      : escaped(letter),
  );
}

const randomness = fc.array(fc.nat(), { minLength: 1, maxLength: 50 }).map((numbers) => {
  let at = 0;
  return () => numbers[at++ % numbers.length] ?? 0;
});
const around = fc.constantFrom("", "\n", "}", "]", '"', ",", " ", "1", "{", "[");

describe("the fields of a JSON text", () => {
  it("are what JSON.parse gives, whatever the text holds", () => {
    fc.assert(
      fc.property(tree, randomness, around, (value, random, outside) => {
        const text = print(value, random);
        expect(read(Buffer.from(text), outside)).toEqual(pruned(JSON.parse(text), fields));
      }),
      { numRuns: 400 },
    );
  });

  it("are refused where JSON.parse refuses the text, after any byte was changed, lost or put in", () => {
    const change = fc.record({
      at: fc.nat(),
      lost: fc.nat({ max: 2 }),
      added: fc.oneof(
        fc.constantFrom('"', "\\", "{", "}", "[", "]", ",", ":", "0", "-", "e", ".", "t", "u", "\u0001", " "),
        fc.constant(""),
      ),
    });
    fc.assert(
      fc.property(tree, randomness, change, around, (value, random, { at, lost, added }, outside) => {
        const whole = Buffer.from(print(value, random));
        const cut = at % (whole.length + 1);
        const bytes = Buffer.concat([whole.subarray(0, cut), Buffer.from(added), whole.subarray(cut + lost)]);
        const expected = outcome(() => pruned(JSON.parse(bytes.toString("utf8")), fields));
        expect(outcome(() => read(bytes, outside))).toEqual(expected);
      }),
      { numRuns: 600 },
    );
  });

  it("are what JSON.parse makes of random bytes", () => {
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]",:\\ab-0.e')));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 12 }), around, (numbers, outside) => {
        const bytes = Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, ...numbers, 0x7d]);
        const expected = outcome(() => pruned(JSON.parse(bytes.toString("utf8")), fields));
        expect(outcome(() => read(bytes, outside))).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  });

  it.each([
    "",
    " ",
    "01",
    "-",
    "1.",
    ".5",
    "1e",
    "1e+",
    "+1",
    "tru",
    "nul",
    "truer",
    '"\\x"',
    '"\\u12g4"',
    '"a\nb"',
    "{a:1}",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    "[1,]",
    "[,1]",
    "[1 2]",
    "{} {}",
    "\ufeff{}",
    "[",
    '"',
  ])("refuses %j", (text) => {
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
    expect(() => read(Buffer.from(text), '"')).toThrow(SyntaxError);
    expect(() => read(Buffer.from(`{"x":${text}}`), "}")).toThrow(SyntaxError);
  });

  it("refuses a text of thousands of levels instead of running out of stack", () => {
    for (const bracket of ["[", '{"b":', '{"x":']) {
      expect(() => read(Buffer.from(bracket.repeat(100_000)), "")).toThrow(/200 levels/);
    }
  });
});
