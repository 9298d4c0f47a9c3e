/** Decides when the checkpoint is written, and says what went wrong with it. One per pipeline. */
import type { Clock, Logger } from "../plugin/context.ts";
import { describeError } from "../plugin/errors.ts";
import type { Checkpoint, CheckpointFile } from "./checkpoint.ts";
import { Rest } from "./rest.ts";

export interface CheckpointKeeperParts {
  /** Undefined: the place lives in memory. */
  readonly checkpoint: CheckpointFile | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

const retryMillis = 60_000;

export class CheckpointKeeper {
  readonly #parts: CheckpointKeeperParts;
  #savedState = "";
  readonly #rest = new Rest();

  constructor(parts: CheckpointKeeperParts) {
    this.#parts = parts;
  }

  /** What to go on from; undefined to begin from the beginning, with the reason logged. */
  async load(): Promise<Checkpoint | undefined> {
    const { checkpoint, logger } = this.#parts;
    const loaded = await checkpoint?.load();
    if (loaded?.kind === "found") return loaded.checkpoint;
    if (loaded?.kind === "unusable") {
      const fields = { path: checkpoint?.path, reason: loaded.reason };
      logger.error(fields, "the checkpoint cannot be used: reading from the beginning, where old packets expire");
    }
    return undefined;
  }

  /**
   * Writes what `take` gives if `state` is new. True when the file holds the present state; false when it does not,
   * because there is no file, it cannot be written, or (unless `atOnce`) it is too early.
   */
  async save(state: string, take: () => Checkpoint, atOnce: boolean): Promise<boolean> {
    const { checkpoint, clock } = this.#parts;
    if (checkpoint === undefined) return false;
    if (state === this.#savedState) return true;
    if (!atOnce && this.#rest.left(clock.now()) > 0) return false;
    const begin = performance.now();
    try {
      await checkpoint.save(take());
    } catch (error) {
      this.#noteFailure(checkpoint.path, error);
      return false;
    }
    this.#savedState = state;
    // A large state is saved less often, so that at most a twentieth of the time goes into it.
    this.#rest.begin(clock.now(), (performance.now() - begin) * 20 - 1000);
    return true;
  }

  #noteFailure(path: string, error: unknown): void {
    this.#rest.begin(this.#parts.clock.now(), retryMillis);
    const fields = { path, error: describeError(error) };
    this.#parts.logger.error(
      fields,
      "cannot write the checkpoint: a restart would go on from the last one; next try in a minute",
    );
  }
}
