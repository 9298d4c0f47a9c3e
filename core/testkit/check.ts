/**
 * What the suites are made of: named checks that any test runner can loop over, and what the plugin under test is
 * checked against. A failed check rejects with an Error whose message says what was expected.
 *
 * @example for (const { name, run } of sinkChecks(subject)) it(name, run); // vitest, jest, node:test
 */
import type { PluginContext } from "../plugin/context.ts";
import type { PluginDefinition, Role } from "../plugin/definition.ts";

/** One behaviour, to be run as one test. Rejects with an Error that says what was expected. */
export interface Check {
  /** A sentence: "stops twice". */
  readonly name: string;
  /** May be called once or many times, alone or after others, but not two checks at once. */
  readonly run: () => Promise<void>;
}

/** What all subjects have: the plugin, and how to make what it works with. */
export interface Subject<R extends Role, P extends Partner> {
  readonly definition: PluginDefinition<R>;
  /** Called by each check: a new server, folder or table, that the check stops at its end. */
  startPartner(): P | Promise<P>;
  /** What else the partners can `become`. Checks that need another mood are left out. */
  readonly moods?: readonly Exclude<Mood, "well">[];
  /** How long one call of the plugin may take. Default: 4 s, less than vitest and jest give a test. */
  readonly patienceMillis?: number;
}

/** What the plugin works with: a server, a folder of log files, or nothing at all. */
export interface Partner {
  /** What a user would write beside `use:` to reach it. */
  readonly options: Readonly<Record<string, unknown>>;
  /** What the plugin is handed; left out: a testContext in real time. */
  readonly context?: PluginContext;
  /** Behaves otherwise from now on. */
  become?(mood: Mood): void | Promise<void>;
  stop?(): void | Promise<void>;
}

/**
 * well: does its work. unavailable: refuses connections, or says "come back later". refusing: says "never" to whatever
 * it is sent. silent: takes connections and requests, and answers none.
 */
export type Mood = "well" | "unavailable" | "refusing" | "silent";
