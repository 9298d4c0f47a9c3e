/** Colours of a diff: on a terminal only, and not where NO_COLOR is set. Called by core/cli/test-config.ts. */
import type { Io } from "../io.ts";

export interface Paint {
  expected(text: string): string;
  got(text: string): string;
  dim(text: string): string;
}

export function paintFor({ stdoutTerminal, environment }: Io): Paint {
  const isColoured = stdoutTerminal === true && !environment.NO_COLOR;
  const colour = (code: number) => (text: string) => (isColoured ? `\u001b[${code}m${text}\u001b[39m` : text);
  return { expected: colour(32), got: colour(31), dim: colour(90) };
}
