import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { type SinkPartner, sinkChecks } from "../../core/testkit/index.ts";
import { sinkJsonl } from "./index.ts";

function startPartner(format: string, sync: boolean): SinkPartner {
  const folder = mkdtempSync(join(tmpdir(), "droplens-jsonl-"));
  const path = join(folder, "drops.jsonl");
  return {
    options: { path, format, sync },
    storedPackets: () =>
      readFileSync(path, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .reduce((sum, line) => sum + Number(JSON.parse(line).count), 0),
    stop: () => rmSync(folder, { recursive: true }),
  };
}

describe.each([
  ["droplens", false],
  ["gke", true],
] as const)("sink-jsonl as a sink, format %s, sync %s", (format, sync) => {
  const subject = { definition: sinkJsonl, startPartner: () => startPartner(format, sync) };
  for (const { name, run } of sinkChecks(subject)) it(name, run);
});
