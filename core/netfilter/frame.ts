/**
 * What loggers put around the kernel's text: priority, time, host, tag, the kernel's own time stamp.
 * In: a line of one character a byte. Out: where the message begins, when it was written, where and by whom.
 * Who wrote it decides whether it is believed; see "Forgeries" in the README for what each form can tell.
 */
import type { ClockReader, Stamp } from "./clock-reader.ts";

/**
 * "relay": a program that hands on what the kernel has logged, as ulogd does.
 * "untagged": syslog's form, but where a tag could stand there is none, or it is what a rule's prefix looks like.
 * "unknown": the form has no place for a tag (dmesg, journalctl -o cat).
 */
export type Author = "kernel" | "relay" | "process" | "untagged" | "unknown";

export interface Frame {
  readonly author: Author;
  readonly host: string;
  /** Undefined: no wall-clock time in the line. "unreadable": nothing that could be read as one. */
  readonly stamp: Stamp | "unreadable" | undefined;
  /** First character behind the framing and the kernel's [seconds]. */
  readonly messageAt: number;
  /** Where the kernel's [seconds] begin, -1 when there are none. */
  readonly secondsStampAt: number;
}

export interface FrameReader {
  readonly clock: ClockReader;
  readonly now: number;
  /** The tag of such a program, sticky. */
  readonly relayTag?: RegExp | undefined;
  /**
   * Whether a message that somebody asked for begins at `at`. Tells a host from a prefix where no tag stands between;
   * `hostMayStand`: the word at `at` may be a host's name.
   */
  messageStarts(line: string, at: number, hostMayStand: boolean): boolean;
}

export function readFrame(line: string, reader: FrameReader): Frame {
  const kmsg = line.charCodeAt(0) <= 0x39 ? /^(\d{1,6}),\d+,\d+,[^;]{0,200};/.exec(line) : null;
  if (kmsg !== null) {
    // The kernel marks what a process writes to /dev/kmsg with another facility (devkmsg_write).
    return {
      author: Number(kmsg[1]) < 8 ? "kernel" : "process",
      host: "",
      stamp: undefined,
      messageAt: kmsg[0].length,
      secondsStampAt: -1,
    };
  }
  const priority = /^<(\d{1,3})> ?/.exec(line);
  if (priority !== null) return withPriority(line, priority[0].length, Number(priority[1]), reader);
  return unprefixed(line, 0, reader);
}

/** syslog's <priority>: the lower three bits are the level, facility 0 is the kernel's and nobody else's. */
function withPriority(line: string, at: number, priority: number, reader: FrameReader): Frame {
  const frame = line.startsWith("1 ", at) ? rfc5424(line, at + 2, reader) : unprefixed(line, at, reader);
  // Relays give a line without a tag a facility of their own ("<133> Sep 29 01:38:26 …"): that says nothing.
  return priority >= 8 && frame.author !== "untagged" && frame.author !== "relay"
    ? { ...frame, author: "process" }
    : frame;
}

/** RFC 5424: TIME HOST APP PROCID MSGID STRUCTURED-DATA MESSAGE. */
function rfc5424(line: string, at: number, reader: FrameReader): Frame {
  const header = /(\S+) (\S+) (\S+) \S+ \S+ (?:-|(?:\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+)(?: (?:\xef\xbb\xbf)?|$)/y;
  header.lastIndex = at;
  const match = header.exec(line);
  if (match === null) return { author: "unknown", host: "", stamp: "unreadable", messageAt: at, secondsStampAt: -1 };
  const [text, time = "", host = "", app] = match;
  const stamp = time === "-" ? undefined : (reader.clock.read(line, at, reader.now) ?? "unreadable");
  const author = app === "-" ? "unknown" : authorOf(app ?? "", reader);
  return { author, host: host === "-" ? "" : host, stamp, ...messageOf(line, at + text.length) };
}

function authorOf(app: string, { relayTag }: FrameReader): Author {
  if (relayTag === undefined) return app === "kernel" ? "kernel" : "process";
  relayTag.lastIndex = 0;
  return relayTag.test(`${app}: `) ? "relay" : "process";
}

function unprefixed(line: string, at: number, reader: FrameReader): Frame {
  const stamp = reader.clock.read(line, at, reader.now);
  if (stamp !== undefined) return behindTime(line, spacesEnd(line, stamp.end), stamp, reader);
  return bracketed(line, at, reader) ?? levelled(line, at, reader) ?? timeless(line, at, reader);
}

/** dmesg and journalctl's monotonic forms: a time in brackets at the start. */
function bracketed(line: string, at: number, reader: FrameReader): Frame | undefined {
  if (line[at] !== "[") return undefined;
  const stamp = reader.clock.read(line, at + 1, reader.now);
  if (stamp !== undefined && line.startsWith("] ", stamp.end)) {
    return { author: "unknown", host: "", stamp, messageAt: stamp.end + 2, secondsStampAt: -1 };
  }
  const relative = /\[ *\+?\d+\.\d+(?: < *\d+\.\d+ ?>| +)?\](?:\[ *[TC]\d+\])? /y;
  relative.lastIndex = at;
  const match = relative.exec(line);
  return match === null ? undefined : behindTime(line, at + match[0].length, undefined, reader);
}

const facilities = "kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|res\\d+|local[0-7]";
const dmesgLevel = new RegExp(`(${facilities}) *:(?:emerg|alert|crit|err|warn|notice|info|debug) *: `, "y");
const talosLine = new RegExp(`(\\S+): (${facilities}): +\\w+: \\[(?=([^\\]]+)\\]: )`, "y");

/** dmesg -x ("kern  :warn  : [ 2540.348034] …") and talosctl dmesg ("172.20.1.2: kern:    info: [TIME]: …"). */
function levelled(line: string, at: number, reader: FrameReader): Frame | undefined {
  dmesgLevel.lastIndex = at;
  const level = dmesgLevel.exec(line);
  if (level !== null) {
    const frame = unprefixed(line, at + level[0].length, reader);
    return { ...frame, author: level[1] === "kern" ? "kernel" : "process" };
  }
  talosLine.lastIndex = at;
  const talos = talosLine.exec(line);
  if (talos === null) return undefined;
  const timeAt = at + talos[0].length;
  const stamp = reader.clock.read(line, timeAt, reader.now) ?? "unreadable";
  const messageAt = timeAt + (talos[3]?.length ?? 0) + 3;
  return {
    author: talos[2] === "kern" ? "kernel" : "process",
    host: talos[1] ?? "",
    stamp,
    messageAt,
    secondsStampAt: -1,
  };
}

/** journalctl -o cat, dmesg -t: nothing but the message. What is indented is the rest of somebody's longer message. */
function timeless(line: string, at: number, reader: FrameReader): Frame {
  const tag = kernelTag(line, at, false);
  const behind = messageOf(line, tag?.end ?? at);
  if (/^\s/.test(line.slice(at, at + 1))) return { author: "process", host: "", stamp: undefined, ...behind };
  const known = reader.clock.layout === undefined && (tag !== undefined || reader.messageStarts(line, at, false));
  return {
    author: tag === undefined ? "unknown" : "kernel",
    host: "",
    stamp: known ? undefined : "unreadable",
    ...behind,
  };
}

/** `HOST TAG: MESSAGE`, of which host and tag may be missing. */
function behindTime(line: string, at: number, stamp: Stamp | undefined, reader: FrameReader): Frame {
  const tag = kernelTag(line, at, true);
  if (tag !== undefined) return { author: "kernel", host: tag.host, stamp, ...messageOf(line, tag.end) };
  const relay = relayFrame(line, at, stamp, reader);
  if (relay !== undefined) return relay;
  const author = stamp === undefined ? "unknown" : "untagged";
  const bare = messageOf(line, at);
  if (reader.messageStarts(line, bare.messageAt, stamp !== undefined)) return { author, host: "", stamp, ...bare };
  const host = /[^\s:[\]]+(?::[^\s:[\]]+)* /y;
  host.lastIndex = at;
  const name = host.exec(line)?.[0] ?? "";
  const behindHost = messageOf(line, at + name.length);
  const found = { host: name.slice(0, -1), stamp };
  if (reader.messageStarts(line, behindHost.messageAt, false)) return { ...found, author, ...behindHost };
  const processTag = /[^\s[]+(?:\[[^\]\s]*\])?:(?: |$)/y;
  processTag.lastIndex = at + name.length;
  const process = processTag.exec(line);
  if (process === null) return { ...found, author, ...behindHost };
  return { ...found, author: "process", ...messageOf(line, processTag.lastIndex) };
}

/** `HOST ulogd[788]: MESSAGE`. */
function relayFrame(line: string, at: number, stamp: Stamp | undefined, reader: FrameReader): Frame | undefined {
  if (reader.relayTag === undefined) return undefined;
  const host = /[^\s:[\]]+ /y;
  host.lastIndex = at;
  const name = host.exec(line)?.[0] ?? "";
  reader.relayTag.lastIndex = at + name.length;
  if (!reader.relayTag.test(line)) return undefined;
  return { author: "relay", host: name.slice(0, -1), stamp, ...messageOf(line, reader.relayTag.lastIndex) };
}

/** Whether `head`, from the start of a line to behind "kernel: ", is nothing but priority, time, host and tag. */
export function isTaggedHead(head: string, clock: ClockReader, now: number): boolean {
  const at = /^<\d{1,3}> ?/.exec(head)?.[0].length ?? 0;
  const stamp = clock.read(head, at, now);
  return stamp !== undefined && kernelTag(head, spacesEnd(head, stamp.end), true)?.end === head.length;
}

interface KernelTag {
  readonly host: string;
  /** First character behind the tag and its space. */
  readonly end: number;
}

// A tag with a process number is a process's. "user.info" and the like are what UniFi's syslogd prints before the tag.
const hostAndTag = new RegExp(
  `([^\\s[\\]]*[^\\s:[\\]]) (?:(?:${facilities})\\.\\w+ )?(?:(?:kernel|klogd): ?|\\[kernel\\] )`,
  "y",
);
const tagAlone = /(?:kernel|klogd): ?/y;

function kernelTag(line: string, at: number, withHost: boolean): KernelTag | undefined {
  tagAlone.lastIndex = at;
  if (tagAlone.test(line)) return { host: "", end: tagAlone.lastIndex };
  if (!withHost) return undefined;
  hostAndTag.lastIndex = at;
  const match = hostAndTag.exec(line);
  return match === null ? undefined : { host: match[1] ?? "", end: hostAndTag.lastIndex };
}

const secondsStamp = /\[ *\d+\.\d{3,9}\](?:\[ *[TC]\d+\])? /y;

/** Steps over the kernel's own "[ 2528.800858] ", which rsyslog's imklog and syslog-ng's /proc/kmsg keep. */
function messageOf(line: string, at: number): { readonly messageAt: number; readonly secondsStampAt: number } {
  if (line.charCodeAt(at) !== 0x5b) return { messageAt: at, secondsStampAt: -1 };
  secondsStamp.lastIndex = at;
  return secondsStamp.test(line)
    ? { messageAt: secondsStamp.lastIndex, secondsStampAt: at }
    : { messageAt: at, secondsStampAt: -1 };
}

function spacesEnd(line: string, at: number): number {
  let end = at;
  while (line.charCodeAt(end) === 0x20) end++;
  return end;
}
