/** The suites of sources, parsers and resolvers, held to plugins that keep every promise, and to some that break one. */
import { describe, expect, it } from "vitest";
import type { PacketDrop } from "../model/packet-drop.ts";
import { definePlugin } from "../plugin/definition.ts";
import type { LineParser } from "../plugin/parser.ts";
import type { Resolver } from "../plugin/resolver.ts";
import type { Chunk, Source } from "../plugin/source.ts";
import { packetDrop } from "./drops.ts";
import { MemorySource } from "./memory-source.ts";
import { parserChecks } from "./parser-checks.ts";
import { type ResolverPartner, resolverChecks } from "./resolver-checks.ts";
import { sourceChecks } from "./source-checks.ts";
import { failureOf, strictSchema } from "./testdata/failure-of.ts";

const options = strictSchema<object>();

describe("the suite of sources", () => {
  function checksOf(change: (source: Source) => Partial<Source> = () => ({})) {
    const startPartner = () => {
      const memory = new MemorySource();
      return { options: {}, memory, write: (...lines: readonly string[]) => memory.write(...lines) };
    };
    let partner = startPartner();
    const create = () => {
      const source: Source = {
        read: (resume, signal) => partner.memory.read(typeof resume === "number" ? resume : undefined, signal),
      };
      return { ...source, ...change(source) };
    };
    const definition = definePlugin({ role: "source", name: "source-memory", apiVersion: 1, options, create });
    return sourceChecks({
      definition,
      startPartner: () => {
        partner = startPartner();
        return partner;
      },
      patienceMillis: 400,
    });
  }

  const changed = (change: (chunk: Chunk) => Chunk) => (source: Source) => ({
    async *read(...args: Parameters<Source["read"]>) {
      for await (const chunk of source.read(...args)) yield change(chunk);
    },
  });

  for (const { name, run } of checksOf()) it(`passes one that ${name}`, run);

  const rows = [
    {
      name: "cuts a line",
      change: changed(({ bytes, resume }) => ({ bytes: bytes.subarray(0, -1), resume })),
      check: "hands over every line, whole and in order",
      says: /ends with a whole line/,
    },
    {
      name: "loses a line",
      change: changed(({ bytes, resume }) => ({ bytes: bytes.subarray(bytes.indexOf(10) + 1), resume })),
      check: "hands over every line, whole and in order",
      says: /did not settle|deep-equal|deeply/,
    },
    {
      name: "has a place that JSON does not keep",
      change: changed(({ bytes }) => ({ bytes, resume: new Date(0) as never })),
      check: "hands over every line, whole and in order",
      says: /survive JSON/,
    },
    {
      name: "begins anew whatever was kept",
      change: (source: Source) => ({
        read: (_: unknown, signal: AbortSignal) => source.read(undefined, signal),
      }),
      check: "goes on behind the last chunk that was kept",
      says: /lines after the kept place/,
    },
    {
      name: "does not heed its signal",
      change: (source: Source) => ({
        read: (resume: Parameters<Source["read"]>[0]) => source.read(resume, new AbortController().signal),
      }),
      check: "returns when it is aborted while nothing comes",
      says: /reading did not settle/,
    },
  ];
  for (const { name, change, check, says } of rows) {
    it(`catches one that ${name}`, async () => expect(await failureOf(checksOf(change), check)).toMatch(says));
  }
});

describe("the suite of parsers", () => {
  function readLine(line: string): ReturnType<LineParser["parseLine"]> {
    const [word, sourceAddress = "", destinationAddress = ""] = line.split(" ");
    if (word !== "DROP") return { kind: "other-line" };
    if (destinationAddress === "") return { kind: "malformed", reason: "no_address" };
    return { kind: "drop", drop: packetDrop({ sourceAddress, destinationAddress }) };
  }

  const changedDrop = (change: (drop: PacketDrop, line: string) => PacketDrop) => (line: string) => {
    const result = readLine(line);
    return result.kind === "drop" ? { ...result, drop: change(result.drop, line) } : result;
  };

  const checksOf = (parseLine = readLine) =>
    parserChecks({
      definition: definePlugin({
        role: "parser",
        name: "parser-words",
        apiVersion: 1,
        options,
        create: () => ({ parseLine }),
      }),
      startPartner: () => ({ options: {} }),
      drops: [
        { line: "DROP 10.0.0.7 10.0.0.8", drop: { sourceAddress: "10.0.0.7", destinationAddress: "10.0.0.8" } },
        { line: "DROP 10.0.0.7 10.0.0.9", drop: { destinationAddress: "10.0.0.9" } },
      ],
      otherLines: ["", "PASS 10.0.0.7 10.0.0.8"],
      malformed: ["DROP 10.0.0.7"],
    });

  for (const { name, run } of checksOf()) {
    // The little parser believes whatever stands where an address does; the line scanner sorts that out.
    it(`passes one that ${name}`, run);
  }

  const rows = [
    {
      name: "throws",
      parseLine: (line: string) => (line.includes("\u0000") ? JSON.parse(line) : readLine(line)),
      check: "survives whatever comes",
      says: /parseLine threw/,
    },
    {
      name: "mixes up the addresses",
      parseLine: changedDrop((drop) => ({ ...drop, destinationAddress: drop.sourceAddress })),
      check: "finds each drop, with proper addresses and time",
      says: /destinationAddress of/,
    },
    {
      name: "writes an address in its own way",
      parseLine: changedDrop((drop) => ({ ...drop, ipVersion: 6, destinationAddress: "fd00:0::1" })),
      check: "finds each drop, with proper addresses and time",
      says: /RFC 5952/,
    },
    {
      name: "takes a foreign line for a drop",
      parseLine: (line: string) => readLine(line.replace("PASS", "DROP")),
      check: "leaves other lines alone",
      says: /not left alone/,
    },
    {
      name: "lets broken lines go uncounted",
      parseLine: (line: string) => (line === "DROP 10.0.0.7" ? { kind: "other-line" as const } : readLine(line)),
      check: "counts broken lines, for a reason that is a fixed word",
      says: /counted once/,
    },
    {
      name: "puts a line's text into a metric",
      parseLine: (line: string) =>
        line === "DROP 10.0.0.7" ? { kind: "malformed" as const, reason: line } : readLine(line),
      check: "counts broken lines, for a reason that is a fixed word",
      says: /did not match/,
    },
  ];
  for (const { name, parseLine, check, says } of rows) {
    it(`catches one that ${name}`, async () => expect(await failureOf(checksOf(parseLine), check)).toMatch(says));
  }
});

describe("the suite of resolvers", () => {
  const address = "192.0.2.7";
  const timeMillis = Date.parse("2026-11-20T20:00:00Z");
  const endpoint = { kind: "host", address, displayName: "db.example", name: "db.example" } as const;

  function checksOf(change: (isSilent: () => boolean) => Resolver["resolve"]) {
    let isSilent = false;
    const resolve = change(() => isSilent);
    const startPartner = (): ResolverPartner => {
      isSilent = false;
      return {
        options: {},
        known: { query: { address, timeMillis }, endpoint },
        unknown: { address: "192.0.2.8", timeMillis },
        become: (mood) => {
          isSilent = mood === "silent";
        },
      };
    };
    const create = () => ({ resolve });
    const definition = definePlugin({ role: "resolver", name: "resolver-table", apiVersion: 1, options, create });
    return resolverChecks({ definition, startPartner, moods: ["unavailable", "silent"], patienceMillis: 300 });
  }

  const maxWaiting = 10;
  function table(isSilent: () => boolean): Resolver["resolve"] {
    let waiting = 0;
    return ({ address: asked }, signal) => {
      if (!isSilent()) return asked === address ? endpoint : undefined;
      if (waiting >= maxWaiting) return undefined;
      waiting++;
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
    };
  }

  for (const { name, run } of checksOf(table)) it(`passes one that ${name}`, run);

  const rows = [
    { name: "knows nobody", resolve: () => undefined, check: "knows who is known", says: /no answer for/ },
    {
      name: "answers for another address",
      resolve: () => ({ ...endpoint, address: "192.0.2.9" }),
      check: "knows who is known",
      says: /192\.0\.2\.9/,
    },
    {
      name: "hands on what a stranger wrote",
      resolve: () => ({ ...endpoint, displayName: "\u001b[31mdb" }),
      check: "knows who is known",
      says: /cleaned by printable/,
    },
    { name: "knows everybody", resolve: () => endpoint, check: "passes on who is unknown", says: /strictly equal/ },
    {
      name: "throws at what is no address",
      resolve: ({ address: asked }: { address: string }) => (asked === "" ? JSON.parse("") : undefined),
      check: "passes on what is no address",
      says: /JSON/,
    },
    {
      name: "does not heed its signal",
      resolve: () => new Promise<undefined>(() => {}),
      check: "gives up a question that is aborted while its partner is silent",
      says: /resolve did not settle/,
    },
    {
      name: "lets any number of questions wait",
      resolve: (_: unknown, signal: AbortSignal) =>
        new Promise<undefined>((resolve) => signal.addEventListener("abort", () => resolve(undefined))),
      check: "lets only so many questions wait while its partner is silent",
      says: /beyond a bound/,
    },
  ];
  for (const { name, resolve, check, says } of rows) {
    it(`catches one that ${name}`, async () =>
      expect(
        await failureOf(
          checksOf(() => resolve),
          check,
        ),
      ).toMatch(says));
  }
});
