/**
 * Brings what the OpenTelemetry libraries have to say into Droplens' log. `diag` is one for the whole process: every sink
 * that runs hears it, and the last one that stops gives it back. Called by otel-sink.ts.
 */
import { DiagLogLevel, diag } from "@opentelemetry/api";
import { printable } from "../model/printable.ts";
import type { Logger } from "../plugin/context.ts";

const listeners = new Set<Logger>();

/** Returns how to stop listening. */
export function listenToDiag(logger: Logger): () => void {
  // An object of its own: two sinks may share a logger.
  const listener: Logger = {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
  if (listeners.size === 0) diag.setLogger(diagLogger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  listeners.add(listener);
  return () => {
    if (listeners.delete(listener) && listeners.size === 0) diag.disable();
  };
}

function tell(level: keyof Logger, message: string): void {
  for (const listener of listeners) listener[level]({ from: "opentelemetry" }, printable(message, 500));
}

const diagLogger = {
  verbose: (message: string) => tell("debug", message),
  debug: (message: string) => tell("debug", message),
  info: (message: string) => tell("info", message),
  warn: (message: string) => tell("warn", message),
  error: (message: string) => tell("error", message),
};
