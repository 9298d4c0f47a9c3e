/**
 * Notices when the DNS servers answer nothing, and when they do again. Results in; `isSilent` out.
 * Used by host-resolver.ts, which asks nothing while they are silent. A probe goes out after 1 s, 2 s, 4 s … 30 s.
 */
import type { Clock } from "../../core/plugin/index.ts";

export interface SilenceOptions {
  readonly clock: Clock;
  /** So many questions without an answer in a row. */
  readonly threshold: number;
  readonly signal: AbortSignal;
  /** True when there was an answer, any answer. Must not reject. */
  probe(): Promise<boolean>;
  began(): void;
  ended(): void;
}

const firstProbeMillis = 1000;
const maxProbeMillis = 30_000;

export class Silence {
  readonly #options: SilenceOptions;
  #unansweredInRow = 0;
  #probing: Promise<void> | undefined;

  constructor(options: SilenceOptions) {
    this.#options = options;
  }

  get isSilent(): boolean {
    return this.#probing !== undefined;
  }

  heard(): void {
    this.#unansweredInRow = 0;
  }

  missed(): void {
    this.#unansweredInRow++;
    if (this.#unansweredInRow < this.#options.threshold || this.isSilent || this.#options.signal.aborted) return;
    this.#probing = this.#probeUntilAnswered();
    this.#options.began();
  }

  /** Resolves when no probe is under way; only once the signal has aborted. */
  async idle(): Promise<void> {
    await this.#probing;
  }

  async #probeUntilAnswered(): Promise<void> {
    const { clock, signal } = this.#options;
    for (let pause = firstProbeMillis; ; pause = Math.min(2 * pause, maxProbeMillis)) {
      const isStopped = await clock.sleep(pause, signal).then(
        () => false,
        () => true,
      );
      if (isStopped) return;
      if (await this.#options.probe()) break;
    }
    this.#probing = undefined;
    this.#unansweredInRow = 0;
    this.#options.ended();
  }
}
