/**
 * The program under test as a process: started with its environment, watched over its operations server, stopped by a
 * signal. What it logs is kept for the messages of failing tests.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { waitFor } from "./wait-for.ts";

export interface ProgramParts {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Port of its operations server. */
  readonly port: number;
}

export class Program {
  readonly #child: ChildProcess;
  readonly #port: number;
  #output = "";

  constructor({ words, environment, port }: ProgramParts) {
    const [file = "", ...rest] = words;
    this.#port = port;
    this.#child = spawn(file, rest, { env: { ...environment }, stdio: ["ignore", "pipe", "pipe"] });
    this.#child.on("error", (error) => this.#keep(Buffer.from(String(error))));
    this.#child.stdout?.on("data", (bytes: Buffer) => this.#keep(bytes));
    this.#child.stderr?.on("data", (bytes: Buffer) => this.#keep(bytes));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** All that it printed so far. */
  get output(): string {
    return this.#output;
  }

  /** Its log lines of one level, error for instance; other lines are left out. */
  logLines(level: string): string[] {
    return this.#output.split("\n").filter((line) => line.startsWith("{") && line.includes(`"level":"${level}"`));
  }

  /** Waits for an answer of its operations server with this status. */
  async answers(path: string, status: number, timeoutMillis = 20_000): Promise<string> {
    return this.#waitFor(`${path} answering ${status}`, timeoutMillis, async () => {
      const response = await this.#fetch(path);
      const body = await response.text();
      return response.status === status ? body : undefined;
    });
  }

  async metrics(): Promise<MetricSamples> {
    return new MetricSamples(await (await this.#fetch("/metrics")).text());
  }

  /** Waits until the samples are as wanted. */
  async measures(
    what: string,
    wanted: (samples: MetricSamples) => boolean,
    timeoutMillis = 20_000,
  ): Promise<MetricSamples> {
    return this.#waitFor(what, timeoutMillis, async () => {
      const samples = await this.metrics();
      return wanted(samples) ? samples : undefined;
    });
  }

  /** Waits for its end, and returns its exit code, or the signal that ended it. */
  ended(timeoutMillis = 20_000): Promise<number | string> {
    const result = async () => this.#child.exitCode ?? this.#child.signalCode ?? undefined;
    return waitFor("the program's end", result, { timeoutMillis, explain: () => this.#output });
  }

  /** Asks it to stop, and returns its exit code, or the signal that ended it. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | string> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null && this.#child.pid !== undefined) {
      const ended = once(this.#child, "exit");
      this.#child.kill(signal);
      await ended;
    }
    return this.#child.exitCode ?? this.#child.signalCode ?? "not started";
  }

  #fetch(path: string): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.#port}${path}`, { signal: AbortSignal.timeout(2000) });
  }

  #waitFor<T>(what: string, timeoutMillis: number, ask: () => Promise<T | undefined>): Promise<T> {
    const explain = async () => {
      const samples = await this.metrics().then((metrics) => metrics.text, String);
      return `--- exit code ${this.#child.exitCode}, printed\n${this.#output}\n--- /metrics\n${samples.replaceAll(/^(?!droplens_|packet_).*\n/gm, "")}`;
    };
    const hopeless = () => this.#child.exitCode !== null;
    return waitFor(what, ask, { timeoutMillis, explain, hopeless });
  }

  #keep(bytes: Buffer): void {
    this.#output = (this.#output + bytes.toString()).slice(-200_000);
  }
}

/** What /metrics answers, in the text format. */
export class MetricSamples {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The sum over the series of `name` that carry all of `labels`. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    let sum = 0;
    for (const line of this.text.split("\n")) {
      const [, series, inner = "", value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
      if (series === name && wanted.every((pair) => inner.includes(pair))) sum += Number(value);
    }
    return sum;
  }
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
