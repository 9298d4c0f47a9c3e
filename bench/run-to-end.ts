/**
 * Runs a program that ends by itself, and says what it cost. CPU and wall time are bash's `time`: what the kernel has
 * charged to the process at its end, exact to the millisecond, the same for Node, Go and grep, and nothing is loaded
 * into what is measured. Node cannot ask for a child's usage, and /usr/bin/time is not on every machine. The peak of
 * the resident set (VmHWM) is read every 10 ms: what grows within the last 10 ms is missed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { peakMegabytes } from "./process-cost.ts";
import type { Cost } from "./row.ts";

export interface FinishedRun extends Cost {
  readonly stdout: string;
  readonly stderr: string;
}

/** On descriptor 3: the program's pid, then `time`'s numbers. In bash 5.2 `time ( exec … )` without { } prints nothing. */
const timing = `TIMEFORMAT='%R %U %S'; exec 4>&2 2>&3; time { ( echo "$BASHPID" >&3; exec "$@" 2>&4 3>&- 4>&- ); }`;

export async function runToEnd(
  words: readonly string[],
  options: {
    readonly cwd: string;
    readonly environment?: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
  },
): Promise<FinishedRun> {
  const environment = { PATH: process.env.PATH, HOME: options.cwd, LC_ALL: "C", TZ: "UTC", ...options.environment };
  const child = spawn("bash", ["-c", timing, "bash", ...words], {
    cwd: options.cwd,
    env: environment,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const said = ["", "", "", ""];
  for (const [number, stream] of child.stdio.entries()) {
    stream?.on("data", (bytes: Buffer) => {
      said[number] = (said[number] + bytes.toString()).slice(-1_000_000);
    });
  }
  const processId = () => Number(/^\d+/.exec(said[3] ?? "")?.[0] ?? 0);
  const kill = () => processId() > 0 && process.kill(processId(), "SIGKILL");
  options.signal.addEventListener("abort", kill);
  let peak = 0;
  const look = setInterval(() => {
    peak = Math.max(peak, processId() > 0 ? peakOrZero(processId()) : 0);
  }, 10);
  try {
    const [code] = await once(child, "close");
    options.signal.throwIfAborted();
    if (code !== 0) throw new Error(`${words.join(" ")} ended with ${code}:\n${said[1]}${said[2]}`);
    return { ...times(said[3] ?? ""), peakMegabytes: peak, stdout: said[1] ?? "", stderr: said[2] ?? "" };
  } finally {
    clearInterval(look);
    options.signal.removeEventListener("abort", kill);
  }
}

/** "4711\n1.234 0.987 0.123\n": pid, then wall, user and system seconds. */
export function times(text: string): { readonly cpuSeconds: number; readonly wallSeconds: number } {
  const [, wall, user, system] = /^\d+\n([\d.]+) ([\d.]+) ([\d.]+)\n$/.exec(text) ?? [];
  if (system === undefined) throw new Error(`bash's time said ${JSON.stringify(text)}`);
  return { cpuSeconds: Number(user) + Number(system), wallSeconds: Number(wall) };
}

function peakOrZero(pid: number): number {
  try {
    return peakMegabytes(pid);
  } catch {
    return 0; // it has just ended
  }
}
