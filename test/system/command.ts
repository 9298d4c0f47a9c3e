/** Runs the machine's programs for the system tests: what they print comes back, what goes wrong says what was run. */
import { execFile } from "node:child_process";

export interface CommandOptions {
  readonly input?: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly timeoutMillis?: number;
  /** Exit codes that are no failure, besides 0. */
  readonly allow?: readonly number[];
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `words` and waits for its end. Rejects on any exit code but 0 and those of `allow`. */
export function run(words: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [file = "", ...rest] = words;
  return new Promise((resolve, reject) => {
    const child = execFile(
      file,
      rest,
      {
        cwd: options.cwd,
        env: options.environment ?? process.env,
        timeout: options.timeoutMillis ?? 20_000,
        maxBuffer: 32 << 20,
      },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        if (typeof code === "number" && (code === 0 || options.allow?.includes(code))) {
          return resolve({ code, stdout, stderr });
        }
        const end = (stderr + stdout).trim().split("\n").slice(-20).join("\n");
        const what = words.map((word) => word.split("\n", 1)[0]).join(" ");
        reject(new Error(`${what} failed (${code ?? error?.signal}): ${end}`));
      },
    );
    child.stdin?.on("error", () => undefined); // a program that ends without reading its input
    child.stdin?.end(options.input ?? "");
  });
}

/** What `words` print, as text. */
export async function output(words: readonly string[], options?: CommandOptions): Promise<string> {
  return (await run(words, options)).stdout;
}
