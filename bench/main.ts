/**
 * `npm run bench`: measures the built program beside its references and prints one table. Everything that it starts is
 * ended, and its folder removed, also on Ctrl-C.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { baselineOf, newTo, readBaseline, saveBaseline, worseThan } from "./baseline.ts";
import { builtProgram } from "./built-program.ts";
import { type CommandLine, commandLine, usage } from "./command-line.ts";
import { type Outcome, thisMachine, versions } from "./outcome.ts";
import { withSection } from "./readme-section.ts";
import { checkout, Stage } from "./stage.ts";
import { tableText } from "./table.ts";
import { works } from "./works.ts";

const baselinePath = join(checkout, "bench/baseline.json");
const readmePath = join(checkout, "README.md");
const stopping = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stopping.abort(new Error(name)));

try {
  const words = process.argv.slice(2);
  const options = commandLine(
    words,
    works.map(({ name }) => name),
  );
  process.exitCode = options.help ? help() : await main(options, words);
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}

function help(): number {
  console.log(usage);
  for (const { name, about } of works) console.log(`  ${name.padEnd(10)} ${about}`);
  return 0;
}

async function main(options: CommandLine, words: readonly string[]): Promise<number> {
  const { from, json } = options;
  const outcome =
    from === undefined ? await measure(options, words) : (JSON.parse(readFileSync(from, "utf8")) as Outcome);
  console.log(tableText(outcome));
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(outcome, undefined, 2)}\n`);
  const worse = options.check ? check(outcome) : 0;
  const kept = existsSync(baselinePath) ? readBaseline(baselinePath) : undefined;
  if (options.save) saveBaseline(baselinePath, baselineOf(outcome), kept);
  if (options.readme) writeFileSync(readmePath, withSection(readFileSync(readmePath, "utf8"), outcome));
  const failed = outcome.results.some((result) => result.failed !== undefined);
  return worse > 0 || failed ? 1 : 0;
}

async function measure(options: CommandLine, words: readonly string[]): Promise<Outcome> {
  const program = options.program === undefined ? builtProgram(console.error) : resolve(options.program);
  const { rounds, idleSeconds } = options;
  const { env: environment } = process;
  const { signal } = stopping;
  const machine = thisMachine();
  const results: Outcome["results"][number][] = [];
  for (const work of works) {
    if (options.works.length > 0 && !options.works.includes(work.name)) continue;
    console.error(`${work.name}: ${work.about}`);
    const stage = new Stage({ program, rounds, idleSeconds, environment, signal });
    try {
      results.push(await work.measure(stage));
    } catch (error) {
      if (signal.aborted) throw error;
      const failed = error instanceof Error ? error.message : String(error);
      results.push({ work: work.name, load: work.about, rows: [], goals: [], notes: [], failed });
    } finally {
      await stage.close();
    }
  }
  return {
    date: new Date().toISOString(),
    command: ["npm run bench", ...(words.length > 0 ? ["--", ...words] : [])].join(" "),
    machine,
    versions: versions(program, environment.OTELCOL || undefined),
    results,
  };
}

/** How many figures got worse. */
function check(outcome: Outcome): number {
  if (!existsSync(baselinePath)) throw new Error(`there is no ${baselinePath}: npm run bench -- --save makes it`);
  const [baseline, now] = [readBaseline(baselinePath), baselineOf(outcome)];
  const worse = worseThan(baseline, now);
  for (const text of worse) console.log(`worse: ${text}`);
  for (const name of newTo(baseline, now)) console.log(`not in the baseline: ${name}`);
  console.log(
    `${Object.keys(now.figures).length} figures compared with those of ${baseline.date}: ${worse.length} worse`,
  );
  return worse.length;
}
