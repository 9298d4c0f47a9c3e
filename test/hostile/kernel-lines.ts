/**
 * The real lines that the trials of this folder start from: what a kernel printed for plugins/parser-iptables/testdata,
 * as each logger wrote it down. Lines of one group have one framing.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "../support/child.ts";

export interface LineGroup {
  readonly framing: string;
  readonly lines: readonly Buffer[];
}

const testdata = join(checkout, "plugins/parser-iptables/testdata");

export function realLines(): LineGroup[] {
  const bare = kernelMessages();
  return [
    { framing: "dmesg", lines: bare },
    {
      framing: "kmsg",
      lines: readdirSync(testdata)
        .filter((name) => name.endsWith(".kmsg"))
        .flatMap(linesOf),
    },
    ...readdirSync(join(testdata, "framing"))
      // It has each message three times, under three names: which of them holds is not in the notes.
      .filter((name) => name !== "syslogng-kvmacros.log")
      .map((name) => ({ framing: name, lines: linesOf(join("framing", name)) })),
    { framing: "rsyslog file format", lines: framed(bare, "2026-11-20T19:56:42.401765+00:00 vm kernel: ") },
    { framing: "rsyslog traditional", lines: framed(bare, "Nov 20 19:56:42 vm kernel: ") },
    { framing: "CRI", lines: framed(bare, "2026-11-20T19:56:43.1Z stdout F 2026-11-20T19:56:42.4+00:00 vm kernel: ") },
    { framing: "Docker", lines: bare.map(inDocker) },
  ].filter(({ lines }) => lines.length > 0);
}

/** Every family of packets, as the kernel's own buffer has them: `[ 1980.578928] kl-drop: IN=…`. */
function kernelMessages(): Buffer[] {
  return readdirSync(testdata)
    .filter((name) => name.endsWith(".log"))
    .flatMap(linesOf);
}

function linesOf(name: string): Buffer[] {
  const text = readFileSync(join(testdata, name), "latin1");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Buffer.from(line, "latin1"));
}

function framed(lines: readonly Buffer[], head: string): Buffer[] {
  return lines.map((line) => Buffer.concat([Buffer.from(head), line]));
}

function inDocker(line: Buffer): Buffer {
  const log = `Nov 20 19:56:42 vm kernel: ${line.toString("latin1")}\n`;
  return Buffer.from(JSON.stringify({ log, stream: "stdout", time: "2026-11-20T19:56:43.1Z" }));
}
