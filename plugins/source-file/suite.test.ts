import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { type SourcePartner, sourceChecks } from "../../core/testkit/index.ts";
import { sourceFile } from "./index.ts";

async function startPartner(): Promise<SourcePartner> {
  const folder = await mkdtemp(join(tmpdir(), "droplens-source-file-"));
  const path = join(folder, "drops.log");
  await writeFile(path, "");
  return {
    options: { path, pollInterval: "20ms" },
    write: (...lines) => appendFile(path, lines.map((line) => `${line}\n`).join("")),
    stop: () => rm(folder, { recursive: true }),
  };
}

describe("source-file as a source", () => {
  for (const { name, run } of sourceChecks({ definition: sourceFile, startPartner })) it(name, run);
});
