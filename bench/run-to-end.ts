/**
 * Runs a program that ends by itself, and says what it cost. CPU and wall time are bash's `time`: what the kernel has
 * charged to the process at its end, exact to the millisecond, the same for Node, Go and grep, and nothing is loaded
 * into what is measured. Node cannot ask for a child's usage, and /usr/bin/time is not on every machine. The peak of
 * the resident set (VmHWM) is read every 10 ms: what grows within the last 10 ms is missed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { peakMegabytes } from "./process-cost.ts";
import type { Cost } from "./row.ts";

export interface FinishedRun extends Cost {
  readonly stdout: string;
  readonly stderr: string;
}

/** On descriptor 3: the program's pid, then `time`'s numbers. In bash 5.2 `time ( exec … )` without { } prints nothing. */
const timing = `TIMEFORMAT='%R %U %S'; exec 4>&2 2>&3; time { ( echo "$BASHPID" >&3; exec "$@" 2>&4 3>&- 4>&- ); }`;

/** The longest that any run here may take. */
const limitMillis = 300_000;

interface RunOptions {
  readonly cwd: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export async function runToEnd(
  words: readonly string[],
  { cwd, environment, signal }: RunOptions,
): Promise<FinishedRun> {
  signal.throwIfAborted();
  const limited = AbortSignal.any([signal, AbortSignal.timeout(limitMillis)]);
  const run = new TimedChild(words, { PATH: process.env.PATH, HOME: cwd, LC_ALL: "C", TZ: "UTC", ...environment }, cwd);
  const kill = () => run.kill();
  limited.addEventListener("abort", kill);
  try {
    const code = await run.closed;
    limited.throwIfAborted();
    if (code !== 0) throw new Error(`${words.join(" ")} ended with ${code}:\n${run.said[1]}${run.said[2]}`);
    const [, stdout = "", stderr = "", timed = ""] = run.said;
    return { ...times(timed), peakMegabytes: run.peakMegabytes, stdout, stderr };
  } finally {
    limited.removeEventListener("abort", kill);
  }
}

class TimedChild {
  /** By descriptor. */
  readonly said = ["", "", "", ""];
  /** Its exit code. */
  readonly closed: Promise<number | null>;
  peakMegabytes = 0;
  readonly #child: ChildProcess;

  constructor(words: readonly string[], environment: NodeJS.ProcessEnv, cwd: string) {
    const stdio = ["ignore", "pipe", "pipe", "pipe"] as const;
    this.#child = spawn("bash", ["-c", timing, "bash", ...words], { cwd, env: environment, stdio: [...stdio] });
    for (const [number, stream] of this.#child.stdio.entries()) {
      stream?.on("data", (bytes: Buffer) => {
        this.said[number] = (this.said[number] + bytes.toString()).slice(-1_000_000);
      });
    }
    const look = setInterval(() => this.#look(), 10);
    this.closed = once(this.#child, "close")
      .then(([code]) => code)
      .finally(() => clearInterval(look));
  }

  /** The program, or bash when it has not got that far. */
  kill(): void {
    if (this.#processId === 0) this.#child.kill("SIGKILL");
    else process.kill(this.#processId, "SIGKILL");
  }

  get #processId(): number {
    return Number(/^\d+/.exec(this.said[3] ?? "")?.[0] ?? 0);
  }

  #look(): void {
    if (this.#processId > 0) this.peakMegabytes = Math.max(this.peakMegabytes, peakOrZero(this.#processId));
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
