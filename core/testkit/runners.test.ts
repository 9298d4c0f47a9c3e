import { execFile } from "node:child_process";
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

it("the suites run in a plain loop", async () => {
  for (const { run } of checks) await run();
});

it("the names of a suite's checks differ", () => {
  expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length);
});
