/** A plugin at work in a pipeline, and how a row of them is started and stopped. */
import type { Logger } from "../plugin/context.ts";
import type { Role, RoleInstances } from "../plugin/definition.ts";
import { DroplensError, describeError } from "../plugin/errors.ts";
import type { Lifecycle } from "../plugin/lifecycle.ts";

export interface Stage<R extends Role = Role> {
  readonly role: R;
  /** The instance's name: metric label, logger name. */
  readonly name: string;
  /** What it is an instance of: the plugin's name, and its version where it has one of its own. */
  readonly plugin: string;
  /** What it was made with: a reload keeps an instance whose options are the same. */
  readonly options: unknown;
  /** Its place in the config, for messages. */
  readonly where: string;
  readonly instance: RoleInstances[R];
}

/** What a plugin could not do, with its name, its version and its place in the config. */
export class StageError extends DroplensError<"PLUGIN_START" | "PLUGIN_READ" | "PLUGIN_SCAN"> {
  constructor(code: StageError["code"], what: string, stage: Stage, error: unknown) {
    super(code, `${what} ${titleOf(stage)} (${stage.where}): ${describeError(error)}`);
  }
}

/** One after the other; an error names the plugin and ends the start-up. */
export async function startStages(stages: readonly Stage[], signal: AbortSignal): Promise<void> {
  for (const stage of stages) {
    signal.throwIfAborted();
    try {
      await lifecycle(stage).start?.(signal);
    } catch (error) {
      signal.throwIfAborted();
      throw new StageError("PLUGIN_START", "cannot start", stage, error);
    }
  }
}

/** One after the other, whatever happens: one that fails or overruns `signal` is logged, and the next one stops. */
export async function stopStages(stages: readonly Stage[], logger: Logger, signal: AbortSignal): Promise<void> {
  for (const stage of stages) {
    try {
      await Promise.race([lifecycle(stage).stop?.(signal), aborted(signal)]);
    } catch (error) {
      logger.warn({ plugin: stage.name, error: describeError(error) }, "a plugin did not stop cleanly");
    }
  }
}

/** `sink-webhook 1.2.3`, or `audit (sink-webhook 1.2.3)` where the config gives it another name. */
function titleOf({ name, plugin }: Stage): string {
  if (name === plugin) return name;
  return plugin.startsWith(`${name} `) ? plugin : `${name} (${plugin})`;
}

export function lifecycle(stage: Stage): Lifecycle {
  return stage.instance;
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
