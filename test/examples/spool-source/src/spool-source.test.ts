/** The suite that every source passes, with a real file; and what is this source's own. */
import assert from "node:assert/strict";
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { FakeClock, type Mood, type SourcePartner, sourceChecks, testContext } from "droplens/testkit";
import plugin from "./index.ts";

describe("source-spool as a source", () => {
  for (const { name, run } of sourceChecks({ definition: plugin, startPartner, moods: ["unavailable"] })) it(name, run);
});

it("gives up a line that is longer than a chunk, counted, and goes on behind it", async () => {
  const partner = await startPartner();
  await partner.write("x".repeat(64 * 1024), "short");
  const context = testContext({ clock: new FakeClock() });
  const source = plugin.create({ path: partner.options.path, pollInterval: 1000 }, context);
  const stop = new AbortController();
  const lines: string[] = [];
  for await (const { bytes } of source.read(undefined, stop.signal)) {
    lines.push(Buffer.from(bytes).toString());
    stop.abort();
  }
  await partner.stop();
  assert.deepEqual(lines, ["\nshort\n"]);
  assert.equal(context.metrics.value("source_spool_bytes_discarded_total"), 64 * 1024);
});

async function startPartner() {
  const folder = await mkdtemp(join(tmpdir(), "source-spool-"));
  const path = join(folder, "drops.log");
  await appendFile(path, "");
  return {
    options: { path, pollInterval: "10ms" },
    write: (...lines: readonly string[]) => appendFile(path, lines.map((line) => `${line}\n`).join("")),
    become: async (mood: Mood) => {
      if (mood === "unavailable") await rm(path);
    },
    stop: () => rm(folder, { recursive: true }),
  } satisfies SourcePartner;
}
