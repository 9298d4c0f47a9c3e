import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { sinkChecks } from "./index.ts";
import { postSink, startPostServer } from "./testdata/post-sink.ts";

const moods = ["unavailable", "refusing", "silent"] as const;
const checks = sinkChecks({ definition: postSink(), startPartner: startPostServer, moods });

it("the suites run under node:test, too", async () => {
  const args = ["--test", "--test-reporter=tap", join(import.meta.dirname, "testdata/under-node-test.ts")];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toContain(`# pass ${checks.length}\n# fail 0\n`);
});

it("the README quotes what runs under node:test", () => {
  const read = (path: string) => readFileSync(join(import.meta.dirname, path), "utf8");
  expect(read("README.md")).toContain(read("testdata/under-node-test.ts").trim());
});

it("the suites run in a plain loop", async () => {
  for (const { run } of checks) await run();
});

it("the names of a suite's checks differ", () => {
  expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length);
});
