/**
 * What a running process has cost so far, from /proc (Linux). CPU time is the scheduler's, in nanoseconds, summed over
 * its threads: /proc/PID/stat counts in hundredths of a second, and ten minutes of idling are a handful of those.
 */
import { readdirSync, readFileSync } from "node:fs";

export function cpuSeconds(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [running = "0"] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ");
    nanoseconds += Number(running);
  }
  return nanoseconds / 1e9;
}

/** What is resident now. */
export function residentMegabytes(pid: number): number {
  return megabytes(pid, "VmRSS");
}

/** The most that was ever resident. */
export function peakMegabytes(pid: number): number {
  return megabytes(pid, "VmHWM");
}

/** 0 for a process that is ending: its memory is gone before its entry is. */
function megabytes(pid: number, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const [, kibibytes = "0"] = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status) ?? [];
  return (Number(kibibytes) * 1024) / 1e6;
}
