/**
 * A real rsyslogd of our own that writes the kernel's log to a file, as a node's does: own config, own socket, own pid
 * file. It begins with what the kernel logged before, stamped with the time of reading; so tests tell their lines by a
 * prefix that no other run used.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { glob, mkdir, readFile, readlink, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./command.ts";
import { waitFor } from "./wait-for.ts";

export interface Rsyslog {
  /** The file that it writes. */
  readonly path: string;
  readonly pid: number;
  /** The lines in the file, and in those that were rotated away, that hold `text`. */
  lines(text: string): Promise<string[]>;
  /** Logs a line as any process of the machine can. */
  write(tag: string, message: string): Promise<void>;
  /** Rotates the file with the machine's logrotate: "rename" and tell rsyslogd, or "copytruncate". */
  rotate(how: "rename" | "copytruncate"): Promise<void>;
  stop(): Promise<void>;
}

/** imklog is Debian's choice and reads /proc/kmsg, imkmsg reads /dev/kmsg and leaves the kernel's own time out. */
export type KernelInput = "imklog" | "imkmsg";

export async function startRsyslog(folder: string, input: KernelInput): Promise<Rsyslog> {
  if (input === "imklog") await refuseSecondReader();
  const path = join(folder, "log", "kern.log");
  const socket = join(folder, "syslog.socket");
  await mkdir(join(folder, "log"), { recursive: true });
  await mkdir(join(folder, "spool"), { recursive: true });
  const config = join(folder, "rsyslog.conf");
  await writeFile(config, configText({ folder, path, socket, input }));
  const child = spawn("rsyslogd", ["-n", "-f", config, "-i", join(folder, "rsyslogd.pid")], { stdio: "inherit" });
  const pid = child.pid;
  if (pid === undefined) throw new Error("rsyslogd did not start: is it installed?");
  await waitFor("rsyslogd's socket", () => stat(socket));
  const rsyslog: Rsyslog = {
    path,
    pid,
    lines: async (text) => (await written(path)).filter((line) => line.includes(text)),
    write: async (tag, message) => void (await run(["logger", "--socket", socket, "--tag", tag, message])),
    rotate: (how) => rotate({ folder, path, pid }, how),
    stop: () => stop(child),
  };
  await rsyslog.write("test", "the first line"); // makes the file
  await waitFor(`a line in ${path}`, async () => (await rsyslog.lines("the first line")).length > 0);
  return rsyslog;
}

async function written(path: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const part of glob(`${path}*`)) lines.push(...(await readFile(part, "utf8")).split("\n"));
  return lines;
}

/** As Debian's rsyslog.conf, which sets no template, so that times are RFC 3339. */
function configText({
  folder,
  path,
  socket,
  input,
}: {
  folder: string;
  path: string;
  socket: string;
  input: KernelInput;
}): string {
  return `global(workDirectory="${join(folder, "spool")}")
module(load="${input}")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="${socket}" CreatePath="on")
*.* action(type="omfile" file="${path}" fileOwner="root" fileGroup="adm" fileCreateMode="0640")
`;
}

/** Each line of /proc/kmsg goes to one reader only. */
async function refuseSecondReader(): Promise<void> {
  for await (const link of glob("/proc/[0-9]*/fd/*")) {
    if ((await readlink(link).catch(() => "")) === "/proc/kmsg") {
      throw new Error(`process ${link.split("/")[2]} reads /proc/kmsg and would take our lines: stop it for this test`);
    }
  }
}

async function rotate(
  log: { folder: string; path: string; pid: number },
  how: "rename" | "copytruncate",
): Promise<void> {
  const config = join(log.folder, `logrotate-${how}.conf`);
  const tell = `create 0640 root adm\n  postrotate\n    kill -HUP ${log.pid}\n  endscript`;
  await writeFile(config, `${log.path} {\n  rotate 99\n  ${how === "rename" ? tell : how}\n}\n`, { mode: 0o644 });
  await run(["logrotate", "--force", "--state", join(log.folder, "logrotate.state"), config]);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}
