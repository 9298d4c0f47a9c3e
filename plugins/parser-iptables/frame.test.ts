/** What loggers put around the kernel's line: real output of each (testdata/framing.md), and forms from the field. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse, say, scan } from "./testdata/parser-under-test.ts";

const message =
  "klf-drop: IN=eth0 OUT=eth1 SRC=10.77.1.2 DST=10.77.2.2 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1 DF PROTO=UDP SPT=1 DPT=53 LEN=40 ";
const reading = "2026-11-20T20:00:00.000Z";

/** Of each file: lines, drops among them, and time and host of the second line. */
const files = [
  ["dmesg-P.txt", 8, 8, reading, undefined],
  ["dmesg-T.txt", 8, 8, "2026-11-20T19:56:53Z", undefined],
  ["dmesg-d.txt", 8, 8, reading, undefined],
  ["dmesg-r.txt", 8, 8, reading, undefined],
  ["dmesg-t.txt", 8, 8, reading, undefined],
  ["dmesg-timeformatctime.txt", 8, 8, "2026-11-20T19:56:53Z", undefined],
  ["dmesg-timeformatiso.txt", 8, 8, "2026-11-20T19:56:53.384921Z", undefined],
  ["dmesg-timeformatreltime.txt", 8, 8, reading, undefined],
  ["dmesg-x.txt", 8, 8, reading, undefined],
  ["journalctl-cat.txt", 10, 10, reading, undefined],
  ["journalctl-json.txt", 10, 10, "2026-11-20T19:56:42.475644Z", "vm"],
  // The first line of each pair is an event, the second is empty.
  ["journalctl-json-sse.txt", 20, 10, undefined, undefined],
  ["journalctl-oddprefix-cat.txt", 126, 126, reading, undefined],
  ["journalctl-oddprefix-json.txt", 126, 126, "2026-11-20T19:47:35.003108Z", "vm"],
  // Five lines are "[178B blob data]": journalctl does not print a prefix that is not UTF-8.
  ["journalctl-oddprefix-short.txt", 126, 121, "2026-11-20T19:57:36Z", "vm"],
  ["journalctl-oddprefix-short-iso-precise.txt", 126, 121, "2026-11-20T19:57:36.609807Z", "vm"],
  ["journalctl-short.txt", 10, 10, "2026-11-20T19:56:49Z", "vm"],
  ["journalctl-short-delta.txt", 10, 10, reading, "vm"],
  ["journalctl-short-full.txt", 10, 10, "2026-11-20T19:56:49Z", "vm"],
  ["journalctl-short-iso.txt", 10, 10, "2026-11-20T19:56:49Z", "vm"],
  ["journalctl-short-iso-precise.txt", 10, 10, "2026-11-20T19:56:49.770373Z", "vm"],
  ["journalctl-short-monotonic.txt", 10, 10, reading, "vm"],
  ["journalctl-short-precise.txt", 10, 10, "2026-11-20T19:56:49.770373Z", "vm"],
  ["journalctl-short-unix.txt", 10, 10, "2026-11-20T19:56:49.770373Z", "vm"],
  ["journalctl-with-unit.txt", 10, 10, "2026-11-20T19:56:49Z", "vm"],
  ["rsyslog-imklog-fileformat.log", 24, 24, "2026-11-20T19:56:40.164945Z", "vm"],
  ["rsyslog-imklog-json.log", 24, 24, "2026-11-20T19:56:40.164945Z", "vm"],
  ["rsyslog-imklog-protocol23.log", 24, 24, "2026-11-20T19:56:40.164945Z", "vm"],
  ["rsyslog-imklog-traditional.log", 24, 24, "2026-11-20T19:56:40Z", "vm"],
  ["rsyslog-imkmsg-fileformat.log", 16, 16, "2026-11-20T19:55:57.390628Z", "vm"],
  ["rsyslog-imkmsg-json.log", 16, 16, "2026-11-20T19:55:57.390628Z", "vm"],
  ["rsyslog-imkmsg-protocol23.log", 16, 16, "2026-11-20T19:55:57.390628Z", "vm"],
  ["rsyslog-imkmsg-traditional.log", 16, 16, "2026-11-20T19:55:57Z", "vm"],
  // The forward formats have no line break: 24 and 16 records in one line, which no reader of lines can use.
  ["rsyslog-imklog-forward.log", 1, 0, undefined, undefined],
  ["rsyslog-imkmsg-tradforward.log", 1, 0, undefined, undefined],
  ["syslogng-default.log", 8, 8, "2026-11-20T19:58:49Z", "vm"],
  ["syslogng-iso.log", 8, 8, "2026-11-20T19:58:49.533692Z", "vm"],
  ["syslogng-kvmacros.log", 8, 8, "2026-11-20T19:58:49.533692Z", "vm"],
  ["syslogng-prockmsg.log", 16, 16, "2026-11-20T19:58:46Z", "vm"],
  ["syslogng-syslogproto.log", 8, 8, "2026-11-20T19:58:49Z", "vm"],
  ["ulogd2-logemu.log", 15, 15, "2026-11-20T19:58:59Z", "vm"],
] as const;

function linesOf(name: string): Buffer[] {
  const text = readFileSync(new URL(`testdata/framing/${name}`, import.meta.url)).toString("latin1");
  return text
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => Buffer.from(line, "latin1"));
}

describe("framing of real loggers", () => {
  it.each(files)("%s: %i lines, %i drops, the second of %s from %s", (name, lines, drops, time, host) => {
    const results = linesOf(name).map((line) => parse(line));
    const second = results[1];

    expect(results).toHaveLength(lines);
    expect(results.filter((result) => result.kind === "drop")).toHaveLength(drops);
    if (time !== undefined) expect(second).toMatchObject({ drop: { time } });
    if (second?.kind === "drop") expect(second.drop.host).toBe(host);
  });

  it.each([
    "rsyslog-imkmsg-traditional.log",
    "rsyslog-imkmsg-json.log",
    "syslogng-default.log",
    "rsyslog-imklog-traditional.log",
    "journalctl-json.txt",
  ])("finds a prefix with UTF-8 and quotes in %s, escaped or not, also in a scan", (name) => {
    const drops = scan(Buffer.concat(linesOf(name).flatMap((line) => [line, Buffer.from("\n")])), {
      prefix: 'klf-é "q": ',
    });

    expect(drops.drops[0]).toMatchObject({ logPrefix: 'klf-é "q":', destinationPort: 55 });
  });

  it("reads a message that journald wrote as an array of bytes, also when only a scan looks for it", () => {
    const line =
      linesOf("journalctl-oddprefix-json.txt").find((text) => text.includes('"MESSAGE":[107,108,45,1,')) ??
      Buffer.alloc(0);

    expect(parse(line)).toMatchObject({ drop: { logPrefix: "kl-\ufffdctl:" } });
    expect(scan(Buffer.concat([line, Buffer.from("\n")]), { prefix: "kl-\u0001ctl:" }).drops).toHaveLength(1);
  });
});

/** Line, time, host, prefix. */
const forms = [
  [`Nov  3 09:05:01 node-1 kernel: [    5.000001] ${message}`, "2026-11-03T09:05:01Z", "node-1"],
  [`Nov 20 19:56:42 node-1 kernel: [ 2528.800858][ T1234] ${message}`, "2026-11-20T19:56:42Z", "node-1"],
  [`Nov 20 19:56:42 node-1 kernel:[ 2528.800858] ${message}`, "2026-11-20T19:56:42Z", "node-1"],
  [`<4>Nov 20 19:56:42 node-1 kernel: ${message}`, "2026-11-20T19:56:42Z", "node-1"],
  [`<4>2026-11-20T19:56:42.401765+01:00 fe80::1 kernel: ${message}`, "2026-11-20T18:56:42.401765Z", "fe80::1"],
  [`<133> Nov 20 19:56:42 node-1 ${message}`, "2026-11-20T19:56:42Z", "node-1"],
  [`Nov 20 19:56:42 udm user.info kernel: ${message}`, "2026-11-20T19:56:42Z", "udm"],
  [`Nov 20 19:56:42 node-1 [kernel] ${message}`, "2026-11-20T19:56:42Z", "node-1"],
  [`Nov 20 19:56:42 node-1 klogd: ${message}`, "2026-11-20T19:56:42Z", "node-1"],
  [`Nov 20 19:56:42 kernel: ${message}`, "2026-11-20T19:56:42Z", undefined],
  [`Nov 20 19:56:42 ${message}`, "2026-11-20T19:56:42Z", undefined],
  [`2026-11-20T10:10:12.345678-07:00 hostname ${message}`, "2026-11-20T17:10:12.345678Z", "hostname"],
  [
    `<4>1 2026-11-20T19:56:42.5Z node-1 kernel - 788 [meta sequenceId="2" x="a\\"] b"][b c="d"] ${message}`,
    "2026-11-20T19:56:42.5Z",
    "node-1",
  ],
  [`<4>1 - - kernel - - - ${message}`, reading, undefined],
  [`4,345,1980578928,-,caller=T1;${message}`, reading, undefined],
  [
    `2026-11-20T19:57:00.669794202Z stdout F Nov 20 19:56:42 node-1 kernel: ${message}`,
    "2026-11-20T19:56:42Z",
    "node-1",
  ],
  [`2026-11-20T19:57:00.669794202Z stderr F ${message}`, "2026-11-20T19:57:00.669794202Z", undefined],
  [
    JSON.stringify({
      log: `Nov 20 19:56:42 node-1 kernel: ${message}\n`,
      stream: "stdout",
      time: "2026-11-20T19:57:00Z",
    }),
    "2026-11-20T19:56:42Z",
    "node-1",
  ],
  [
    JSON.stringify({ log: `${message}\r\n`, stream: "stdout", time: "2026-11-20T19:57:00.123456789Z" }),
    "2026-11-20T19:57:00.123456789Z",
    undefined,
  ],
  [
    `172.20.1.2: kern:    info: [2026-11-20T10:09:37.662764956Z]: ${message}`,
    "2026-11-20T10:09:37.662764956Z",
    "172.20.1.2",
  ],
  [
    JSON.stringify({ msg: message, facility: "kern", "talos-level": "info", "talos-time": "2026-11-20T10:09:37.66Z" }),
    "2026-11-20T10:09:37.66Z",
    undefined,
  ],
  [
    JSON.stringify({ date: 1795204609.5, host: "node-1", ident: "kernel", message: `[ 2528.800858] ${message}` }),
    "2026-11-20T19:56:49.5Z",
    "node-1",
  ],
] as const;

describe("framing from the field", () => {
  it.each(forms)("%s", (line, time, host) => {
    for (const settings of [{}, { prefix: "klf-drop:" }]) {
      const result = parse(line, settings);

      expect(result).toMatchObject({ kind: "drop", drop: { time, logPrefix: "klf-drop:", destinationPort: 53 } });
      expect(result.kind === "drop" && result.drop.host).toBe(host);
    }
  });

  it("counts a message that rsyslog folded as often as it came", () => {
    const folded = `Nov 20 19:56:42 node-1 kernel: message repeated 3 times: [ [ 2528.800858] ${message}]\n`;

    expect(scan(folded, { prefix: "klf-drop:" }).told).toHaveLength(3);
  });

  it("takes the time of journald's own clock when the record had not waited", () => {
    const entry = { MESSAGE: message, _TRANSPORT: "kernel", __REALTIME_TIMESTAMP: "1795204609770369" };
    const drifted = { ...entry, __MONOTONIC_TIMESTAMP: "8640000000000", _SOURCE_MONOTONIC_TIMESTAMP: "8636000000000" };

    expect(parse(JSON.stringify(entry))).toMatchObject({ drop: { time: "2026-11-20T19:56:49.770369Z" } });
    expect(parse(JSON.stringify(drifted))).toMatchObject({ drop: { time: "2026-11-20T19:56:49.770369Z" } });
  });

  it("joins the pieces of a container's log, as conmon cuts them", () => {
    const line = `Nov 20 19:56:42 node-1 kernel: ${message}`;
    for (const cut of [3, 35, 60, 150]) {
      const time = "2026-11-20T19:57:00.669794202Z";
      const log = `${time} stdout F x\n${time} stdout P ${line.slice(0, cut)}\n${time} stderr F y\n${time} stdout F ${line.slice(cut)}\n`;

      expect(say({ kind: "drop", drop: scan(log, { prefix: "klf-drop:" }).drops[0] ?? Object.create(null) })).toContain(
        "port 53",
      );
    }
  });
});
