/**
 * What loggers put around the kernel's message, by the list of framings in the notes: one expression each.
 * Part of plain-parser.ts, and written as it is: from the notes only.
 */
export interface PlainFrame {
  /** `kernel`: the framing says that the kernel wrote it. `forged`: it says that somebody else did. */
  readonly belief: "kernel" | "unknown" | "forged";
  readonly message: string;
  /** The framing names the writer. */
  readonly tagged: boolean;
  /** The packet's time, where the framing has one that needs no guess. */
  readonly time?: number;
}

const iso = "(?<iso>\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:[.,]\\d{1,9})?(?:Z|[+-]\\d\\d:?\\d\\d))";
const bsd =
  "(?<bsd>(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \\d]\\d \\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,9})?)";
const full = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?<full>\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d) UTC";
const unix = "(?<unix>\\d{10}\\.\\d{6})";
const host = "[a-zA-Z0-9][a-zA-Z0-9.-]*";
const since = "\\[ {0,4}\\d+\\.\\d{6}\\] ";
const kernelForms = [
  `${bsd} ${host} kernel: (?:${since})?`,
  `${iso} ${host} kernel: (?:${since})?`,
  `<(?:[0-7])>(?:${bsd}|${iso.replace("iso", "iso2")}) ${host} kernel: (?:${since})?`,
  `<(?:[0-7])>1 ${iso} ${host} kernel - (?:-|\\d+) (?:-|\\[meta sequenceId="\\d+"\\]) (?:${since})?`,
  `${full} ${host} kernel: `,
  `${unix} ${host} kernel: `,
  `${since}${host} kernel: `,
  since,
  `kern {2}:(?:emerg|alert|crit|err|warn|notice|info|debug) {0,2}: ${since}`,
  `<[0-7]>${since}`,
  "[0-7],\\d+,\\d+,-;",
].map((form) => new RegExp(`^${form}(?<message>.*)$`, "s"));

/** A process's own mark where the kernel's would stand: a process number, or another facility than kern. */
const forgedForms = [
  new RegExp(`^(?:<\\d+>)?(?:${bsd}|${iso}) ${host} [a-zA-Z0-9_-]+\\[\\d+\\]: `),
  /^<(?:[89]|[1-9]\d{1,2})>/,
  /^(?:[89]|[1-9]\d{1,2}),\d+,\d+,-;/,
];

export function unframe(line: string, nowMillis: number): PlainFrame {
  const cri = /^\d{4}-\d\d-\d\dT[\d:.]+Z (?:stdout|stderr) F (.*)$/s.exec(line)?.[1];
  if (cri !== undefined) return unframe(cri, nowMillis);
  const json = /^(?:data: )?(\{.*\})$/s.exec(line)?.[1];
  if (json !== undefined) return unframeJson(json, nowMillis);
  if (forgedForms.some((form) => form.test(line))) return { belief: "forged", message: line, tagged: true };
  for (const form of kernelForms) {
    const found = form.exec(line)?.groups;
    if (found === undefined) continue;
    const time = timeOf(found, nowMillis);
    const message = unescaped(found.message ?? "");
    const tagged = form.source.includes(" kernel");
    if (Number.isNaN(time)) return { belief: "unknown", message, tagged };
    return { belief: "kernel", message, tagged, ...(time === undefined ? {} : { time }) };
  }
  return { belief: "unknown", message: unescaped(line), tagged: false };
}

/** /dev/kmsg, and loggers that read it, have bytes below 32 and above 126 as \xhh. */
function unescaped(message: string): string {
  return message.replace(/\\x([01][0-9a-f]|7f|5c|[89a-f][0-9a-f])/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function timeOf(found: Record<string, string | undefined>, nowMillis: number): number | undefined {
  const stamp = found.iso ?? found.iso2;
  if (stamp !== undefined) return isoTime(stamp);
  if (found.full !== undefined) return isoTime(`${found.full.replace(" ", "T")}Z`);
  if (found.unix !== undefined) return Math.floor(Number(found.unix) * 1000);
  if (found.bsd !== undefined) return nearestYear(found.bsd, nowMillis);
  return undefined;
}

/** Not a number where the calendar has no such day or the clock no such hour. */
function isoTime(stamp: string): number {
  const [date = "", rest = ""] = stamp.split("T");
  const [, clock = "", fraction = "", zone = ""] = /^(\d\d:\d\d:\d\d)(?:[.,](\d+))?(.*)$/.exec(rest) ?? [];
  const millis = Date.parse(`${date}T${clock}Z`);
  if (Number.isNaN(millis) || new Date(millis).toISOString().slice(0, 19) !== `${date}T${clock}`) return Number.NaN;
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? [];
  // Zones on Earth: -12:00 to +14:00.
  if (Number(hours) > 11 || Number(minutes) > 59) return Number.NaN;
  const offset = sign === undefined ? 0 : (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -60_000 : 60_000);
  return millis - offset + Number(fraction.padEnd(3, "0").slice(0, 3));
}

/** The year that puts the stamp nearest to now and not more than a day ahead. */
function nearestYear(stamp: string, nowMillis: number): number {
  const [, month = "", day = "", clock = ""] = /^(\w{3}) ([ \d]\d) (.*)$/.exec(stamp) ?? [];
  const monthNumber = "JanFebMarAprMayJunJulAugSepOctNovDec".indexOf(month) / 3 + 1;
  const two = (value: string | number) => String(value).trim().padStart(2, "0");
  const thisYear = new Date(nowMillis).getUTCFullYear();
  const times = [thisYear - 1, thisYear, thisYear + 1]
    .map((year) => isoTime(`${year}-${two(monthNumber)}-${two(day)}T${clock}Z`))
    .filter((time) => time <= nowMillis + 86_400_000);
  return times.sort((a, b) => Math.abs(a - nowMillis) - Math.abs(b - nowMillis))[0] ?? Number.NaN;
}

function unframeJson(json: string, nowMillis: number): PlainFrame {
  const fields = parse(json);
  if (fields === undefined) return { belief: "unknown", message: json, tagged: false };
  if (fields._TRANSPORT !== undefined && fields._TRANSPORT !== "kernel")
    return { belief: "forged", message: "", tagged: true };
  const keys = [...json.matchAll(/"([A-Za-z_]+)":/g)].map(([, key]) => key);
  const twice = new Set(keys).size < keys.length;
  if (typeof fields.log === "string" && fields.stream !== undefined) {
    const inner = unframe(bytesOf(fields.log).replace(/\n$/, ""), nowMillis);
    return twice && inner.belief === "kernel" ? { ...inner, belief: "unknown" } : inner;
  }
  const text = fields.MESSAGE ?? fields.msg ?? fields.log;
  const message = Array.isArray(text) ? String.fromCharCode(...text) : typeof text === "string" ? bytesOf(text) : "";
  const journal = fields._TRANSPORT === "kernel" && fields.SYSLOG_IDENTIFIER === "kernel";
  const clear = journal && fields.SYSLOG_FACILITY === "0" && !twice;
  return {
    belief: clear && /^\d+$/.test(String(fields.__REALTIME_TIMESTAMP)) ? "kernel" : "unknown",
    message,
    tagged: true,
  };
}

function parse(json: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(Buffer.from(json, "latin1").toString("utf8"));
  } catch {
    return undefined;
  }
}

function bytesOf(text: string): string {
  return Buffer.from(text).toString("latin1");
}
