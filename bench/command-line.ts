/** The words after `npm run bench --`. Called by main.ts. */
import { parseArgs } from "node:util";

export const usage = `npm run bench -- [WORK…] [options]
  --json FILE      the raw figures
  --from FILE      nothing is measured: the figures of an earlier --json
  --check          compares with bench/baseline.json; exit code 1 when something got worse
  --save           makes these figures the baseline
  --readme         writes them into README.md
  --program FILE   measures this build instead of dist/droplens.js
  --rounds N       how often each program runs where a run takes seconds (5)
  --long           idles for 10 minutes instead of one
WORK:`;

export interface CommandLine {
  readonly works: readonly string[];
  readonly json: string | undefined;
  readonly from: string | undefined;
  readonly check: boolean;
  readonly save: boolean;
  readonly readme: boolean;
  readonly program: string | undefined;
  readonly rounds: number;
  readonly idleSeconds: number;
  readonly help: boolean;
}

/** Throws an Error for people. */
export function commandLine(words: readonly string[], known: readonly string[]): CommandLine {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      json: { type: "string" },
      from: { type: "string" },
      check: { type: "boolean", default: false },
      save: { type: "boolean", default: false },
      readme: { type: "boolean", default: false },
      program: { type: "string" },
      rounds: { type: "string", default: "5" },
      long: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`no such work: ${unknown.join(", ")}; there are ${known.join(", ")}`);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds}: a whole number from 1 on`);
  const { json, from, program, long, ...rest } = values;
  return { ...rest, json, from, program, works: positionals, rounds, idleSeconds: long ? 600 : 60 };
}
