/**
 * Sums up what .ci/run has done: the folder with its steps and the JSON reports of its test runs comes in, the totals go
 * out as the last line. A test that one run skips and another one runs counts once, as run. The exit code is 1 when
 * anything failed, or when a test was skipped that waits for the real system and so should have run.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [folder = "."] = process.argv.slice(2);

/** Outcome by name: "passed", "failed" or "skipped". */
const outcomes = new Map();

for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  for (const suite of JSON.parse(readFileSync(join(folder, file), "utf8")).testResults) {
    if (suite.status === "failed" && suite.assertionResults.length === 0) note(suite.name, "failed");
    for (const test of suite.assertionResults) {
      const name = test.fullName.replace(/ \(skipped: [^)]*\)/, "");
      note(`${suite.name} > ${name}`, ["passed", "failed"].includes(test.status) ? test.status : "skipped");
    }
  }
}
for (const line of readLines(join(folder, "steps"))) {
  const [outcome = "", ...name] = line.split(" ");
  // A run of tests has been counted above, unless it ended before it could report what failed.
  const counted = /tests?$/.test(line) && (outcome === "passed" || [...outcomes.values()].includes("failed"));
  if (!counted) note(name.join(" "), outcome);
}

const names = (wanted) => [...outcomes].filter(([, outcome]) => outcome === wanted).map(([name]) => name);
const [passed, failed, skipped] = ["passed", "failed", "skipped"].map(names);
const wronglySkipped = skipped.filter((name) => waitsForSystem(name.split(" > ")[0]));

for (const name of failed) console.log(`failed: ${name}`);
for (const name of skipped)
  console.log(`skipped: ${name}${wronglySkipped.includes(name) ? " (should have run here)" : ""}`);
console.log(`${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`);
process.exitCode = failed.length + wronglySkipped.length > 0 || passed.length === 0 ? 1 : 0;

function note(name, outcome) {
  const rank = ["skipped", "passed", "failed"];
  const before = outcomes.get(name) ?? "skipped";
  outcomes.set(name, rank.indexOf(outcome) > rank.indexOf(before) ? outcome : before);
}

function waitsForSystem(path) {
  if (path.includes("/test/system/")) return true;
  // The same rule as in test/system/vitest.config.ts.
  return existsSync(path) && /process\.env\.(DROPLENS_SYSTEM|KUBECONFIG)\b/.test(readFileSync(path, "utf8"));
}

function readLines(path) {
  return existsSync(path)
    ? readFileSync(path, "utf8")
        .split("\n")
        .filter((line) => line !== "")
    : [];
}
