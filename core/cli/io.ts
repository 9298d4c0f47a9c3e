/** What a command needs of the process, so that it can be tested without one. */
import type { Environment } from "../plugin/context.ts";

export interface Io {
  /** Writes as it is: end lines yourself. */
  stdout(text: string): void;
  stderr(text: string): void;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly environment: Environment;
  readonly cwd: string;
  /** True when a person watches stderr: progress may be drawn. */
  readonly terminal: boolean;
  /** True when a person watches stdout: it may be coloured. */
  readonly stdoutTerminal?: boolean;
  /** Aborts on SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** Calls `listener` on each SIGHUP, until `signal` aborts. */
  onHangup(listener: () => void, signal: AbortSignal): void;
  /** Calls `listener` for each error that nobody caught, from now on; without one, such an error ends the process. */
  onUncaught?(listener: (error: unknown) => void): void;
}

/** 0 fine, 1 failed while running, 2 wrong usage or config. */
export type ExitCode = 0 | 1 | 2;
