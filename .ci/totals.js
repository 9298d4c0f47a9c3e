/**
 * Sums up what .ci/run has done: the folder with its steps and the JSON reports of its test runs comes in, the totals go
 * out as the last line. A test that npm test skips and the system run makes up for counts once, as run. The exit code is
 * 1 when anything failed, or when something was skipped that waits for the real system and so should have run.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [folder = "."] = process.argv.slice(2);
const systemRun = readReport("system");
const systemFiles = new Set(systemRun.map((file) => file.name));
const ranInSystem = new Set(systemRun.filter((file) => file.tests.some(isRun)).map((file) => file.name));

/** Outcome by name: "passed", "failed" or "skipped". */
const outcomes = new Map();
/** Names of skipped tests that should have run. */
const missed = new Set();

const trials = ["durability", "hostile"].flatMap(readReport);
for (const { name, tests } of [...systemRun, ...trials, ...readReport("unit").map(withoutRepeated)]) {
  for (const test of tests) {
    outcomes.set(`${name} > ${test.name}`, test.outcome);
    if (test.outcome === "skipped" && waitsForSystem(name)) missed.add(`${name} > ${test.name}`);
  }
}
for (const line of readLines(join(folder, "steps"))) {
  const [outcome = "", ...name] = line.split(" ");
  // A run of tests has been counted above, unless it ended before it could report what failed.
  const counted = /tests?$/.test(line) && (outcome === "passed" || named("failed").length > 0);
  if (!counted) outcomes.set(name.join(" "), outcome);
}

for (const name of named("failed")) console.log(`failed: ${name}`);
for (const name of named("skipped"))
  console.log(`skipped: ${name}${missed.has(name) ? " (should have run here)" : ""}`);
const [passed, failed, skipped] = ["passed", "failed", "skipped"].map((outcome) => named(outcome).length);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed + missed.size > 0 || passed === 0 ? 1 : 0;

function named(wanted) {
  return [...outcomes].filter(([, outcome]) => outcome === wanted).map(([name]) => name);
}

function readReport(run) {
  const path = join(folder, `${run}.json`);
  if (!existsSync(path)) return [];
  return JSON.parse(readFileSync(path, "utf8")).testResults.map(({ name, status, assertionResults }) => {
    const tests = assertionResults.map((test) => ({ name: test.fullName, outcome: outcomeOf(test.status) }));
    return { name, tests: status === "failed" && tests.length === 0 ? [{ name: "", outcome: "failed" }] : tests };
  });
}

function outcomeOf(status) {
  return status === "passed" || status === "failed" ? status : "skipped";
}

function isRun({ outcome }) {
  return outcome !== "skipped";
}

/** What npm test ran of a file; what it skipped is told by the system run, if that has the file. */
function withoutRepeated({ name, tests }) {
  return { name, tests: systemFiles.has(name) ? tests.filter(isRun) : tests };
}

/** Whether a skipped test of this file is a gap: the system's own always, a borrowed file when none of it was run. */
function waitsForSystem(path) {
  if (/\/test\/(system|durability|hostile)\//.test(path)) return true;
  // The same rule as in test/system/vitest.config.ts.
  const isGated = existsSync(path) && /process\.env\.(DROPLENS_SYSTEM|KUBECONFIG)\b/.test(readFileSync(path, "utf8"));
  return isGated && !ranInSystem.has(path);
}

function readLines(path) {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  return text.split("\n").filter((line) => line !== "");
}
