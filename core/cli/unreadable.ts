/** Why a file that was named on the command line cannot be read, and what to do. Called by parse and replay. */
import { access, constants, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { printable } from "../model/printable.ts";
import { describeError } from "../plugin/errors.ts";

const advice: Readonly<Record<string, string>> = {
  ENOENT: "no such file: check the path",
  ENOTDIR: "no such file: a part of its path is no directory",
  EISDIR: "it is a directory: name the files in it",
  EACCES: "permission denied: run as a user or a group that may read it",
};

/** `file` as it was typed. */
export function unreadable(file: string, error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return `cannot read ${printable(file, 500)}: ${advice[code] ?? describeError(error)}`;
}

/** What is wrong with each of `files`, a sentence each; empty: all can be read. Patterns are the source's to resolve. */
export async function unreadableFiles(files: readonly string[], cwd: string): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const file of files.filter((name) => !/[*?]/.test(name))) {
    try {
      const path = resolve(cwd, file);
      if ((await stat(path)).isDirectory()) throw Object.assign(new Error("a directory"), { code: "EISDIR" });
      await access(path, constants.R_OK);
    } catch (error) {
      problems.push(unreadable(file, error));
    }
  }
  return problems;
}
