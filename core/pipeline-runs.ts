/** The pipelines at work: begun, ended one by one or together, and watched for the one that fails for good. */
import type { Pipeline } from "./pipeline/pipeline.ts";

interface Run {
  readonly stop: AbortController;
  readonly deadline: AbortController;
  readonly done: Promise<void>;
}

export class PipelineRuns {
  readonly #stopTimeoutMillis: number;
  readonly #runs = new Map<Pipeline, Run>();
  readonly #failures: unknown[] = [];

  constructor(stopTimeoutMillis: number) {
    this.#stopTimeoutMillis = stopTimeoutMillis;
  }

  add(pipeline: Pipeline): void {
    const stop = new AbortController();
    const deadline = new AbortController();
    const done = pipeline
      .run(stop.signal, deadline.signal)
      // One source that fails for good takes the others with it, in order.
      .catch((error: unknown) => {
        this.#failures.push(error);
        this.stopAll();
      })
      .finally(() => this.#runs.delete(pipeline));
    this.#runs.set(pipeline, { stop, deadline, done });
  }

  /** Lets it read no more and deliver the rest; resolves within the stop timeout. */
  async remove(pipeline: Pipeline): Promise<void> {
    const run = this.#runs.get(pipeline);
    if (run === undefined) return;
    this.#stop(run);
    await run.done;
  }

  /** Idempotent. */
  stopAll(): void {
    for (const run of this.#runs.values()) this.#stop(run);
  }

  /** Resolves when no pipeline runs any more; rejects then with the first failure. */
  async ended(): Promise<void> {
    while (this.#runs.size > 0) await Promise.race([...this.#runs.values()].map((run) => run.done));
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  #stop({ stop, deadline, done }: Run): void {
    if (stop.signal.aborted) return;
    const timer = setTimeout(() => deadline.abort(), this.#stopTimeoutMillis);
    void done.finally(() => clearTimeout(timer));
    stop.abort(new Error("the pipeline is to stop"));
  }
}
