/**
 * Finds the wall-clock time at the start of a line, in any of the usual forms or in the one layout that the user gave.
 * Called by the framing for each line of the slow road.
 */
import { compileLayout, type TimeLayout, type WrittenTime } from "./time-layout.ts";
import { TimeZone } from "./time-zone.ts";

/** When a line was written. */
export interface Stamp {
  /** Milliseconds since 1970, cut, not rounded. */
  readonly millis: number;
  /** All decimals that the line has. */
  readonly fraction: string;
  /** First character behind the time; the other places are WrittenTime's. */
  readonly end: number;
  readonly secondsAt: number;
  readonly fractionEnd: number;
}

export interface ClockOptions {
  readonly timeLayout?: string | undefined;
  /** Undefined: the process's own, since the user said nothing. */
  readonly timeZone?: string | undefined;
}

/** Told of each time that was written without a zone, and how it was read. */
export type LocalTimeListener = (written: string, millis: number, now: number) => void;

// rsyslog, syslog-ng, journalctl -o short*, dmesg -T and --time-format iso, Cisco-like years.
const usualLayouts = [
  "2006-01-02T15:04:05Z07:00",
  "Jan _2 15:04:05",
  "2006-01-02T15:04:05Z0700",
  "2006-01-02T15:04:05",
  "2006-01-02 15:04:05Z07:00",
  "2006-01-02 15:04:05 -0700",
  "2006-01-02 15:04:05",
  "Jan _2 2006 15:04:05",
  "Mon 2006-01-02 15:04:05 MST",
  "Mon Jan _2 15:04:05 2006",
  "Mon Jan _2 15:04:05 MST 2006",
];

export class ClockReader {
  /** The user's layout, undefined when the time is to be found by itself. */
  readonly layout: string | undefined;
  readonly #zone: TimeZone;
  readonly #onLocalTime: LocalTimeListener | undefined;
  /** The one that matched last is in front. */
  readonly #layouts: TimeLayout[];

  constructor(options: ClockOptions, onLocalTime?: LocalTimeListener) {
    this.layout = options.timeLayout;
    this.#zone = new TimeZone(options.timeZone ?? "local");
    this.#onLocalTime = onLocalTime;
    const texts = options.timeLayout === undefined ? usualLayouts : [options.timeLayout];
    this.#layouts = texts.map(compileLayout).filter((layout) => typeof layout !== "string");
  }

  /** The time at `at`, or undefined when none stands there. */
  read(line: string, at: number, now: number): Stamp | undefined {
    for (let i = 0; i < this.#layouts.length; i++) {
      const written = this.#layouts[i]?.read(line, at);
      if (written === undefined || !endsHere(line, written.end)) continue;
      const millis = this.#zone.millis(written, now);
      if (millis === undefined) continue;
      if (i > 0) this.#layouts.unshift(...this.#layouts.splice(i, 1));
      if (written.offsetMinutes === undefined) this.#onLocalTime?.(line.slice(at, written.end), millis, now);
      return stamp(written, millis);
    }
    return this.layout === undefined ? readUnixTime(line, at) : undefined;
  }
}

function stamp(written: WrittenTime, millis: number): Stamp {
  const { fraction, end, secondsAt, fractionEnd } = written;
  return { millis: millis + fractionMillis(fraction), fraction, end, secondsAt, fractionEnd };
}

export function fractionMillis(fraction: string): number {
  return fraction === "" ? 0 : Number(fraction.slice(0, 3).padEnd(3, "0"));
}

function endsHere(line: string, end: number): boolean {
  return end === line.length || line[end] === " " || line[end] === "]" || line[end] === ":";
}

/** journalctl -o short-unix: "1795204609.770369". */
function readUnixTime(line: string, at: number): Stamp | undefined {
  const match = /^(\d{9,11})\.(\d{1,9})(?= )/.exec(line.slice(at, at + 24));
  if (match === null) return undefined;
  const [text, seconds = "", fraction = ""] = match;
  const millis = Number(seconds) * 1000 + fractionMillis(fraction);
  return { millis, fraction, end: at + text.length, secondsAt: -1, fractionEnd: -1 };
}

/** RFC 3339 in UTC with the decimals that the line has: "2026-11-20T19:56:42.401765Z". */
export function utcText(millis: number, fraction: string): string {
  const second = Math.floor(millis / 1000);
  if (second !== lastSecond) {
    lastText = new Date(second * 1000).toISOString().slice(0, -4);
    lastSecond = second;
  }
  if (fraction === "") return `${lastText.slice(0, -1)}Z`;
  // Joined first, because it is short: of long texts each piece more is an object of 32 bytes in the record.
  const end = `${fraction}Z`;
  return `${lastText}${end}`;
}

// Most lines are of the second of the line before; making the text anew is a third of a line's cost.
let lastSecond = 0;
let lastText = "1970-01-01T00:00:00.";
