/**
 * The yardstick: what one writes in half an hour. 1 MiB reads, Buffer.indexOf for the prefix, one latin1 string a
 * matching line, indexOf for four fields, Date.parse, a Map keyed by the joined fields. Nothing here is made slower or
 * faster on purpose; `S` in the benchmarks is the CPU time of this program. Prints one JSON line.
 *
 *   node bench/reference/simple.mjs FILE [PREFIX]
 */
import { closeSync, openSync, readSync } from "node:fs";

const [file, prefix = "calico-drop:"] = process.argv.slice(2);
if (file === undefined) {
  console.error("usage: node bench/reference/simple.mjs FILE [PREFIX]");
  process.exit(2);
}

const chunkBytes = 1024 * 1024;
const flows = new Map();
let lines = 0;
let lastMillis = 0;

const descriptor = openSync(file, "r");
const chunk = Buffer.alloc(2 * chunkBytes);
let kept = 0;
for (;;) {
  const read = readSync(descriptor, chunk, kept, chunkBytes, null);
  if (read === 0) break;
  const length = kept + read;
  const end = chunk.lastIndexOf(10, length - 1) + 1;
  scan(chunk.subarray(0, end));
  chunk.copyWithin(0, end, length);
  kept = length - end;
}
closeSync(descriptor);

const { userCPUTime, systemCPUTime } = process.resourceUsage();
console.log(JSON.stringify({ lines, flows: flows.size, lastMillis, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6 }));

function scan(bytes) {
  let at = bytes.indexOf(prefix);
  while (at >= 0) {
    const start = bytes.lastIndexOf(10, at) + 1;
    const end = bytes.indexOf(10, at);
    count(bytes.toString("latin1", start, end));
    at = bytes.indexOf(prefix, end);
  }
}

function count(line) {
  lastMillis = Date.parse(line.slice(0, line.indexOf(" ")));
  const key = `${field(line, " SRC=")} ${field(line, " DST=")} ${field(line, " PROTO=")} ${field(line, " DPT=")}`;
  flows.set(key, (flows.get(key) ?? 0) + 1);
  lines++;
}

function field(line, name) {
  const at = line.indexOf(name);
  if (at < 0) return "";
  const end = line.indexOf(" ", at + name.length);
  return line.slice(at + name.length, end < 0 ? line.length : end);
}
