/**
 * Runs the lines of one config test through its pipeline. In: the pipeline as the config has it, the test's world. Out:
 * what came to each sink, and the books. Called by core/cli/test-config.ts, once for each test.
 */
import type { Config, PipelineConfig } from "../../config/config.ts";
import { compose } from "../../container.ts";
import type { DropReport } from "../../model/drop-report.ts";
import type { Pipeline } from "../../pipeline/pipeline.ts";
import type { Environment, Logger } from "../../plugin/context.ts";
import { describeError } from "../../plugin/errors.ts";
import { DROPLENS } from "../../tokens.ts";
import { betweenStandIns, stillClock } from "./stand-ins.ts";
import type { ResolveTable } from "./test-schema.ts";

export interface TestSetup {
  readonly config: Config;
  readonly pipeline: PipelineConfig;
  readonly environment: Environment;
  readonly lines: Uint8Array;
  readonly resolve: ResolveTable;
  /** When the lines are read; undefined: nothing is too old. */
  readonly nowMillis: number | undefined;
}

export interface TestRun {
  /** In the order of the config's sinks. */
  readonly reports: ReadonlyMap<string, readonly DropReport[]>;
  readonly books: Books;
  /** Warnings and errors that were logged: they often say why. */
  readonly log: readonly string[];
  /** Why the pipeline ended before the last line. */
  readonly failure: string | undefined;
}

export interface Books {
  readonly linesRead: number;
  readonly matched: number;
  readonly malformed: Readonly<Record<string, number>>;
  readonly otherLines: Readonly<Record<string, number>>;
  readonly discarded: Readonly<Record<string, number>>;
}

/** The same for every run, so that a test says tomorrow what it says today. */
const defaultNowMillis = Date.parse("2026-01-01T00:00:00Z");
const limitMillis = 60_000;
const maxLogLines = 5;

export async function runTest(setup: TestSetup, signal: AbortSignal): Promise<TestRun> {
  const { nowMillis, lines, resolve, environment } = setup;
  const reports = new Map(setup.pipeline.sinks.map(({ name }): [string, DropReport[]] => [name, []]));
  const between = betweenStandIns(setup.pipeline, { lines, resolve, reports });
  const pipeline = nowMillis === undefined ? { ...between, maxAgeMillis: undefined } : between;
  const log: string[] = [];
  const clock = stillClock(nowMillis ?? defaultNowMillis);
  const config = { ...setup.config, pipelines: [pipeline] };
  const composition = { config, environment, logger: loggerInto(log), clock, replay: true };
  const limit = AbortSignal.timeout(limitMillis);
  let ran: Pipeline | undefined;
  let failure: string | undefined;
  try {
    const droplens = await compose(composition).get(DROPLENS);
    ran = droplens.pipelines[0];
    await droplens.run(AbortSignal.any([signal, limit]));
    if (limit.aborted) failure = `not done within ${limitMillis / 1000} s`;
  } catch (error) {
    failure = describeError(error);
  }
  return { reports, books: booksOf(ran), log, failure };
}

function booksOf(pipeline: Pipeline | undefined): Books {
  return {
    linesRead: pipeline?.linesRead ?? 0,
    matched: pipeline?.collector.matched ?? 0,
    malformed: Object.fromEntries(pipeline?.collector.malformedByReason ?? []),
    otherLines: Object.fromEntries(pipeline?.collector.otherLinesByReason ?? []),
    discarded: Object.fromEntries(pipeline?.discardedBeforeSinks() ?? []),
  };
}

function loggerInto(log: string[]): Logger {
  const quiet = () => undefined;
  const keep = (fields: object, message: string) => {
    if (log.length < maxLogLines) log.push(`${message} ${JSON.stringify(fields)}`);
  };
  return { debug: quiet, info: quiet, warn: keep, error: keep };
}
