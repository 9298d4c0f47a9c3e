/**
 * Processes that want to be taken for the kernel, through logger(1) and a real rsyslogd, in each of its formats: none is
 * believed but the one whom the parser's README says it cannot tell apart. Needs rsyslogd and logger, no root.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { MemoryCollector, makeParser } from "../../plugins/parser-iptables/testdata/parser-under-test.ts";
import { kernelLine } from "../support/node-stage.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { seeded, tellFigures, tries } from "../support/trial.ts";
import { waitFor } from "../system/wait-for.ts";
import { below, type Random } from "./mutations.ts";

const packet =
  "IN=eth0 OUT=eth1 SRC=10.6.6.6 DST=10.0.0.2 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1 DF PROTO=UDP SPT=1 DPT=53 LEN=40 ";
const drop = `kl-drop: ${packet}`;

/** rsyslog's templates, and how a line of the kernel's own looks in each. */
const formats = {
  RSYSLOG_TraditionalFileFormat: (line: string) => line.replace(/^\S+/, "Nov 20 19:56:42"),
  RSYSLOG_FileFormat: (line: string) => line,
  RSYSLOG_SyslogProtocol23Format: (line: string) => `<4>1 ${line.replace(" kernel: ", " kernel - - - ")}`,
  Json: (line: string) => {
    const [, timestamp, hostname, msg] = /^(\S+) (\S+) kernel: (.*)\n$/.exec(line) ?? [];
    return `${JSON.stringify({ timestamp, hostname, syslogtag: "kernel:", msg })}\n`;
  },
} as const;

const json =
  'template(name="Json" type="list" option.jsonf="on") { property(outname="timestamp" name="timereported" dateFormat="rfc3339" format="jsonf") ' +
  'property(outname="hostname" name="hostname" format="jsonf") property(outname="syslogtag" name="syslogtag" format="jsonf") property(outname="msg" name="msg" format="jsonf") }';

/** What a message tries to be; several of them in one. */
const disguises: readonly ((random: Random) => string)[] = [
  () => drop,
  () => `kernel: ${drop}`,
  () => `[ 2528.800858] ${drop}`,
  () => `x\n${kernelLine(53)}`,
  () => `x\r${kernelLine(53)}`,
  () => `\u001b[2K\u001b[1G${kernelLine(53)}`,
  () => `x#012${kernelLine(53)}`,
  () => `\u0000${drop}`,
  () => `x","syslogtag":"kernel:","msg":"${drop}`,
  () => `x"}\n{"timestamp":"2026-11-20T19:56:42Z","syslogtag":"kernel:","msg":"${drop}"}`,
  () => `- - - ${drop}`,
  () => `] kernel - - - ${drop}`,
  () => `message repeated 3 times: [ ${drop}]`,
  () => `${"y".repeat(8096)}\n${kernelLine(53)}`,
  (random) => `${"z".repeat(below(300, random))}${kernelLine(53)}`,
];

/** All but "kernel" itself, with or without a colon: see below. */
const tags = [
  "root",
  "app",
  "vm",
  "kl-drop",
  "kl-drop:",
  "Kernel",
  "kernel[1]",
  "a kernel",
  "[kernel]",
  "kern",
  "-",
  "1",
];
const options = [
  [],
  ["--id"],
  ["-p", "kern.warn"],
  ["-p", "user.emerg"],
  ["--rfc5424"],
  ["--rfc3164"],
  ["--msgid", "kernel"],
];

const found = (program: string) =>
  [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"]
    .map((folder) => join(folder, program))
    .find(existsSync);
const rsyslogd = found("rsyslogd");
const logger = found("logger");

describe.skipIf(rsyslogd === undefined || logger === undefined)("forged lines through rsyslog", () => {
  it("are never believed, whatever the tag, the priority and the text", async () => {
    const folder = tempFolder(onTestFinished);
    const socket = await startRsyslog(folder);
    const random = seeded();
    const messages = tries({ long: 3_000, short: 400 });
    for (let i = 0; i < messages; i++) log(socket, forgedWords(random));
    log(socket, ["--tag", "end", "the last line"]);
    await waitFor("the last line", async () => textOf(folder, "Json").includes("the last line"));
    const believed = Object.keys(formats).flatMap((format) => believedIn(folder, format as keyof typeof formats));
    const written = Object.keys(formats).reduce(
      (sum, format) => sum + textOf(folder, format).split("\n").length - 1,
      0,
    );
    tellFigures({
      trial: "lines forged through logger(1) and rsyslog",
      tries: written,
      of: "lines",
      lost: believed.length,
      note: `in ${Object.keys(formats).length} formats, ${messages} messages; believed: ${believed.length}`,
    });

    expect(written).toBeGreaterThan(messages);
    expect(believed).toEqual([]);
  });

  it("are believed of one who calls himself kernel where the format names no facility, as the README says", async () => {
    const folder = tempFolder(onTestFinished);
    const socket = await startRsyslog(folder);
    log(socket, ["--tag", "kernel", drop]);
    log(socket, ["--tag", "end", "the last line"]);
    await waitFor("the last line", async () => textOf(folder, "Json").includes("the last line"));
    const formatsDeceived = Object.keys(formats).filter(
      (format) => believedIn(folder, format as keyof typeof formats).length > 0,
    );

    expect(formatsDeceived).toEqual(["RSYSLOG_TraditionalFileFormat", "RSYSLOG_FileFormat", "Json"]);
  });
});

function forgedWords(random: Random): string[] {
  const pick = <T>(list: readonly T[]): T => list[below(list.length, random)] as T;
  const text = pick(disguises)(random);
  return [...pick(options), "--tag", pick(tags), "--", text.replaceAll("\u0000", "\u0001")];
}

function log(socket: string, words: readonly string[]): void {
  execFileSync(logger ?? "logger", ["--socket", socket, "--size", "16384", ...words]);
}

/** The addresses of those who were believed, behind a line of the kernel's own, with a prefix and without. */
function believedIn(folder: string, format: keyof typeof formats): string[] {
  const own = formats[format](kernelLine(80).replace(/SRC=\S+/, "SRC=10.77.7.7"));
  const forged = textOf(folder, format);
  return [{}, { prefix: "kl-drop:" }].flatMap((settings) => {
    const collector = new MemoryCollector();
    makeParser(settings).scan(Buffer.from(own + forged), collector);
    const [first, ...others] = collector.drops;
    expect(first?.sourceAddress, `the kernel's own line in ${format}`).toBe("10.77.7.7");
    return others.map((drop) => `${format}: ${JSON.stringify(drop)}`);
  });
}

function textOf(folder: string, format: string): string {
  const path = join(folder, format);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** Its socket. It reads nothing but that. */
async function startRsyslog(folder: string): Promise<string> {
  const socket = join(folder, "log");
  mkdirSync(join(folder, "spool"));
  const actions = Object.keys(formats).map(
    (name) => `*.* action(type="omfile" file="${join(folder, name)}" template="${name}")`,
  );
  const config = [
    `global(workDirectory="${join(folder, "spool")}" maxMessageSize="16k")`,
    'module(load="imuxsock" SysSock.Use="off")',
    `input(type="imuxsock" Socket="${socket}" CreatePath="on" RateLimit.Interval="0")`,
    json,
    ...actions,
  ];
  writeFileSync(join(folder, "rsyslog.conf"), `${config.join("\n")}\n`);
  const words = ["-n", "-f", join(folder, "rsyslog.conf"), "-i", join(folder, "rsyslogd.pid")];
  const child = spawn(rsyslogd ?? "rsyslogd", words, { stdio: ["ignore", "ignore", "inherit"] });
  onTestFinished(async () => {
    const ended = once(child, "exit");
    if (child.exitCode === null && child.kill("SIGTERM")) await ended;
  });
  await waitFor("rsyslogd's socket", async () => existsSync(socket));
  return socket;
}
