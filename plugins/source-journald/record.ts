/** What this room needs of a journal record in JSON; the message is the parser's. */

export interface JournalRecord {
  readonly cursor: string;
  readonly bootId: string;
  readonly host: string;
  /** When journald took it, milliseconds since 1970. */
  readonly timeMillis: number;
}

/** Undefined: no record. `line` may end with "\n". */
export function readRecord(line: Uint8Array): JournalRecord | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString());
  } catch {
    return undefined;
  }
  if (typeof fields !== "object" || fields === null || !("__CURSOR" in fields)) return undefined;
  const text = (name: string): string => {
    const value: unknown = Reflect.get(fields, name);
    return typeof value === "string" ? value : "";
  };
  const timeMillis = Number(text("__REALTIME_TIMESTAMP")) / 1000;
  return { cursor: text("__CURSOR"), bootId: text("_BOOT_ID"), host: text("_HOSTNAME"), timeMillis };
}

/** The last line of a run of whole lines. */
export function lastLine(run: Buffer): Buffer {
  return run.subarray(run.lastIndexOf(0x0a, run.length - 2) + 1);
}
