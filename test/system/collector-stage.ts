/** A folder with a kernel log, a real Collector, and the program that reads the one and sends to the other. */
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Collector } from "./otel-collector.ts";
import { freePort, Program } from "./program.ts";

export interface StageConfig {
  /** Of the one pipeline, beside its source. */
  readonly pipeline: Readonly<Record<string, unknown>>;
  /** Beside the pipelines. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string>>;
}

export class CollectorStage {
  readonly folder: string;
  readonly collector: Collector;
  #program: Program | undefined;

  private constructor(folder: string, collector: Collector) {
    this.folder = folder;
    this.collector = collector;
  }

  /** The Collector is not started yet. */
  static async make(): Promise<CollectorStage> {
    const folder = await mkdtemp(join(tmpdir(), "droplens-collector-"));
    await writeFile(join(folder, "kernel.log"), "");
    return new CollectorStage(folder, await Collector.make(folder));
  }

  append(lines: string): Promise<void> {
    return appendFile(join(this.folder, "kernel.log"), lines);
  }

  /** Resolves when the program says that it lives. */
  async start({ pipeline, config, environment }: StageConfig, main = "core/main.ts"): Promise<Program> {
    const port = await freePort();
    const file = join(this.folder, "droplens.json");
    const whole = {
      version: 1,
      stateFolder: join(this.folder, "state"),
      operations: { host: "127.0.0.1", port },
      ...config,
      pipelines: { drops: { source: { use: "source-file", path: join(this.folder, "kernel.log") }, ...pipeline } },
    };
    await writeFile(file, JSON.stringify(whole));
    this.#program = new Program({
      words: [process.execPath, main, "run", "--config", file],
      environment: { PATH: process.env.PATH ?? "", NODE_NAME: "node-1", ...environment },
      port,
    });
    await this.#program.answers("/healthz", 200, 30_000);
    return this.#program;
  }

  async end(): Promise<void> {
    await this.#program?.stop("SIGKILL");
    await this.collector.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
