/** Holds docs/reference.md to the program: what it says is complete, and comes from where it cannot go stale. */
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { jsonSchemaOf } from "../core/config/json-schema.ts";
import { plugins } from "./plugins.ts";
import { sourcesOf } from "./reference/room.ts";
import { schemaRows, tableOfRows } from "./reference/schema-rows.ts";
import { tailerVariables } from "./reference/tailer-variables.ts";
import { referenceText } from "./reference.ts";

const text = await referenceText();

const chapterOf = (heading: string): string =>
  text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";

describe.each(Object.keys(plugins))("the reference of %s", (name) => {
  it("begins with what it does, from its README", () => {
    expect(chapterOf(name)).toMatch(/\n\nA (source|parser|resolver|sink)\. \S[^\n]*\. More: /);
  });

  it("quotes what its README says of metrics and errors", () => {
    expect(chapterOf(name)).toMatch(new RegExp(`^### ${name}: .*(metrics|errors|outcomes)`, "im"));
  });

  it("names every metric that its code has", () => {
    const code = sourcesOf(name).join("\n");
    const named = new Set([...code.matchAll(/"((?:droplens|packet)_[a-z_]+)"/g)].map(([, metric = ""]) => metric));
    expect([...named].filter((metric) => !chapterOf("Metrics").includes(`\`${metric}`))).toEqual([]);
  });
});

describe("every key has a meaning", () => {
  it.each(Object.entries(plugins))("%s", async (_name, load) => {
    const rows = schemaRows(jsonSchemaOf((await load()).default.options) ?? {});
    expect(rows.filter(({ meaning }) => meaning === "").map(({ key }) => key)).toEqual([]);
  });

  it("the core's", () => {
    const rows = [...chapterOf("The config file").matchAll(/^\| `([^`]+)`.* \|\s*\|$/gm)].map(([, key]) => key);
    expect(rows).toEqual([]);
  });
});

it("has a chapter for each plugin's folder", () => {
  const folders = readdirSync(new URL("../plugins", import.meta.url));
  expect(folders.filter((name) => name in plugins && chapterOf(name) === "")).toEqual([]);
});

it("names the core's metrics with all their labels", () => {
  expect(chapterOf("Metrics")).toContain(
    "| `droplens_packets_discarded_total{pipeline,sink,reason}` | counter | core |",
  );
});

it("tells each of the Go tailer's variables: its default, the key that it sets, and what the key means", () => {
  const chapter = chapterOf("Environment variables of kube-iptables-tailer");
  expect(tailerVariables().length).toBeGreaterThan(12);
  expect(chapter).toContain("| `IPTABLES_LOG_PATH` | required | `pipelines.drops.source.path` | The log file");
  expect(chapter).toContain(
    "| `PACKET_DROP_EXPIRATION_MINUTES` | `10` minutes | `pipelines.drops.maxAge` | Packets older",
  );
  expect(chapter).toContain("- SERVICE_LOG_PATHS is not supported");
  const rows = [...chapter.matchAll(/^\| `\w+` \|.*\| ([^|]*) \|$/gm)];
  expect(rows.filter(([, meaning = ""]) => meaning.trim() === "")).toEqual([]);
});

describe("rows of a schema", () => {
  const rowsOf = (shape: z.ZodRawShape) => schemaRows(jsonSchemaOf(z.strictObject(shape)) ?? {});
  const typeOf = (schema: z.ZodType) => rowsOf({ key: schema })[0]?.type;

  it.each([
    { name: "a choice", schema: z.enum(["a", "b"]), type: "`a`, `b`" },
    { name: "a choice in two spellings", schema: z.enum(["info", "INFO"]), type: "`info`" },
    { name: "a whole number without bounds", schema: z.int(), type: "whole number" },
    { name: "a number with one", schema: z.number().min(0.5), type: "number, at least 0.5" },
    { name: "one or several", schema: z.union([z.string(), z.array(z.string())]), type: "text; one or a list" },
    { name: "a mapping with any names", schema: z.record(z.string(), z.string()), type: "mapping by name to text" },
    { name: "a URL", schema: z.url(), type: "URL" },
    { name: "this or that", schema: z.union([z.literal(""), z.url()]), type: '`""` or URL' },
  ])("name the type of $name", ({ schema, type }) => {
    expect(typeOf(schema)).toBe(type);
  });

  it("go into mappings, lists of mappings and mappings by name", () => {
    const inner = z.strictObject({ a: z.string() });
    const rows = rowsOf({ one: inner, many: z.array(inner), named: z.record(z.string(), inner) });
    expect(rows.map(({ key }) => key)).toEqual(["one", "one.a", "many", "many[].a", "named", "named.<name>.a"]);
  });

  it("tell the same keys once", () => {
    const end = z.strictObject({ a: z.string(), b: z.string(), c: z.string() });
    const rows = rowsOf({ source: end, destination: end.describe("The other end") });
    expect(rows.map(({ key }) => key)).toEqual(["source", "source.a", "source.b", "source.c", "destination"]);
    expect(rows.at(-1)?.meaning).toBe("The other end (keys as in `source`)");
  });

  it("keep a table's columns apart", () => {
    const rows = rowsOf({ key: z.string().default("a|b").describe("this | that\nand more") });
    expect(tableOfRows(rows).at(-1)).toBe("| `key` | text | `a\\|b` | this \\| that and more |");
  });
});
