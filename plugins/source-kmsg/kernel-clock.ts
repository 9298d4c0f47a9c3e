/**
 * Turns the kernel's time of a record (microseconds since the machine's start) into wall-clock time. The kernel stamps
 * with local_clock(), which nobody disciplines: it runs away from CLOCK_MONOTONIC by seconds in weeks (dmesg -T shows
 * that error). How far is seen at each record that is read as soon as it is written.
 */
import type { Clock } from "../../core/plugin/index.ts";

/** Less than this is Clock's own grain; more is a step, or a correction, of the wall clock. */
const stepMicros = 2000;

export class KernelClock {
  readonly #clock: Pick<Clock, "now">;
  readonly #monotonicMicros: () => number;
  /** Wall clock minus monotonic clock. */
  #wallMicros = Number.NaN;
  /** Kernel's stamp minus monotonic clock, as far as it is known. */
  #skewMicros = 0;
  /** The monotonic clock when the log was last seen to its end. */
  #endSeenMicros = Number.NaN;

  constructor(clock: Pick<Clock, "now">, monotonicMicros: () => number) {
    this.#clock = clock;
    this.#monotonicMicros = monotonicMicros;
  }

  /** There is no newer record now: the next one is written later than that. */
  endSeen(): void {
    this.#endSeenMicros = this.#monotonicMicros();
  }

  /** A record that has just been read. */
  observe(stampMicros: number): void {
    const nowMicros = this.#monotonicMicros();
    // It was written before now …
    this.#skewMicros = Math.max(this.#skewMicros, stampMicros - nowMicros);
    // … and, when the log had been seen to its end, after that.
    if (stampMicros > this.#endSeenMicros + this.#skewMicros) return;
    if (!Number.isNaN(this.#endSeenMicros)) this.#skewMicros = stampMicros - this.#endSeenMicros;
  }

  /** Milliseconds since 1970, with fractions. The wall clock's steps are followed: it is asked each time. */
  wallMillis(stampMicros: number): number {
    const wallMicros = this.#clock.now() * 1000 - this.#monotonicMicros();
    if (!(Math.abs(wallMicros - this.#wallMicros) < stepMicros)) this.#wallMicros = wallMicros;
    return (stampMicros - this.#skewMicros + this.#wallMicros) / 1000;
  }
}
