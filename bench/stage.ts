/**
 * What a run of the benchmarks has: a temporary folder, the program that is measured, loads, the yardstick N, and all
 * that was started. `close` ends the processes and removes the folder, whatever happened before.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Daemon, type DaemonOptions } from "./daemon.ts";
import { type LoadKind, load, writeLoad } from "./load.ts";
import { type FinishedRun, runToEnd } from "./run-to-end.ts";
import { spread } from "./spread.ts";

export interface StageOptions {
  /** dist/droplens.js, or another build. */
  readonly program: string;
  /** How often each program runs whose run takes seconds. */
  readonly rounds: number;
  readonly idleSeconds: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

export interface LoadFile {
  readonly path: string;
  readonly drops: number;
}

export const checkout = join(import.meta.dirname, "..");

export class Stage {
  readonly options: StageOptions;
  readonly folder = mkdtempSync(join(tmpdir(), "droplens-bench-"));
  readonly #daemons: Daemon[] = [];
  #nodeSeconds: number | undefined;

  constructor(options: StageOptions) {
    this.options = options;
  }

  get signal(): AbortSignal {
    return this.options.signal;
  }

  /** Undefined where the variable is not set: the row then says so. */
  variable(name: "OTELCOL" | "PEER_BIN" | "KUBECONFIG" | "DROPLENS_SYSTEM"): string | undefined {
    return this.options.environment[name] || undefined;
  }

  /** A file of the folder; JSON is YAML, so configs need no writer of their own. */
  write(name: string, content: unknown): string {
    const path = join(this.folder, name);
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content, undefined, 2));
    return path;
  }

  folderNamed(name: string): string {
    const path = join(this.folder, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** Seeded, so that it is the same in every run. Removed by `use`'s end: it is 300 MB. */
  async withLoad<T>(kind: LoadKind, lines: number, use: (file: LoadFile) => Promise<T>): Promise<T> {
    const path = join(this.folder, `${kind}.log`);
    const drops = writeLoad(path, load(kind, { lines }));
    try {
      return await use({ path, drops });
    } finally {
      rmSync(path);
    }
  }

  run(words: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<FinishedRun> {
    return runToEnd(words, { cwd: this.folder, environment, signal: this.signal });
  }

  /** Ended by `close` at the latest. */
  start(words: readonly string[], options: Omit<DaemonOptions, "cwd"> = {}): Daemon {
    this.signal.throwIfAborted();
    const daemon = new Daemon(words, { cwd: this.folder, ...options });
    this.#daemons.push(daemon);
    return daemon;
  }

  /** CPU seconds of `node -e 0`: the median of 11 runs, measured once. */
  async nodeSeconds(): Promise<number> {
    this.#nodeSeconds ??= spread(await this.#startNode(11)).median;
    return this.#nodeSeconds;
  }

  async #startNode(times: number): Promise<number[]> {
    const seconds: number[] = [];
    for (let i = 0; i < times; i++) seconds.push((await this.run([process.execPath, "-e", "0"])).cpuSeconds);
    return seconds;
  }

  async close(): Promise<void> {
    await Promise.all(this.#daemons.map((daemon) => daemon.stop("SIGKILL")));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A b c a b c …: what the machine does to one program it does to the others. */
export async function interleaved<Name extends string, Result>(
  rounds: number,
  programs: Readonly<Record<Name, () => Promise<Result>>>,
): Promise<Record<Name, Result[]>> {
  const entries = Object.entries(programs) as [Name, () => Promise<Result>][];
  const results = Object.fromEntries(entries.map(([name]) => [name, []])) as unknown as Record<Name, Result[]>;
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of entries) results[name].push(await run());
  }
  return results;
}
