/** The wall clock of a made-up node: the lines of its log and the program that reads them go by it. */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export class NodeClock {
  readonly #timeZone: string;
  #offsetMillis = 0;
  #path: string | undefined;

  constructor(timeZone = "UTC") {
    this.#timeZone = timeZone;
  }

  now(): number {
    return Date.now() + this.#offsetMillis;
  }

  set(text: string): void {
    this.step(Date.parse(text) - this.now());
  }

  step(millis: number): void {
    this.#offsetMillis += millis;
    this.#tell();
  }

  /** What a process's environment needs to go by it; `folder` is for the file that tells it. */
  environment(folder: string): Record<string, string> {
    this.#path = join(folder, "clock");
    this.#tell();
    const module = pathToFileURL(join(import.meta.dirname, "testdata/stepped-clock.mjs")).href;
    return { CLOCK_FILE: this.#path, NODE_OPTIONS: `--import=${module}`, TZ: this.#timeZone };
  }

  /** As rsyslog's file format has it. */
  isoTime(): string {
    return new Date(this.now()).toISOString().replace("Z", "000+00:00");
  }

  /** As syslog always had it: the local time without zone and year. */
  syslogTime(): string {
    const parts = Object.fromEntries(this.#localTime().map(({ type, value }) => [type, value]));
    return `${parts.month} ${String(parts.day).padStart(2)} ${parts.hour}:${parts.minute}:${parts.second}`;
  }

  #localTime(): Intl.DateTimeFormatPart[] {
    const fields = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
    return new Intl.DateTimeFormat("en", { timeZone: this.#timeZone, hourCycle: "h23", ...fields }).formatToParts(
      this.now(),
    );
  }

  /** In one step, so that the process never reads half a number. */
  #tell(): void {
    if (this.#path === undefined) return;
    writeFileSync(`${this.#path}.new`, String(this.#offsetMillis));
    renameSync(`${this.#path}.new`, this.#path);
  }
}
