/** One record of /dev/kmsg: `PRIORITY,SEQUENCE,MICROSECONDS,FLAGS[,…];MESSAGE\n`, then lines with a space in front. */

export interface KmsgRecord {
  /** Facility 0: only the kernel can write that (devkmsg_write gives every process another one). */
  readonly isKernels: boolean;
  readonly sequence: number;
  /** Since the machine's start, by the kernel's local_clock(). */
  readonly micros: number;
  /** One line, a character a byte, without its "\n". */
  readonly message: string;
}

const head = /^(\d+),(\d+),(\d+),[^;]*;/;

/** Undefined: nothing that /dev/kmsg gives. */
export function readRecord(bytes: Buffer): KmsgRecord | undefined {
  const text = bytes.toString("latin1");
  const match = head.exec(text);
  if (match === null) return undefined;
  const [start, priority, sequence, micros] = match;
  const newline = text.indexOf("\n", start.length);
  const message = text.slice(start.length, newline < 0 ? text.length : newline);
  return {
    isKernels: Number(priority) < 8,
    sequence: Number(sequence),
    micros: Number(micros),
    message: unescaped(message),
  };
}

/** Bytes below 32, from 127 on and the backslash come as \xhh. A line break stays that way: a record is one line. */
function unescaped(message: string): string {
  if (!message.includes("\\x")) return message;
  return message.replace(/\\x([\da-f]{2})/g, (escaped, hex) =>
    hex === "0a" || hex === "0d" ? escaped : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
