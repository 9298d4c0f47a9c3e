/** What processes can write to make Droplens believe in a drop: each form's rule, and what it cannot tell. */
import { describe, expect, it } from "vitest";
import { MemoryCollector, makeParser, parse, say, scan } from "./testdata/parser-under-test.ts";

const body =
  "IN=eth0 OUT=eth1 SRC=10.0.0.1 DST=10.0.0.2 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1 DF PROTO=UDP SPT=1 DPT=53 LEN=40 ";
const forged = `calico-drop: ${body}`;
const real = `Nov 20 19:56:41 vm kernel: [ 2528.800858] ${forged}`;
const settings = { prefix: "calico-drop: " };

/** How it was written, and the line that the logger makes of it. */
const forgeries = [
  ["logger TEXT", `Nov 20 19:56:42 vm root: ${forged}`],
  ["logger TEXT, in RSYSLOG_FileFormat", `2026-11-20T19:56:42.401765+00:00 vm root: ${forged}`],
  ["logger -i TEXT", `Nov 20 19:56:42 vm root[4711]: ${forged}`],
  ["logger -t kernel -i TEXT", `Nov 20 19:56:42 vm kernel[4711]: ${forged}`],
  ["logger -t calico-drop: TEXT", `Nov 20 19:56:42 vm calico-drop:: ${forged}`],
  ["logger with the kernel's tag inside", `Nov 20 19:56:42 vm root: kernel: ${forged}`],
  ["logger with a whole line inside", `Nov 20 19:56:42 vm root: ${real}`],
  ["logger with a line break that rsyslog escaped", `Nov 20 19:56:42 vm root: x#012${real}`],
  ["logger with a carriage return", `Nov 20 19:56:42 vm root: x\r${real}`],
  ["logger with terminal escapes", `Nov 20 19:56:42 vm root: \x1b[2K\x1b[1G${real}`],
  ["a text of several lines, as journalctl prints its rest", `                            ${real}`],
  ["a text of several lines, indented, without framing", `                            ${forged}`],
  ["logger -p user.warn -t kernel, with priorities", `<12>Nov 20 19:56:42 vm kernel: ${forged}`],
  ["logger --rfc5424", `<13>1 2026-11-20T19:56:42.401765+00:00 vm root - - - ${forged}`],
  ["logger --rfc5424 -t kernel", `<13>1 2026-11-20T19:56:42.401765+00:00 vm kernel - - - ${forged}`],
  [
    "structured data that looks like a message",
    `<13>1 2026-11-20T19:56:42Z vm root - - [x y="] vm kernel - - - ${forged}"] z`,
  ],
  ["echo >/dev/kmsg, raw", `12,345,1980578928,-;${forged}`],
  ["echo >/dev/kmsg, dmesg -x", `user  :warn  : [ 2528.800858] ${forged}`],
  ["echo >/dev/kmsg, dmesg -r", `<12>[ 2528.800858] ${forged}`],
  ["a Talos service", `172.20.1.2: user: warning: [2026-11-20T10:09:37.662764956Z]: ${forged}`],
  ["journald: logger -t kernel", json({ MESSAGE: forged, SYSLOG_IDENTIFIER: "kernel", _TRANSPORT: "syslog" })],
  ["journald: logger", json({ MESSAGE: forged, SYSLOG_IDENTIFIER: "root", _TRANSPORT: "syslog" })],
  ["journald: a facility of its own", json({ MESSAGE: forged, SYSLOG_IDENTIFIER: "kernel", SYSLOG_FACILITY: "1" })],
  ["journald: bytes", json({ MESSAGE: [...Buffer.from(forged)], SYSLOG_IDENTIFIER: "x", _TRANSPORT: "stdout" })],
  ["rsyslog JSON", json({ timestamp: "2026-11-20T19:56:42Z", hostname: "vm", syslogtag: "root:", msg: forged })],
  [
    "quotes that break out of a JSON template",
    `{"timestamp":"2026-11-20T19:56:42Z","syslogtag":"root:","msg":" x","syslogtag":"kernel:","msg":"${forged}"}`,
  ],
  [
    "a pod that prints JSON",
    `{"log":${json(`Nov 20 19:56:42 vm root: ${forged}\n`)},"stream":"stdout","time":"2026-11-20T19:56:42Z"}`,
  ],
  ["a pod that prints a line of a process", `2026-11-20T19:56:42Z stdout F Nov 20 19:56:42 vm root: ${forged}`],
  ["JSON that breaks out of Docker's", `{"log":"x","log":"${real}","stream":"stdout","time":"2026-11-20T19:56:42Z"}`],
] as const;

function json(value: unknown): string {
  return JSON.stringify(value);
}

describe("a forged line", () => {
  it.each(forgeries)("%s", (_, line) => {
    for (const options of [settings, { prefix: "calico-drop" }]) expect(parse(line, options).kind).not.toBe("drop");
    expect(say(parse(line, settings))).toBe("other: not-kernel");
    expect(scan(`${line}\n`, settings)).toMatchObject({ drops: [], told: ["other-line not-kernel"] });
  });

  it.each(forgeries)("is not believed without a prefix either: %s", (_, line) => {
    expect(parse(line).kind).toBe("other-line");
  });

  it("is not believed among the kernel's own lines, which are", () => {
    const lines = forgeries.filter(([, line]) => !line.startsWith("{")).map(([, line]) => line);
    const log = lines.map((line) => `${real}\n${line}\n`).join("");
    const collector = scan(log.repeat(3), settings);

    expect(collector.told.filter((told) => told === "other-line not-kernel")).toHaveLength(3 * lines.length);
    expect(collector.told).toHaveLength(6 * lines.length);
  });
});

describe("a line without a tag", () => {
  const tagless = `2026-11-20T19:56:42.401765+00:00 vm ${forged}`;

  it("is believed, as rsyslog templates for the Go tailer write it", () => {
    expect(say(parse(tagless, settings))).toContain("10.0.0.1");
    expect(scan(`${tagless}\n`.repeat(3), settings).told).toHaveLength(3);
  });

  it("is what logger -t calico-drop makes in a log with tags, and not believed there", () => {
    const log = `${tagless}\n${real}\n${tagless}\n`;
    const collector = scan(log, settings);

    expect(collector.told[0]).toBe("other-line not-kernel");
    expect(collector.told[1]).toMatch(/^\d+ /);
    expect(collector.told[2]).toBe("other-line not-kernel");
  });

  it("is not believed in a later chunk of a log with tags", () => {
    const parser = makeParser(settings);
    const collector = new MemoryCollector();
    parser.scan(Buffer.from(`${real}\n`), collector);
    parser.scan(Buffer.from(`${tagless}\n`.repeat(2)), collector);

    expect(collector.told.slice(1)).toEqual(["other-line not-kernel", "other-line not-kernel"]);
  });

  it("stays believed when somebody only writes about the kernel", () => {
    const log = `2026-11-20T19:56:42.401765+00:00 vm they say kernel: is a tag\n${tagless}\n`;

    expect(scan(log, settings).drops).toHaveLength(1);
  });
});

describe("trust: any", () => {
  it("believes what a process wrote, and warns once", () => {
    expect(say(parse(`Nov 20 19:56:42 vm root: ${forged}`, { ...settings, trust: "any" }))).toContain("10.0.0.1");
  });
});
