/**
 * A program that runs until it is told to stop: started by its words, watched through /proc, ended by its pid. The
 * stage ends what a failed work leaves running.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuSeconds, peakMegabytes, residentMegabytes } from "./process-cost.ts";
import type { Cost } from "./row.ts";

export interface DaemonOptions {
  readonly cwd: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
}

export class Daemon {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #startMillis = performance.now();
  readonly #closed: Promise<unknown>;
  #said = "";

  constructor(words: readonly string[], { cwd, environment, onLine }: DaemonOptions) {
    const [file = "", ...rest] = words;
    this.#name = words.join(" ");
    this.#child = spawn(file, rest, {
      cwd,
      env: { PATH: process.env.PATH, HOME: cwd, TZ: "UTC", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.on("error", (error) => this.#keep(String(error)));
    this.#closed = once(this.#child, "close").catch(() => undefined);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        this.#keep(`${line}\n`);
        onLine?.(line);
      });
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.pid > 0 && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  cpuSeconds(): number {
    return cpuSeconds(this.pid);
  }

  residentMegabytes(): number {
    return residentMegabytes(this.pid);
  }

  peakMegabytes(): number {
    return peakMegabytes(this.pid);
  }

  /** From its start until now. */
  cost(): Cost {
    const wallSeconds = (performance.now() - this.#startMillis) / 1000;
    return { cpuSeconds: this.cpuSeconds(), wallSeconds, peakMegabytes: this.peakMegabytes() };
  }

  /** The first match of what it has printed; waits for it. */
  says(pattern: RegExp, signal: AbortSignal, limitSeconds = 60): Promise<RegExpExecArray> {
    return this.until(`${pattern}`, async () => pattern.exec(this.#said) ?? undefined, { signal, limitSeconds });
  }

  /** Asks every `everyMillis` until there is an answer; fails with what it has printed. */
  async until<T>(
    what: string,
    ask: () => Promise<T | undefined | false>,
    {
      signal,
      limitSeconds = 120,
      everyMillis = 20,
    }: { signal: AbortSignal; limitSeconds?: number; everyMillis?: number },
  ): Promise<T> {
    const deadline = performance.now() + limitSeconds * 1000;
    while (this.running && performance.now() < deadline) {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      await sleep(everyMillis, undefined, { signal });
    }
    const state = this.running ? `not within ${limitSeconds} s` : "it has ended";
    throw new Error(`${this.#name}: no ${what}: ${state}\n${this.#said.slice(-4000)}`);
  }

  /** Idempotent. Kills what has not ended after 15 s. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (!this.running) return;
    const late = setTimeout(() => this.#child.kill("SIGKILL"), 15_000);
    this.#child.kill(signal);
    await this.#closed;
    clearTimeout(late);
  }

  #keep(text: string): void {
    this.#said = (this.#said + text).slice(-100_000);
  }
}
