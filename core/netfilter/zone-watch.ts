/**
 * Helps whose lines name no time zone while the process has another one than the node, as in most containers: compares
 * such times with the clock. In: times as they were read; out: one log line at most. Called by the clock reader.
 */
import type { PluginContext } from "../plugin/index.ts";

/** Zones differ by multiples of this. */
const quarterMillis = 900_000;
/** No zone is further from UTC. What is further from the clock is an old line whose year is a guess. */
const maxQuarters = 14 * 4;
/** A line is read within this time after it was written, when the log is followed. */
const toleranceMillis = 30_000;
/** For so long lines must have been behind by the same time: old lines that are read anew have gone by then. */
const patienceMillis = 60_000;

export class ZoneWatch {
  readonly #context: PluginContext;
  #quarters = 0;
  #since = 0;
  #told = false;

  constructor(context: PluginContext) {
    this.#context = context;
  }

  /** A time that was written without a zone, as it was read. */
  look(written: string, millis: number, now: number): void {
    const quarters = Math.round((millis - now) / quarterMillis);
    if (this.#told || Math.abs(quarters) > maxQuarters) return;
    const isNear = Math.abs(millis - now - quarters * quarterMillis) <= toleranceMillis;
    // A time that has not come yet cannot be an old line's.
    if (quarters > 0) this.#tell(written, quarters);
    else if (quarters === 0 || !isNear) this.#quarters = 0;
    else if (quarters !== this.#quarters) {
      this.#quarters = quarters;
      this.#since = now;
    } else if (now - this.#since >= patienceMillis) this.#tell(written, quarters);
  }

  #tell(written: string, quarters: number): void {
    this.#told = true;
    const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
    const minutes = Math.abs(quarters) * 15;
    const distance = `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, "0")}m`;
    const consequence =
      quarters < 0 ? 'drops older than "maxAge" are discarded as expired' : "ages and resolved pods are wrong";
    this.#context.logger.error(
      { sample: written, zone },
      `times like "${written}" name no zone; read as ${zone}, this process's zone, they are ${distance} ${quarters < 0 ? "behind" : "ahead of"} the clock, so ${consequence}: set "timeZone" to the zone of who writes them, like timeZone: Europe/Berlin`,
    );
  }
}
