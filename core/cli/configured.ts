/** The first thing that most commands do: load the config, or say everything that is wrong with it. */
import { type BuiltIn, type Loaded, loadConfig } from "../config/load.ts";
import { formatProblems } from "../config/problem.ts";
import type { Io } from "./io.ts";

export interface ConfigChoice {
  /** `--config`. */
  readonly config?: string;
  /** Files of `replay`. */
  readonly replay?: readonly string[];
}

/** Undefined: the problems are on stderr, exit with 2. Warnings are the caller's to log. */
export async function configured(
  choice: ConfigChoice,
  io: Io,
  builtIn: BuiltIn,
): Promise<(Loaded & { readonly ok: true }) | undefined> {
  const { cwd, environment } = io;
  const loaded = await loadConfig({ file: choice.config, replay: choice.replay, cwd, environment, builtIn });
  if (loaded.ok) return loaded;
  for (const warning of loaded.warnings) io.stderr(`warning: ${warning}\n`);
  for (const problem of formatProblems(loaded.problems)) io.stderr(`${problem}\n`);
  return undefined;
}
