/**
 * Lines that are JSON objects: journald, rsyslog and syslog-ng templates, Talos, fluent-bit, Docker's json-file.
 * Out: the message inside, and what the other fields say about its author, host and time.
 */
import type { ClockReader, Stamp } from "./clock-reader.ts";
import { fractionMillis } from "./clock-reader.ts";
import type { Author } from "./frame.ts";

export interface JsonLine {
  /** One character a byte. */
  readonly message: string;
  readonly author: Author;
  readonly host: string;
  readonly stamp: Stamp | "unreadable" | undefined;
  /** Docker's json-file: the message is a whole line of whatever the container wrote, with its own framing. */
  readonly wrapped: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

const messageKeys = ["MESSAGE", "message", "msg", "MSG", "log"];
const timeKeys = ["timestamp", "@timestamp", "time", "talos-time", "ISODATE", "date", "DATE"];
const hostKeys = ["_HOSTNAME", "hostname", "host", "HOST", "node"];
const tagKeys = ["SYSLOG_IDENTIFIER", "syslogtag", "programname", "app-name", "appname", "PROGRAM", "ident"];
const facilityKeys = ["SYSLOG_FACILITY", "facility", "FACILITY", "syslogfacility", "syslogfacility-text"];

/** Undefined when `line` is no JSON object with a message; "forged" when it names one of its fields twice. */
export function readJsonLine(line: string, clock: ClockReader, now: number): JsonLine | "forged" | undefined {
  const from = line.startsWith("data: ") ? 6 : 0;
  const fields = parseObject(Buffer.from(line, "latin1").toString("utf8", from));
  if (fields === undefined) return undefined;
  const key = messageKeys.find((name) => fields[name] !== undefined);
  const message = key === undefined ? undefined : bytesOf(fields[key]);
  if (message === undefined) return undefined;
  if (saysTwice(line, fields)) return "forged";
  return {
    message: message.replace(/\r?\n$/, ""),
    author: authorOf(fields),
    host: bytesOf(first(fields, hostKeys)) ?? "",
    stamp: stampOf(fields, clock, now),
    wrapped: key === "log" && typeof fields.stream === "string",
  };
}

function parseObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

/** journald writes text that is not UTF-8 or has control characters as an array of bytes. */
function bytesOf(value: unknown): string | undefined {
  if (typeof value === "string") return Buffer.from(value).toString("latin1");
  if (!Array.isArray(value) || !value.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256))
    return undefined;
  return Buffer.from(value).toString("latin1");
}

function first(fields: Fields, keys: readonly string[]): unknown {
  for (const key of keys) if (fields[key] !== undefined) return fields[key];
  return undefined;
}

/**
 * A template that does not escape quotes lets a message write fields of its own; the field it wants to replace then
 * stands twice. Inside a proper JSON string the quotes around the name carry backslashes.
 */
function saysTwice(line: string, fields: Fields): boolean {
  const telling = [...messageKeys, ...tagKeys, ...facilityKeys, "_TRANSPORT", "stream"];
  return telling.filter((key) => fields[key] !== undefined).some((key) => count(line, `"${key}"`) > 1);
}

function count(line: string, quoted: string): number {
  let found = 0;
  for (let at = line.indexOf(quoted); at >= 0; at = line.indexOf(quoted, at + quoted.length)) {
    if (line[at - 1] !== "\\" && /^\s*:/.test(line.slice(at + quoted.length, at + quoted.length + 8))) found++;
  }
  return found;
}

/** _TRANSPORT and the facility cannot be chosen by a process; a tag can, so that it only ever speaks against a line. */
function authorOf(fields: Fields): Author {
  const transport = fields._TRANSPORT;
  if (transport !== undefined && transport !== "kernel") return "process";
  const facility = first(fields, facilityKeys);
  if (facility !== undefined && !/^(0|kern)$/.test(String(facility))) return "process";
  const tag = first(fields, tagKeys);
  if (tag !== undefined) return /^(kernel|klogd):?$/.test(String(tag)) ? "kernel" : "process";
  return transport === undefined && facility === undefined ? "unknown" : "kernel";
}

function stampOf(fields: Fields, clock: ClockReader, now: number): Stamp | "unreadable" | undefined {
  const exact = journalTime(fields) ?? macroTime(fields);
  if (exact !== undefined) return exact;
  const value = first(fields, timeKeys);
  if (value === undefined) return undefined;
  if (typeof value === "number") return unixTime(value);
  return typeof value === "string" ? (clock.read(value, 0, now) ?? "unreadable") : "unreadable";
}

/**
 * __REALTIME_TIMESTAMP is when journald read the record; the two monotonic times tell how long it had waited by then:
 * minutes, for what was in the kernel's buffer when journald started. printk's clock is not disciplined and drifts from
 * the other by some 100 ppm, so that only a wait well beyond that counts.
 */
function journalTime(fields: Fields): Stamp | undefined {
  const read = microseconds(fields.__REALTIME_TIMESTAMP);
  if (read === undefined) return undefined;
  const logged = microseconds(fields._SOURCE_MONOTONIC_TIMESTAMP);
  const uptime = microseconds(fields.__MONOTONIC_TIMESTAMP);
  const waited = logged === undefined || uptime === undefined ? 0 : uptime - logged;
  const drift = 1_000_000 + (uptime ?? 0) * 500e-6;
  const micros = waited > drift ? read - waited : read;
  return plainStamp(Math.floor(micros / 1000), sixDigits(micros % 1_000_000));
}

/** syslog-ng's key-value macros: seconds and microseconds apart. */
function macroTime(fields: Fields): Stamp | undefined {
  const seconds = microseconds(fields.UNIXTIME);
  const micros = microseconds(fields.USEC);
  if (seconds === undefined || micros === undefined || micros >= 1_000_000) return undefined;
  return plainStamp(seconds * 1000 + Math.floor(micros / 1000), sixDigits(micros));
}

function sixDigits(micros: number): string {
  return String(micros).padStart(6, "0");
}

function microseconds(value: unknown): number | undefined {
  return typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : undefined;
}

/** Seconds since 1970, as fluent-bit writes them. */
function unixTime(seconds: number): Stamp | "unreadable" {
  if (!(seconds > 0 && seconds < 1e11)) return "unreadable";
  const fraction = /\.(\d{1,9})$/.exec(String(seconds))?.[1] ?? "";
  return plainStamp(Math.floor(seconds) * 1000 + fractionMillis(fraction), fraction);
}

function plainStamp(millis: number, fraction: string): Stamp {
  return { millis, fraction, end: -1, secondsAt: -1, fractionEnd: -1 };
}
