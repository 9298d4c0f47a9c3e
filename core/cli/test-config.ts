/**
 * `droplens test`: config tests. Each runs its lines through the config's own parser, window and pipeline, between
 * stand-ins, and compares what comes to each sink. Nothing outside is asked and nothing is sent.
 */
import type { BuiltIn } from "../config/load.ts";
import { formatProblem } from "../config/problem.ts";
import { printable } from "../model/printable.ts";
import { type Paint, paintFor } from "./config-test/paint.ts";
import { runTest } from "./config-test/run-test.ts";
import { loadTests, type RunnableTest } from "./config-test/test-file.ts";
import { faultsOf } from "./config-test/verdict.ts";
import type { ExitCode, Io } from "./io.ts";

/** 2: a test file or its config is wrong, and none is run; 1: a test failed; 0: all passed. */
export async function testConfig(files: readonly string[], io: Io, builtIn: BuiltIn): Promise<ExitCode> {
  const loaded = await loadAll(files, io, builtIn);
  if (loaded === undefined) return 2;
  const paint = paintFor(io);
  let [passed, failed] = [0, 0];
  for (const [file, tests] of loaded) {
    io.stdout(`${file}\n`);
    for (const test of tests) {
      if (io.signal.aborted) break;
      if (await passes(test, io, paint)) passed++;
      else failed++;
    }
  }
  const stopped = io.signal.aborted ? ", stopped before the end" : "";
  io.stdout(`${passed} passed, ${failed} failed${stopped}\n`);
  return failed > 0 || io.signal.aborted ? 1 : 0;
}

type LoadedFiles = ReadonlyMap<string, readonly RunnableTest[]>;

async function loadAll(files: readonly string[], io: Io, builtIn: BuiltIn): Promise<LoadedFiles | undefined> {
  const loaded = new Map<string, readonly RunnableTest[]>();
  let isWrong = false;
  for (const file of files) {
    const tests = await loadTests(file, io.cwd, builtIn);
    if (tests.ok) loaded.set(file, tests.tests);
    else isWrong = true;
    if (!tests.ok) for (const problem of tests.problems) io.stderr(`${formatProblem(problem)}\n`);
  }
  return isWrong ? undefined : loaded;
}

async function passes(test: RunnableTest, io: Io, paint: Paint): Promise<boolean> {
  const faults = faultsOf(test, await runTest(test.setup, io.signal), paint);
  const name = printable(test.name, 500);
  if (faults.length === 0) io.stdout(`  ${paint.expected("ok    ")} ${name}\n`);
  else io.stdout(`  ${paint.got("FAILED")} ${name} (${test.where})\n`);
  for (const fault of faults) io.stdout(`    ${fault}\n`);
  return faults.length === 0;
}
