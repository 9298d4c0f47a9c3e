/** What the kernel says about a process under test. */
import { readdirSync, readFileSync } from "node:fs";

/** Resident memory: now, and the most it ever was. */
export function memoryOf(processId: number): { readonly nowMegabytes: number; readonly peakMegabytes: number } {
  const status = readFileSync(`/proc/${processId}/status`, "utf8");
  const megabytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) / 1024;
  return { nowMegabytes: megabytes("VmRSS"), peakMegabytes: megabytes("VmHWM") };
}

/** Open files, sockets, timers of the event loop: all that has a descriptor. */
export function openDescriptors(processId: number): number {
  return readdirSync(`/proc/${processId}/fd`).length;
}
