/**
 * Reloads the config of a running Droplens: on SIGHUP and when the config file changes. A broken one is refused with its
 * problems, and the old one goes on.
 */
import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Config } from "../config/config.ts";
import { watchConfig } from "../config/config-watch.ts";
import { type BuiltIn, loadConfig } from "../config/load.ts";
import { formatProblems } from "../config/problem.ts";
import { secretsOf } from "../config/secret.ts";
import type { Droplens } from "../droplens.ts";
import type { Redactor } from "../operations/redactor.ts";
import type { Gauge, Logger, Metrics } from "../plugin/context.ts";
import { describeError } from "../plugin/errors.ts";
import { realClock } from "../real-clock.ts";
import type { Io } from "./io.ts";

export interface Reloading {
  readonly droplens: Droplens;
  readonly config: Config;
  /** Undefined: the built-in bundle runs, and there is no file to watch. */
  readonly file: string | undefined;
  readonly builtIn: BuiltIn;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Learns the secrets of each new config. */
  readonly redactor: Redactor;
}

/** As Prometheus has it of itself: an alert asks for 0. */
export function lastReload(metrics: Metrics): Gauge {
  return metrics.gauge({
    name: "droplens_config_last_reload_successful",
    help: "1: what the config file says is what runs; 0: the last reload was refused, and the config before it goes on",
  });
}

/** Serves reloads until `signal` aborts, one after the other. */
export async function serveReloads(reloading: Reloading, io: Io, signal: AbortSignal): Promise<void> {
  let current = reloading.config;
  let generation = 0;
  let last: Promise<void> = Promise.resolve();
  const success = lastReload(reloading.metrics);
  success.set({}, 1);
  const reload = (why: string) => {
    last = last.then(async () => {
      if (signal.aborted) return;
      const next = await reloadOnce(reloading, { current, why, generation: ++generation }, io);
      success.set({}, next === undefined ? 0 : 1);
      current = next ?? current;
    });
  };
  io.onHangup(() => reload("SIGHUP"), signal);
  const { file, logger } = reloading;
  if (file !== undefined) {
    const path = resolve(io.cwd, file);
    await watchConfig({ path, logger, clock: realClock, onChange: () => reload("the file has changed") }, signal);
  }
  await last;
}

interface Attempt {
  readonly current: Config;
  readonly why: string;
  readonly generation: number;
}

/** The new config in force; undefined when the old one goes on. */
async function reloadOnce(reloading: Reloading, attempt: Attempt, io: Io): Promise<Config | undefined> {
  const { droplens, file, builtIn, logger, redactor } = reloading;
  const { current, why, generation } = attempt;
  const loaded = await loadConfig({ file, generation, cwd: io.cwd, environment: io.environment, builtIn });
  if (!loaded.ok) {
    const problems = formatProblems(loaded.problems);
    logger.error({ why, problems }, "the new config is refused: the old one goes on");
    return undefined;
  }
  redactor.know(secretsOf(loaded.details.document.root));
  try {
    await droplens.reload(loaded.config);
  } catch (error) {
    logger.error({ why, error: describeError(error) }, "the new config cannot start: the old one goes on");
    return undefined;
  }
  for (const warning of loaded.warnings) logger.warn({}, warning);
  for (const key of needRestart(current, loaded.config)) logger.warn({ key }, "this key of the config takes a restart");
  logger.info({ why, config: loaded.config.origin }, "the config is reloaded");
  return loaded.config;
}

function needRestart(before: Config, after: Config): string[] {
  const keys = ["log", "stateFolder", "stopTimeoutMillis", "operations"] as const;
  return keys.filter((key) => !isDeepStrictEqual(before[key], after[key]));
}
