/** The errors of this room. At start they end the process; while running they become problems and log lines. */
import { DroplensError } from "../../core/plugin/index.ts";

export type SourceFileCode = "SOURCE_FILE_MISSING" | "SOURCE_FILE_REFUSED" | "SOURCE_FILE_READ";

export class SourceFileError extends DroplensError<SourceFileCode> {}

/** The code of a system error: "ENOENT", "EACCES" … */
export function systemCode(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}
