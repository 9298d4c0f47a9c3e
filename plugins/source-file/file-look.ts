/**
 * Looks at a path without opening it: a regular file, nothing there yet, or something that we refuse.
 * What is refused comes with a sentence for a person: what, where, and what to do.
 */
import { constants, statSync } from "node:fs";
import { access, lstat, open, readdir, readlink, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describeError, printable } from "../../core/plugin/index.ts";
import { systemCode } from "./errors.ts";

export type Look =
  | { readonly kind: "file"; readonly device: string; readonly inode: string }
  | { readonly kind: "missing"; readonly problem: string }
  | { readonly kind: "refused"; readonly isFile: boolean; readonly problem: string };

export async function lookAt(path: string): Promise<Look> {
  try {
    // Synchronous, as OpenFile looks at its file: a poll that finds nothing new shall not wake the thread pool.
    const stats = statSync(path, { bigint: true });
    if (stats.isDirectory()) return { kind: "refused", isFile: false, problem: await directoryProblem(path) };
    if (!stats.isFile()) return { kind: "refused", isFile: false, problem: notRegularProblem(path) };
    return { kind: "file", device: String(stats.dev), inode: String(stats.ino) };
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT") return { kind: "missing", problem: await missingProblem(path) };
    return { kind: "refused", isFile: true, problem: await unreadableProblem(path, error) };
  }
}

/** Why the file cannot be read, tried by opening it. Undefined: it can. */
export async function findProblem(path: string): Promise<{ problem: string; isMissing: boolean } | undefined> {
  const look = await lookAt(path);
  if (look.kind !== "file") return { problem: look.problem, isMissing: look.kind === "missing" };
  try {
    await (await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)).close();
    return undefined;
  } catch (error) {
    return { problem: await unreadableProblem(path, error), isMissing: false };
  }
}

export function noMatch(pattern: string): string {
  return `no file matches ${printable(pattern)} yet: check the pattern, and that its folder is mounted`;
}

export function notRegularProblem(path: string): string {
  return `${printable(path)} is not a regular file (a pipe, socket or device): name the file that the log is written to`;
}

async function directoryProblem(path: string): Promise<string> {
  const names = await readdir(path).catch(() => []);
  const some = names.slice(0, 3).map((name) => printable(name, 64));
  const holds = some.length === 0 ? "it is empty" : `it holds ${some.join(", ")}${names.length > 3 ? ", …" : ""}`;
  return (
    `${printable(path)} is a directory (${holds}): name the log file in it, or a glob such as ${printable(path)}/*.log; ` +
    "a mount makes a directory where the file was missing: mount the directory that the log is in"
  );
}

async function missingProblem(path: string): Promise<string> {
  const target = await readlink(path).catch(() => undefined);
  if (target !== undefined) {
    return `${printable(path)} is a symbolic link to ${printable(target)}, which does not exist: mount the directory of the link's target too`;
  }
  const directory = dirname(path);
  const exists = await lstat(directory).then(
    () => true,
    () => false,
  );
  if (!exists)
    return `${printable(directory)} does not exist: is the directory of the log mounted, and the path right?`;
  return `${printable(path)} does not exist: reading begins when it appears; check the path, and that something is logged`;
}

export async function unreadableProblem(path: string, error: unknown): Promise<string> {
  const code = systemCode(error);
  if (code !== "EACCES" && code !== "EPERM")
    return `cannot read ${printable(path)}: ${printable(describeError(error))}`;
  const barrier = await closedAncestor(path);
  const at = barrier ?? path;
  const stats = await stat(at).catch(() => undefined);
  const need = barrier === undefined ? "read" : "search";
  const facts =
    stats === undefined
      ? ""
      : `: ${barrier === undefined ? "it has" : `${printable(at)} has`} mode 0${(stats.mode & 0o7777).toString(8)}, ` +
        `user ${stats.uid}, group ${stats.gid}, and Droplens runs as ${ownIds()}`;
  return `cannot read ${printable(path)} (${code})${facts}; ${remedy(stats, need)}`;
}

function ownIds(): string {
  return `user ${process.geteuid?.() ?? "?"}, groups ${process.getgroups?.().join(",") ?? "?"}`;
}

function remedy(stats: { mode: number; gid: number } | undefined, need: "read" | "search"): string {
  const bit = need === "read" ? 0o040 : 0o010;
  if (stats !== undefined && (stats.mode & bit) !== 0 && !process.getgroups?.().includes(stats.gid)) {
    return `add ${stats.gid} to supplementalGroups in the pod's securityContext (or the user to that group)`;
  }
  return `let a group ${need} it and add that group to supplementalGroups, or run as user 0`;
}

/** The first directory on the way to `path` that may not be searched. */
async function closedAncestor(path: string): Promise<string | undefined> {
  const parts = dirname(path).split("/");
  for (let i = 1; i <= parts.length; i++) {
    const directory = join("/", ...parts.slice(0, i));
    const open = await access(directory, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!open) return directory;
  }
  return undefined;
}
