/**
 * What becomes of an error that nobody caught: thrown from a timer, by an emitter without a listener, a promise that
 * nobody awaits. If a plugin's code was at work it is logged with the plugin's name and counted, and everything goes on:
 * one bad plugin shall not silence the others. From the core itself it may mean anything: `stop` ends the program in
 * order, and what was not delivered is in the checkpoint. Called by the entry for each such error.
 */
import type { Clock, Counter, Logger, Metrics } from "../plugin/context.ts";
import { describeError } from "../plugin/errors.ts";
import { OnceAMinute } from "../plugin/once-a-minute.ts";
import { pluginAtWork } from "../plugin-at-work.ts";

export interface UncaughtParts {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  stop(error: unknown): void;
}

export function uncaughtListener({ logger, metrics, clock, stop }: UncaughtParts): (error: unknown) => void {
  const count = uncaughtErrors(metrics);
  const due = new OnceAMinute(clock);
  return (error) => {
    const plugin = pluginAtWork();
    const fields = { error: describeError(error), stack: stackOf(error) };
    if (plugin === undefined) {
      logger.error(fields, "an error that nobody caught, of no plugin that is known: stopping");
      return stop(error);
    }
    count.add({ plugin });
    if (!due.isDue(plugin)) return;
    const hint = "everything goes on, but this plugin may be broken: tell its author, and restart to be sure";
    logger.error({ plugin, ...fields }, `an error that the plugin did not catch: ${hint}`);
  };
}

export function uncaughtErrors(metrics: Metrics): Counter {
  return metrics.counter({
    name: "droplens_uncaught_errors_total",
    help: "Errors that a plugin threw where nobody could catch them",
    labels: ["plugin"],
  });
}

const maxFrames = 8;

/** The frames only: the message is told apart. */
function stackOf(error: unknown): readonly string[] {
  const lines = error instanceof Error ? (error.stack ?? "").split("\n") : [];
  const frames = lines.filter((line) => /^ {4}at /.test(line)).map((line) => line.trim());
  return frames.slice(0, maxFrames);
}
