/** JSON lines on stdout or stderr by pino, with the Go tailer's level names. The core makes one; plugins get children. */
import { destination, type Logger as PinoLogger, pino, stdTimeFunctions } from "pino";
import type { LogLevel } from "../config/config.ts";
import type { Logger } from "../plugin/context.ts";

/**
 * `fd` 1 for a service, 2 where stdout is the product's (replay). Written at once: a crash loses no line. `redact` takes
 * secrets out of each line.
 */
export function createLogger(
  level: LogLevel,
  fd: 1 | 2 = 1,
  redact: (line: string) => string = (line) => line,
): Logger {
  const stream = destination({ fd, sync: true });
  return withPino(
    pino(
      {
        level,
        base: null,
        timestamp: stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        messageKey: "msg",
      },
      { write: (line: string) => void stream.write(redact(line)) },
    ),
  );
}

const pinoOf = new WeakMap<Logger, PinoLogger>();

/** The same logger with `fields` on each line. */
export function childLogger(logger: Logger, fields: object): Logger {
  const parent = pinoOf.get(logger);
  if (parent !== undefined) return withPino(parent.child(fields));
  return {
    debug: (more, message) => logger.debug({ ...fields, ...more }, message),
    info: (more, message) => logger.info({ ...fields, ...more }, message),
    warn: (more, message) => logger.warn({ ...fields, ...more }, message),
    error: (more, message) => logger.error({ ...fields, ...more }, message),
  };
}

function withPino(logger: PinoLogger): Logger {
  const wrapped: Logger = {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
  pinoOf.set(wrapped, logger);
  return wrapped;
}
