/** The examples in documents are files here: quoted to the letter, and run. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");

describe("the example of a parser", () => {
  it("is quoted to the letter", () => {
    const document = readFileSync(join(root, "core/plugin/README.md"), "utf8");
    expect(document).toContain(readFileSync(join(root, "test/examples/parser-pipe.ts"), "utf8").trim());
  });

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
