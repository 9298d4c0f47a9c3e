/**
 * The program that reads the journal, as a child: what it prints, how it ended, and that it does end. Called by
 * JournaldSource. Options and behaviour: journalctl(1), systemd 252.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import type { Environment } from "../../core/plugin/index.ts";

export interface JournalctlOptions {
  readonly command: readonly string[];
  readonly directory: string | undefined;
  readonly environment: Environment;
  /** What it complains of while it runs, a piece of its stderr. */
  onComplaint?(text: string): void;
}

const killAfterMillis = 2000;
const saidBytes = 4096;

/** One run of it; ends when `signal` aborts. */
export class Journalctl {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #ended: Promise<string>;
  readonly #signal: AbortSignal;
  readonly #onAbort = () => this.#end();
  #said = "";
  #failure: unknown;

  constructor(words: readonly string[], options: JournalctlOptions, signal: AbortSignal) {
    const { directory, environment, onComplaint } = options;
    const [program = "", ...first] = options.command;
    const folder = directory === undefined ? [] : [`--directory=${directory}`];
    this.#child = spawn(program, [...first, ...folder, "--output=json", ...words], {
      // Its messages are read (errors.ts), and times of its own are asked for by the second since 1970.
      env: { PATH: environment.PATH, LC_ALL: "C" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#said = (this.#said + text).slice(-saidBytes);
      onComplaint?.(text);
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        this.#failure = error;
        resolve("not started");
      });
      this.#child.once("close", (code, by) => resolve(by ?? `exit code ${code}`));
    });
    this.#signal = signal;
    if (signal.aborted) this.#end();
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  get stdout(): Readable {
    return this.#child.stdout;
  }

  /** What it wrote to stderr, the end of it. */
  get said(): string {
    return this.#said;
  }

  /** Why it could not be started. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Resolves when it has ended: how. */
  ended(): Promise<string> {
    return this.#ended;
  }

  /** Ends it, whatever it is doing; resolves when it is gone. Idempotent. */
  async stop(): Promise<void> {
    this.#end();
    const { promise: late, resolve } = Promise.withResolvers<"late">();
    const timer = setTimeout(() => resolve("late"), killAfterMillis);
    if ((await Promise.race([this.#ended, late])) === "late") this.#child.kill("SIGKILL");
    clearTimeout(timer);
    await this.#ended;
    this.#signal.removeEventListener("abort", this.#onAbort);
  }

  #end(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill("SIGTERM");
    this.#child.stdout.destroy();
  }
}
