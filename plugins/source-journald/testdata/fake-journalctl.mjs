#!/usr/bin/env node
/**
 * journalctl as far as source-journald uses it, for machines that have none: a journal is a file of JSON records in the
 * folder. test/system/journald.test.ts plays the same suite with the real one. Facts: journalctl(1); what is printed to
 * stderr and the exit codes were seen with systemd 252.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const words = process.argv.slice(2);
const option = (name) => words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
const folder = option("directory") ?? "/var/log/journal";
const fail = (text) => {
  process.stderr.write(`${text}\n`);
  process.exit(1);
};

if (words.includes("--version")) {
  process.stdout.write("systemd 252 (fake)\n");
  process.exit(0);
}
if (!existsSync(folder)) fail(`Failed to open ${folder}: No such file or directory`);
if (!statSync(folder).isDirectory()) fail(`Failed to open ${folder}: Not a directory`);
const after = option("after-cursor");
if (after?.startsWith("x=")) fail("Failed to seek to cursor: Invalid argument");

const file = join(folder, "journal.json");
const transport = words.find((word) => word.startsWith("_TRANSPORT="))?.slice("_TRANSPORT=".length);
const since = Number(option("since")?.slice(1) ?? 0) * 1e6;
const position = (cursor) => Number.parseInt(/;i=([0-9a-f]+)/.exec(cursor)?.[1] ?? "0", 16);
const isWanted = (record) =>
  (transport === undefined || record._TRANSPORT === transport) && Number(record.__REALTIME_TIMESTAMP) >= since;

let printed = 0;
let records = [];
look();
if (option("lines") !== undefined) records = records.slice(-Number(option("lines")));
if (after !== undefined) records = records.filter((record) => position(record.__CURSOR) > position(after));
print();
if (words.includes("--follow")) setInterval(follow, 10);

function follow() {
  look();
  print();
}

function look() {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
  const fresh = lines.slice(printed).map((line) => JSON.parse(line));
  printed = lines.length;
  records.push(...fresh.filter(isWanted));
}

function print() {
  process.stdout.write(records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  records = [];
}
