/**
 * Go's reference-time layouts ("2006-01-02T15:04:05.000000-07:00") as matchers, with all tokens of Go's time package
 * and its tolerance: a run of spaces matches a run of spaces, a fraction may follow the seconds unannounced.
 * Compiled once; the user's layout and the built-in ones are read by the same code.
 */
import type { CivilTime } from "./time-zone.ts";

/** A time as it stands in a line. */
export interface WrittenTime extends CivilTime {
  /** The digits after the decimal point, "" when there are none. */
  readonly fraction: string;
  /** Where the two digits of the seconds begin, if only they and the fraction change within a minute; else -1. */
  readonly secondsAt: number;
  /** First character behind the seconds and their fraction. */
  readonly fractionEnd: number;
  /** First character behind the time. */
  readonly end: number;
}

export interface TimeLayout {
  readonly text: string;
  /** The time at `at` of `line`, or undefined when there is none of this layout. */
  read(line: string, at: number): WrittenTime | undefined;
}

type Field =
  | "year"
  | "year2"
  | "month"
  | "monthName"
  | "day"
  | "yearDay"
  | "weekday"
  | "hour"
  | "hour12"
  | "half"
  | "minute"
  | "second"
  | "fraction"
  | "offset"
  | "zoneName"
  | "literal";

interface Piece {
  readonly field: Field;
  readonly pattern: string;
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const fullMonths = "january february march april may june july august september october november december".split(" ");

// Longest first where one begins like another. Widths are those of Go's time.Parse.
const tokens: readonly (readonly [string, Field, string])[] = [
  ["January", "monthName", "[A-Za-z]{3,9}"],
  ["Jan", "monthName", "[A-Za-z]{3}"],
  ["Monday", "weekday", "[A-Za-z]{6,9}"],
  ["Mon", "weekday", "[A-Za-z]{3}"],
  ["MST", "zoneName", "(?:UTC|GMT[+-]\\d{1,2}|ChST|MeST|[A-Z]{3,5}|[+-]\\d{2})"],
  ["2006", "year", "\\d{4}"],
  ["002", "yearDay", "\\d{3}"],
  ["01", "month", "\\d{2}"],
  ["02", "day", "\\d{2}"],
  ["03", "hour12", "\\d{2}"],
  ["04", "minute", "\\d{2}"],
  ["05", "second", "\\d{2}"],
  ["06", "year2", "\\d{2}"],
  ["15", "hour", "\\d{1,2}"],
  ["1", "month", "\\d{1,2}"],
  ["__2", "yearDay", " {0,2}\\d{1,3}"],
  ["_2", "day", " ?\\d{1,2}"],
  ["2", "day", "\\d{1,2}"],
  ["3", "hour12", "\\d{1,2}"],
  ["4", "minute", "\\d{1,2}"],
  ["5", "second", "\\d{1,2}"],
  ["PM", "half", "(?:AM|PM)"],
  ["pm", "half", "(?:am|pm)"],
  ["Z07:00:00", "offset", "(?:Z|[+-]\\d\\d:\\d\\d:\\d\\d)"],
  ["Z070000", "offset", "(?:Z|[+-]\\d{6})"],
  ["Z07:00", "offset", "(?:Z|[+-]\\d\\d:\\d\\d)"],
  ["Z0700", "offset", "(?:Z|[+-]\\d{4})"],
  ["Z07", "offset", "(?:Z|[+-]\\d{2})"],
  ["-07:00:00", "offset", "[+-]\\d\\d:\\d\\d:\\d\\d"],
  ["-070000", "offset", "[+-]\\d{6}"],
  ["-07:00", "offset", "[+-]\\d\\d:\\d\\d"],
  ["-0700", "offset", "[+-]\\d{4}"],
  ["-07", "offset", "[+-]\\d{2}"],
];

/** The matcher, or a sentence that says why `text` cannot be one. */
export function compileLayout(text: string): TimeLayout | string {
  const pieces = split(text);
  const has = (...fields: Field[]) => pieces.some(({ field }) => fields.includes(field));
  if (!has("hour", "hour12") || !has("minute"))
    return `"${text}" has no hour and minute ("15:04:05" in Go's reference time)`;
  const dated = has("yearDay") || (has("day") && has("month", "monthName"));
  if (!dated) return `"${text}" has no month and day ("Jan _2" or "01-02" in Go's reference time)`;
  const pattern = new RegExp(pieces.map((piece) => `(${piece.pattern})`).join(""), "y");
  return {
    text,
    read(line, at) {
      pattern.lastIndex = at;
      const match = pattern.exec(line);
      return match === null ? undefined : written(pieces, match);
    },
  };
}

function split(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  while (at < text.length) {
    const [field, pattern, length] = fractionAt(text, at) ?? tokenAt(text, at) ?? literalAt(text, at);
    pieces.push({ field, pattern });
    at += length;
    // Go takes a fraction behind the seconds even when the layout has none.
    if (field === "second" && fractionAt(text, at) === undefined)
      pieces.push({ field: "fraction", pattern: "(?:[.,]\\d+)?" });
  }
  return pieces;
}

function tokenAt(text: string, at: number): [Field, string, number] | undefined {
  // "_2006" is an underscore and the year, not a padded day.
  if (text.startsWith("_2006", at)) return undefined;
  for (const [token, field, pattern] of tokens) {
    if (!text.startsWith(token, at)) continue;
    // "Monthly" or "Jane" are words, not names of a day or month.
    if ((token === "Jan" || token === "Mon") && /^[a-z]/.test(text.slice(at + 3))) return undefined;
    return [field, pattern, token.length];
  }
  return undefined;
}

/** ".000" or ",999": a fraction with a fixed or any number of digits. */
function fractionAt(text: string, at: number): [Field, string, number] | undefined {
  const match = /^[.,](0+|9+)(?!\d)/.exec(text.slice(at));
  if (match?.[1] === undefined) return undefined;
  const fixed = match[1].startsWith("0");
  return ["fraction", fixed ? `[.,]\\d{${match[1].length}}` : "(?:[.,]\\d+)?", match[0].length];
}

function literalAt(text: string, at: number): [Field, string, number] {
  const spaces = /^ +/.exec(text.slice(at))?.[0].length ?? 0;
  if (spaces > 0) return ["literal", " +", spaces];
  const [character = ""] = text.slice(at);
  return ["literal", character.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"), character.length];
}

interface Reading {
  year?: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  offsetMinutes?: number;
  fraction: string;
  secondsAt: number;
  fractionEnd: number;
  end: number;
  afternoon?: boolean;
  yearDay?: number;
}

function written(pieces: readonly Piece[], match: RegExpExecArray): WrittenTime | undefined {
  const reading: Reading = {
    month: 1,
    day: 1,
    hour: 0,
    minute: 0,
    second: 0,
    fraction: "",
    secondsAt: -1,
    fractionEnd: -1,
    end: match.index,
  };
  for (let i = 0; i < pieces.length; i++) {
    const value = match[i + 1] ?? "";
    const start = reading.end;
    reading.end += value.length;
    const field = pieces[i]?.field ?? "literal";
    if (field !== "literal" && !take(reading, field, value)) return undefined;
    if (field === "second" && value.length === 2) reading.secondsAt = start;
    if (field === "second" || field === "fraction") reading.fractionEnd = reading.end;
    // A running field behind the seconds: the text in front of them does not tell the minute alone.
    else if (reading.fractionEnd >= 0 && /^(month|day|hour|minute|half)/.test(field)) reading.secondsAt = -1;
  }
  return finished(reading);
}

/** False when the value is none, like month 13. */
function take(reading: Reading, field: Exclude<Field, "literal">, value: string): boolean {
  const number = Number(value);
  switch (field) {
    case "year":
      reading.year = number;
      return true;
    // Go: 69 to 99 are 1969 to 1999.
    case "year2":
      reading.year = number + (number >= 69 ? 1900 : 2000);
      return true;
    case "month":
      reading.month = number;
      return number >= 1 && number <= 12;
    case "monthName":
      return takeMonthName(reading, value.toLowerCase());
    case "day":
      reading.day = number;
      return number >= 1 && number <= 31;
    case "yearDay":
      reading.yearDay = number;
      return number >= 1 && number <= 366;
    case "hour":
      reading.hour = number;
      return number <= 23;
    case "hour12":
      reading.hour = number % 12;
      return number >= 1 && number <= 12;
    case "half":
      reading.afternoon = value.toLowerCase() === "pm";
      return true;
    case "minute":
      reading.minute = number;
      return number <= 59;
    case "second":
      reading.second = number;
      return number <= 60;
    case "fraction":
      reading.fraction = value.slice(1);
      return true;
    case "offset":
      reading.offsetMinutes = offsetMinutes(value);
      return true;
    // Other abbreviations have no fixed meaning; they are the zone that the user names.
    case "zoneName":
      if (/^(UTC|GMT|Z)$/.test(value)) reading.offsetMinutes = 0;
      return true;
    case "weekday":
      return true;
  }
}

function takeMonthName(reading: Reading, name: string): boolean {
  reading.month = 1 + (name.length === 3 ? months.indexOf(name) : fullMonths.indexOf(name));
  return reading.month > 0;
}

function offsetMinutes(value: string): number {
  if (value === "Z") return 0;
  const digits = value.slice(1).replaceAll(":", "");
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2, 4)) + Number(digits.slice(4, 6)) / 60;
  return value.startsWith("-") ? -minutes : minutes;
}

function finished({ afternoon, yearDay, ...reading }: Reading): WrittenTime {
  const hour = reading.hour + (afternoon === true && reading.hour < 12 ? 12 : 0);
  if (yearDay === undefined) return { ...reading, hour };
  // A day of the year without a year is counted in a leap year, so that 366 exists.
  const date = new Date(Date.UTC(reading.year ?? 2000, 0, yearDay));
  return { ...reading, hour, month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}
