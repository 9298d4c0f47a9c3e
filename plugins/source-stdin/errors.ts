/** The errors of this room: they end the process, because what a pipe has lost does not come again. */
import { DroplensError } from "../../core/plugin/index.ts";

export type SourceStdinCode = "SOURCE_STDIN_READ";

export class SourceStdinError extends DroplensError<SourceStdinCode> {}

export function unreadable(error: unknown): SourceStdinError {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "unknown";
  const advice = code === "EISDIR" ? "it is a directory: give it a file or a pipe" : "is its other end all right?";
  return new SourceStdinError("SOURCE_STDIN_READ", `cannot read stdin (${code}): ${advice}`, { cause: error });
}
