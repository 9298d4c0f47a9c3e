/**
 * `droplens replay`: the pipelines over files of the past, without expiry and without a checkpoint. Logs and the summary
 * go to stderr, so that stdout belongs to sinks that write there.
 */
import type { BuiltIn } from "../config/load.ts";
import { secretsOf } from "../config/secret.ts";
import { compose } from "../container.ts";
import { createLogger } from "../operations/logger.ts";
import { Redactor } from "../operations/redactor.ts";
import { uncaughtListener } from "../operations/uncaught.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { describeError } from "../plugin/errors.ts";
import { realClock } from "../real-clock.ts";
import { DROPLENS, METRICS } from "../tokens.ts";
import { configured } from "./configured.ts";
import type { ExitCode, Io } from "./io.ts";
import { drawProgress } from "./progress.ts";
import { inShortLife } from "./short-life.ts";
import { summarize } from "./summary.ts";
import { unreadableFiles } from "./unreadable.ts";

export interface ReplayOptions {
  readonly config?: string;
  readonly files: readonly string[];
}

export async function replay(options: ReplayOptions, io: Io, builtIn: BuiltIn): Promise<ExitCode> {
  const { files, ...choice } = options;
  const loaded = await configured({ ...choice, replay: files }, io, builtIn);
  if (loaded === undefined) return 2;
  const unreadable = await unreadableFiles(files, io.cwd);
  for (const problem of unreadable) io.stderr(`droplens: ${problem}\n`);
  if (unreadable.length > 0) return 1;
  const { config, warnings } = loaded;
  const redactor = new Redactor(secretsOf(loaded.details.document.root));
  const redact = redactor.text.bind(redactor);
  const logger = createLogger(config.log.level === "info" ? "warn" : config.log.level, 2, redact);
  for (const warning of warnings) logger.warn({}, warning);
  let pipelines: readonly Pipeline[] = [];
  let failed = false;
  try {
    const composition = { config, environment: io.environment, logger, replay: true };
    const registry = compose(composition);
    const droplens = await registry.get(DROPLENS);
    pipelines = droplens.pipelines;
    const broken = new AbortController();
    const stop = (error: unknown) => {
      failed = true;
      broken.abort(error);
    };
    io.onUncaught?.(uncaughtListener({ logger, metrics: registry.get(METRICS), clock: realClock, stop }));
    const running = inShortLife(() => droplens.run(AbortSignal.any([io.signal, broken.signal])));
    if (io.terminal) await drawProgress(running, pipelines, io);
    await running;
  } catch (error) {
    failed = true;
    io.stderr(`droplens: ${redact(describeError(error))}\n`);
  }
  if (io.signal.aborted) io.stderr("droplens: stopped before the end of the files\n");
  for (const pipeline of pipelines) io.stderr(summarize(pipeline));
  return failed ? 1 : 0;
}
