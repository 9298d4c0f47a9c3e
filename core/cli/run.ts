/** `droplens run`: the pipelines of the config, until they are told to stop. */
import type { BuiltIn } from "../config/load.ts";
import { compose } from "../container.ts";
import { createLogger } from "../operations/logger.ts";
import { describeError } from "../plugin/errors.ts";
import { DROPLENS } from "../tokens.ts";
import { version } from "../version.ts";
import { configured } from "./configured.ts";
import type { ExitCode, Io } from "./io.ts";
import { serveReloads } from "./reloading.ts";

export async function run(options: { config?: string }, io: Io, builtIn: BuiltIn): Promise<ExitCode> {
  const loaded = await configured(options, io, builtIn);
  if (loaded === undefined) return 2;
  const { config, warnings } = loaded;
  const logger = createLogger(config.log.level, config.log.destination === "stderr" ? 2 : 1);
  logger.info({ version, config: config.origin }, "droplens is starting");
  for (const warning of warnings) logger.warn({}, warning);
  try {
    const droplens = await compose({ config, environment: io.environment, logger }).get(DROPLENS);
    const reloading = new AbortController();
    const file = config.origin === builtIn.bundle.origin ? undefined : config.origin;
    const reloads = serveReloads({ droplens, config, file, builtIn, logger }, io, reloading.signal);
    await droplens.run(io.signal).finally(() => reloading.abort());
    await reloads;
    logger.info({}, "droplens has stopped");
    return 0;
  } catch (error) {
    logger.error({ error: describeError(error) }, "droplens has failed");
    return 1;
  }
}
