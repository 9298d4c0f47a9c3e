/** `droplens run`: the pipelines of the config, until they are told to stop. */
import type { BuiltIn } from "../config/load.ts";
import { secretsOf } from "../config/secret.ts";
import { compose } from "../container.ts";
import { createLogger } from "../operations/logger.ts";
import { Redactor } from "../operations/redactor.ts";
import { uncaughtListener } from "../operations/uncaught.ts";
import { describeError } from "../plugin/errors.ts";
import { realClock } from "../real-clock.ts";
import { DROPLENS, METRICS } from "../tokens.ts";
import { version } from "../version.ts";
import { configured } from "./configured.ts";
import type { ExitCode, Io } from "./io.ts";
import { serveReloads } from "./reloading.ts";

export async function run(options: { config?: string }, io: Io, builtIn: BuiltIn): Promise<ExitCode> {
  const loaded = await configured(options, io, builtIn);
  if (loaded === undefined) return 2;
  const { config, warnings } = loaded;
  const redactor = new Redactor(secretsOf(loaded.details.document.root));
  const redact = redactor.text.bind(redactor);
  const logger = createLogger(config.log.level, config.log.destination === "stderr" ? 2 : 1, redact);
  logger.info({ version, config: config.origin }, "droplens is starting");
  for (const warning of warnings) logger.warn({}, warning);
  try {
    const registry = compose({ config, environment: io.environment, logger, redact });
    const droplens = await registry.get(DROPLENS);
    const broken = new AbortController();
    const stop = (error: unknown) => broken.abort(error);
    const metrics = registry.get(METRICS);
    io.onUncaught?.(uncaughtListener({ logger, metrics, clock: realClock, stop }));
    const reloading = new AbortController();
    const file = config.origin === builtIn.bundle.origin ? undefined : config.origin;
    const reloads = serveReloads({ droplens, config, file, builtIn, logger, metrics, redactor }, io, reloading.signal);
    await droplens.run(AbortSignal.any([io.signal, broken.signal])).finally(() => reloading.abort());
    await reloads;
    logger.info({}, "droplens has stopped");
    return broken.signal.aborted ? 1 : 0;
  } catch (error) {
    logger.error({ error: describeError(error) }, "droplens has failed");
    return 1;
  }
}
