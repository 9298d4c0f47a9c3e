/**
 * Civil time to milliseconds since 1970, with what a log line leaves out (zone, year) filled in.
 * Called by the clock-reading part of the parser once a minute of log time, or for each line of the slow road.
 */

/** Numbers as a line has them; `year` and `offsetMinutes` are missing in most syslog files. */
export interface CivilTime {
  readonly year?: number | undefined;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly offsetMinutes?: number | undefined;
}

const dayMillis = 86_400_000;
/** Clocks are changed at these, since 2011 everywhere. */
const quarterMillis = 900_000;
const maxOffsets = 64;

export function isTimeZone(name: string): boolean {
  if (name === "local") return true;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export class TimeZone {
  readonly #parts: Intl.DateTimeFormat | undefined;
  /** By the quarter of an hour since 1970. */
  readonly #offsets = new Map<number, number>();

  /** `name`: an IANA name, or "local" for the process's own zone. */
  constructor(name: string) {
    if (name === "local") return;
    this.#parts = new Intl.DateTimeFormat("en", {
      timeZone: name,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  /** Undefined when there is no such date. A missing year is the one that puts the time nearest `now`, a day ahead at most. */
  millis(civil: CivilTime, now: number): number | undefined {
    if (civil.year !== undefined) return this.#inYear(civil, civil.year, now);
    const thisYear = new Date(now).getUTCFullYear();
    // Eight years back at most: the longest way to a February 29 (1896 to 1904, 2096 to 2104).
    for (let year = thisYear + 1; year >= thisYear - 8; year--) {
      const millis = this.#inYear(civil, year, now);
      if (millis !== undefined && millis <= now + dayMillis) return millis;
    }
    return undefined;
  }

  #inYear(civil: CivilTime, year: number, now: number): number | undefined {
    const utc = utcMillis(civil, year);
    if (utc === undefined) return undefined;
    if (civil.offsetMinutes !== undefined) return utc - civil.offsetMinutes * 60_000;
    const before = utc - this.#offset(utc - dayMillis);
    const after = utc - this.#offset(utc + dayMillis);
    if (before === after) return before;
    // Around a change of the clocks: an hour that exists twice is the one nearer now, one that does not exist is moved on.
    const valid = [before, after].filter((millis) => millis + this.#offset(millis) === utc);
    const nearness = (millis: number) => Math.abs(now - millis);
    return valid.length === 0
      ? before
      : Math.min(...valid) === Math.max(...valid)
        ? valid[0]
        : nearest(valid, nearness);
  }

  /** What the zone is ahead of UTC at `utc`. Asked of each line in some logs, and Intl takes 10 µs. */
  #offset(utc: number): number {
    const quarter = Math.floor(utc / quarterMillis);
    let offset = this.#offsets.get(quarter);
    if (offset === undefined) {
      offset = this.#findOffset(quarter * quarterMillis);
      if (this.#offsets.size >= maxOffsets) this.#offsets.clear();
      this.#offsets.set(quarter, offset);
    }
    return offset;
  }

  #findOffset(utc: number): number {
    if (this.#parts === undefined) return -new Date(utc).getTimezoneOffset() * 60_000;
    const at: Record<string, number> = {};
    for (const { type, value } of this.#parts.formatToParts(utc)) at[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = at;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(utc / 1000) * 1000;
  }
}

function nearest(values: readonly number[], distance: (value: number) => number): number | undefined {
  return [...values].sort((a, b) => distance(a) - distance(b))[0];
}

function utcMillis(civil: CivilTime, year: number): number | undefined {
  const { month, day, hour, minute, second } = civil;
  // 60: a leap second, told as the first of the next minute.
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000;
}
