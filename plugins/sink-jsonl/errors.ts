/** The errors of this room, with what to do about each. Thrown by the file, shown by start, validate and the log. */
import { dirname } from "node:path";
import { DroplensError, printable, RetryableError } from "../../core/plugin/index.ts";

export type SinkJsonlCode = "SINK_JSONL_OPEN" | "SINK_JSONL_WRITE";

/** A person must mend it: start rejects with it. */
export class SinkJsonlError extends DroplensError<SinkJsonlCode> {}

/** Passes, or can be mended while it runs: the batch comes again. */
export class SinkJsonlRetryableError extends RetryableError<SinkJsonlCode> {}

/** Only a regular file can be rotated, and cut back to whole lines. */
export function noFile(isFolder: boolean): Error {
  const error = new Error("it is no regular file: leave `path` out to write to stdout");
  return Object.assign(error, { code: isFolder ? "EISDIR" : "no file" });
}

export function describe(verb: string, path: string, error: unknown): string {
  const code = systemCode(error);
  return `cannot ${verb} ${printable(path, 1000)} (${code}): ${advice(code, path, error)}`;
}

export function systemCode(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "unknown";
}

/** A full disk passes; a wrong path or right does not. */
export function isPassing(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "EIO", "ESTALE", "EINTR"].includes(systemCode(error));
}

function advice(code: string, path: string, error: unknown): string {
  const folder = printable(dirname(path), 1000);
  if (code === "ENOENT") return `there is no folder ${folder}: create it, or mount it`;
  if (code === "ENOTDIR") return `${folder} is no folder: check the path`;
  if (code === "EISDIR") return "it is a folder: name a file in it";
  if (code === "EACCES" || code === "EPERM")
    return `let user ${process.getuid?.() ?? "?"} write to it and to ${folder}`;
  if (code === "EROFS") return `${folder} is read-only: mount it writable`;
  if (code === "ENOSPC" || code === "EDQUOT") return "the disk is full: make room, or lower maxBytes or keep";
  return error instanceof Error ? printable(error.message, 1000) : "unknown error";
}
