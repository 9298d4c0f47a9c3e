/** The section "Measured" of README.md, made of a run's JSON by --readme, between two comments. */
import { busy, type Outcome } from "./outcome.ts";
import { type Goal, type Result, reached, significant } from "./row.ts";
import { ratioText } from "./table.ts";

const begin = "<!-- measured: npm run bench -- --readme -->";
const end = "<!-- /measured -->";

export function withSection(readme: string, outcome: Outcome): string {
  const [start, stop] = [readme.indexOf(begin), readme.indexOf(end)];
  if (start < 0 || stop < start) throw new Error(`README.md has no ${begin} … ${end}`);
  return `${readme.slice(0, start)}${begin}\n${sectionText(outcome)}${readme.slice(stop)}`;
}

export function sectionText({ date, machine, versions, results }: Outcome): string {
  return `
| load | measured | figure | to reach | others in the same run |
|---|---|---|---|---|
${results.flatMap(resultRows).join("\n")}

S: CPU seconds of [simple.mjs](bench/reference/simple.mjs) on the same file; N: of starting Node with nothing to do. Measured ${date.slice(0, 10)} on
${machine.cores} cores of ${machine.processor}${busy(machine)}, Node ${versions.node}, Droplens ${versions.droplens}.

`;
}

function resultRows({ work, load, rows, goals, failed }: Result): string[] {
  const title = `${work}: ${load}`;
  if (failed !== undefined) return [`| ${title} | | failed | | |`];
  const others = rows.filter((row) => row.isReference && row.ratio !== undefined);
  const beside = others.map((row) => `${row.what} ${ratioText(row.ratio)}`).join("; ");
  return goals.map((goal, i) => {
    const [first, last] = i === 0 ? [title, beside] : ["", ""];
    return `| ${first} | ${goal.name} | ${figure(goal)} | ${limit(goal)} | ${last} |`;
  });
}

function figure(goal: Goal): string {
  return `${numberText(goal.measured)} ${unit(goal)}`.trim();
}

function limit(goal: Goal): string {
  return `${goal.unit === "/s" ? "≥" : "≤"} ${numberText(goal.limit)}${reached(goal) ? "" : ", **not reached**"}`;
}

const numberText = (value: number) => (value >= 100 ? Math.round(value).toLocaleString("en-US") : significant(value));
const unit = (goal: Goal) => (goal.unit === "/s" ? "a second" : goal.unit);
