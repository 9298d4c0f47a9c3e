/** The examples in documents are files here: quoted to the letter, and run. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");

const documents = ["README.md", "core/plugin/README.md", "docs/write-a-plugin.md"];

const quotes = documents.flatMap((document) => {
  const text = readFileSync(join(root, document), "utf8");
  const found = text.matchAll(/^<!-- quoted from (\S+) -->\n```\w+\n([\s\S]*?)^```$/gm);
  return [...found].map(([, path = "", quote = ""]) => ({ document, path, quote }));
});

it.each(quotes)("$document quotes $path to the letter", ({ path, quote }) => {
  expect(quote).toBe(readFileSync(join(root, path), "utf8"));
});

it("finds the quotes, and no code in the guide that is none", () => {
  expect(quotes.map(({ path }) => path)).toEqual(expect.arrayContaining(["test/examples/parser-pipe.ts"]));
  const guide = readFileSync(join(root, "docs/write-a-plugin.md"), "utf8");
  const blocks = guide.match(/^```(ts|js|dockerfile|text)$/gm) ?? [];
  expect(quotes.filter(({ document }) => document === "docs/write-a-plugin.md")).toHaveLength(blocks.length);
});

describe("the example of a parser", () => {
  it("reads its lines in a pipeline", async () => {
    const args = ["core/main.ts", "replay", "--config", "test/examples/droplens.yaml", "test/examples/drops.log"];
    const { stderr } = await promisify(execFile)(process.execPath, args, { cwd: root });
    expect(stderr.split("\n").map((line) => line.trim().replace(/ {2,}/, ": "))).toEqual(
      expect.arrayContaining([
        "lines read: 4",
        "lines matched: 2",
        "lines malformed: time: 1",
        "packets delivered to sink-prometheus: 2",
      ]),
    );
  });
});
