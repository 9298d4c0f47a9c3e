/** The values of ulogd's JSON objects, checked one by one: a file can hold anything. */

export type Fields = Readonly<Record<string, unknown>>;

/** Undefined when `line`, one character a byte, is no whole object. */
export function readFields(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(line, "latin1").toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

/** Back to one character a byte, as all that reads netfilter's lines has it. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? Buffer.from(value).toString("latin1") : undefined;
}

/** A whole number from 0 to `max`. */
export function numberOf(value: unknown, max: number): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max ? value : undefined;
}
