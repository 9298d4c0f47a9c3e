/**
 * What a plugin package exports: one plain object. Importing it does nothing, `create` does no I/O.
 * Made by plugin authors with definePlugin, read by the core when a config names the plugin.
 */
import type { PluginContext } from "./context.ts";
import type { Parser } from "./parser.ts";
import type { Resolver } from "./resolver.ts";
import type { Sink } from "./sink.ts";
import type { Source } from "./source.ts";
import type { StandardSchema } from "./standard-schema.ts";

/** The version of the contract in this folder. A plugin made for another one is refused by name. */
export const apiVersion = 1;

/** What each role makes. */
export interface RoleInstances {
  readonly source: Source;
  readonly parser: Parser;
  readonly resolver: Resolver;
  readonly sink: Sink;
}

/** What a plugin does in a pipeline. */
export type Role = keyof RoleInstances;

/** A standard stream of the process. */
export type StandardStream = "stdin" | "stdout" | "stderr";

/** A plugin, as its package exports it by default. */
export interface PluginDefinition<R extends Role = Role, Options = unknown> {
  readonly role: R;
  /** `<role>-<thing>`: the word after `use:` in a config, the logger's name and the metric label. */
  readonly name: string;
  readonly apiVersion: number;
  /** The plugin's own version; built-in plugins leave it out and show Droplens' version. */
  readonly version?: string;
  /** Checks and completes what the user wrote. Any Standard Schema (zod, valibot, arktype …); synchronous. */
  readonly options: StandardSchema<Options>;
  /** Makes an instance. No I/O here: that is for `start`. May be called several times in one process. */
  create(options: Options, context: PluginContext): RoleInstances[R];
  /**
   * Which of the process's standard streams an instance with these options takes; left out: none. stdin goes to one
   * instance only, and Droplens' own log goes to stderr when somebody takes stdout.
   */
  standardStreams?(options: Options): readonly StandardStream[];
}

/**
 * Declares a plugin; only gives the parts their types.
 *
 * @example export default definePlugin({ role: "sink", name: "sink-webhook", apiVersion: 1, options, create });
 */
export function definePlugin<R extends Role, Options>(
  definition: PluginDefinition<R, Options>,
): PluginDefinition<R, Options> {
  return definition;
}
