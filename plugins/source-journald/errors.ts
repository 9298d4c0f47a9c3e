/** The errors of this room. Without the program nothing can start; what it says while running is tried again. */
import { DroplensError, printable, RetryableError } from "../../core/plugin/index.ts";

export type SourceJournaldCode = "SOURCE_JOURNALD_PROGRAM" | "SOURCE_JOURNALD_ENDED";

export function noProgram(command: readonly string[], error: unknown): DroplensError<SourceJournaldCode> {
  const [program = ""] = command;
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : String(error);
  const remedy =
    code === "ENOENT"
      ? "it is not in this image: use the one with journalctl (target `journald` of deploy/Dockerfile), or name it with `command`"
      : "may this user run it?";
  return new DroplensError("SOURCE_JOURNALD_PROGRAM", `cannot start ${program} (${code}): ${remedy}`);
}

/** journalctl has ended by itself, with what it said last. */
export function hasEnded(how: string, said: string, directory: string | undefined): RetryableError<SourceJournaldCode> {
  return new RetryableError("SOURCE_JOURNALD_ENDED", `journalctl ended (${how}): ${remedyFor(said, directory)}`);
}

/** What journalctl says, as of systemd 252, and what to do about it. */
function remedyFor(said: string, directory: string | undefined): string {
  const where = directory ?? "the default folders";
  const last = said.trim().split("\n").at(-1) ?? "";
  if (/No such file or directory/.test(said)) return `${where} is not there: mount the node's /var/log/journal`;
  if (/Not a directory/.test(said)) return `${where} is no folder: name the one that holds the journal's files`;
  if (/[Pp]ermission denied|insufficient permissions/.test(said)) {
    return `${where} may not be read: run as root, or in the group that owns it (systemd-journal; adm on Debian)`;
  }
  return last === "" ? "it said nothing" : printable(last);
}
