/** The section "Measured" of README.md, made of a run's JSON by --readme, between two comments. */
import type { Outcome } from "./outcome.ts";
import { type Goal, reached, significant } from "./row.ts";

const begin = "<!-- measured: npm run bench -- --readme -->";
const end = "<!-- /measured -->";

export function withSection(readme: string, outcome: Outcome): string {
  const [start, stop] = [readme.indexOf(begin), readme.indexOf(end)];
  if (start < 0 || stop < start) throw new Error(`README.md has no ${begin} … ${end}`);
  return `${readme.slice(0, start)}${begin}\n${sectionText(outcome)}${readme.slice(stop)}`;
}

export function sectionText({ date, machine, versions, results }: Outcome): string {
  const rows = results.flatMap(({ work, load, goals, failed }) =>
    failed !== undefined
      ? [`| ${work}: ${load} | | failed | |`]
      : goals.map(
          (goal, i) => `| ${i === 0 ? `${work}: ${load}` : ""} | ${goal.name} | ${figure(goal)} | ${limit(goal)} |`,
        ),
  );
  return `
| load | measured | figure | to reach |
|---|---|---|---|
${rows.join("\n")}

S: CPU seconds of [simple.mjs](bench/reference/simple.mjs) on the same file; N: of \`node -e 0\`. Measured ${date.slice(0, 10)} on
${machine.cores} cores of ${machine.processor}, Node ${versions.node}, Droplens ${versions.droplens}.

`;
}

function figure(goal: Goal): string {
  return `${numberText(goal.measured)} ${unit(goal)}`.trim();
}

function limit(goal: Goal): string {
  return `${goal.unit === "/s" ? "≥" : "≤"} ${numberText(goal.limit)}${reached(goal) ? "" : ", **not reached**"}`;
}

const numberText = (value: number) => (value >= 100 ? Math.round(value).toLocaleString("en-US") : significant(value));
const unit = (goal: Goal) => (goal.unit === "/s" ? "a second" : goal.unit);
