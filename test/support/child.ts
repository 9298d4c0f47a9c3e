/**
 * The program as a new user has it: a process of its own, with nothing in its environment but what the test gives.
 * `droplens` starts one command; what it prints is kept, apart for stdout and stderr.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { inject } from "vitest";
import { waitFor } from "../system/wait-for.ts";

export const checkout = join(import.meta.dirname, "../..");

export interface ChildOptions {
  readonly cwd: string;
  /** PATH, HOME (the working directory) and TZ are there anyway. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Left out: stdin is at its end. */
  readonly input?: string | Buffer;
  /** stdin stays open for `write`. */
  readonly keepInput?: boolean;
  /** Who runs it, where the test is root. */
  readonly userId?: number;
  /** Words before the program's own: what starts it in a place of its own. */
  readonly within?: readonly string[];
}

/** `droplens ARGS…`, from the sources; in the trials, as built for them (built-program.ts). */
export function droplens(args: readonly string[], options: ChildOptions): Child {
  const file = inject("builtProgram") ?? join(checkout, "core/main.ts");
  const program = [...(options.within ?? []), process.execPath, file];
  return new Child([...program, ...args], options);
}

export class Child {
  stdout = "";
  stderr = "";
  readonly #process: ChildProcess;
  readonly #closed: Promise<unknown>;

  constructor(words: readonly string[], options: ChildOptions) {
    const [file = "", ...rest] = words;
    const { cwd, environment, input, userId } = options;
    this.#process = spawn(file, rest, {
      cwd,
      env: { PATH: process.env.PATH, HOME: cwd, TZ: "UTC", ...environment },
      stdio: ["pipe", "pipe", "pipe"],
      ...(userId === undefined ? {} : { uid: userId, gid: userId }),
    });
    this.#closed = once(this.#process, "close");
    this.#process.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.#process.stdin?.on("error", () => undefined); // a program that ends without reading its input
    if (options.keepInput === true) this.write(input ?? "");
    else this.#process.stdin?.end(input ?? "");
  }

  /** Into its stdin, with `keepInput`. */
  write(input: string | Buffer): void {
    this.#process.stdin?.write(input);
  }

  endInput(): void {
    this.#process.stdin?.end();
  }

  get processId(): number {
    return this.#process.pid ?? 0;
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Waits for its end; its exit code, or the signal that ended it. */
  async ended(): Promise<number | string> {
    await this.#closed;
    return this.#process.exitCode ?? this.#process.signalCode ?? "not started";
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | string> {
    if (this.running) this.kill(signal);
    return this.ended();
  }

  /** Nobody reads its stdout any more, like `| head` when it has enough. */
  closeStdout(): void {
    this.#process.stdout?.destroy();
  }

  /** Waits until it has printed this, on either side. */
  says(pattern: RegExp, timeoutMillis = 15_000): Promise<RegExpExecArray> {
    const ask = async () => pattern.exec(`${this.stdout}\n${this.stderr}`) ?? undefined;
    return this.until(`a line like ${pattern}`, ask, timeoutMillis);
  }

  /** Asks until there is an answer; fails with what it has printed, at once when it has ended. */
  until<T>(what: string, ask: () => Promise<T | undefined | false>, timeoutMillis = 15_000): Promise<T> {
    const explain = () => `--- stdout\n${this.stdout}\n--- stderr\n${this.stderr}`;
    return waitFor(what, ask, { timeoutMillis, explain, hopeless: () => !this.running });
  }

  /** Nobody reads its stdout for a while: until the function that this returns is called. */
  holdStdout(): () => void {
    this.#process.stdout?.pause();
    return () => this.#process.stdout?.resume();
  }

  /** Its log lines of this level. */
  logged(level: string): { readonly msg: string; readonly [field: string]: unknown }[] {
    const lines = this.stdout.split("\n").filter((line) => line.startsWith("{"));
    return lines.map((line) => JSON.parse(line)).filter((line) => line.level === level);
  }
}
