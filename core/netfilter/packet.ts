/**
 * The kernel's own text (net/netfilter/nf_log_syslog.c), from "IN=" to the end: a packet, or why it is none.
 * In: a string of one character a byte. Called by the line parser for each line that is not a plain repeat.
 */
import type { Anchor } from "./anchor.ts";
import { Reading, readWords } from "./packet-words.ts";

export type PacketResult =
  /** `reading` has both addresses, of one version. */
  { readonly kind: "packet"; readonly reading: Reading } | NoPacket;

export type NoPacket =
  /** A netfilter line that tells of no IP packet. */
  | { readonly kind: "other-line"; readonly reason: "arp" | "ebtables" | "not-ip" | "truncated" }
  | { readonly kind: "malformed"; readonly reason: "address" | "port" | "protocol" | "truncated" | "several-packets" };

/** nf_log's buffer: a message is cut behind 1019 bytes, wherever that is. */
export const bufferBytes = 1019;

export function readPacket(text: string, messageAt: number, anchor: Anchor): PacketResult {
  const cut = text.length - messageAt >= bufferBytes;
  // The last word of a message that was cut is not to be trusted.
  const end = cut ? Math.max(anchor.end, text.lastIndexOf(" ")) : text.length;
  if (text.startsWith(" MAC source", anchor.end)) return { kind: "other-line", reason: "ebtables" };
  const reading = new Reading();
  readWords(text, anchor.end, end, reading, true);
  // Two records glued together on their way, however much of each was lost: who sent what to whom is not known.
  const behindMac = text.startsWith(" MAC=", anchor.end) ? text.indexOf(" ", anchor.end + 5) : anchor.end;
  if (behindMac >= 0 && text.includes("IN=", behindMac)) reading.broken ??= "several-packets";
  return whatIsMissing(reading, cut) ?? { kind: "packet", reading };
}

function whatIsMissing(reading: Reading, cut: boolean): NoPacket | undefined {
  if (reading.broken !== undefined) return { kind: "malformed", reason: reading.broken };
  if (reading.arp) return { kind: "other-line", reason: "arp" };
  if (reading.sourceAddress === undefined && reading.headerTruncated)
    return { kind: "other-line", reason: "truncated" };
  if (reading.sourceAddress === undefined || reading.destinationAddress === undefined) {
    const ip = reading.etherType === undefined || reading.etherType === "0800" || reading.etherType === "86dd";
    return ip ? { kind: "malformed", reason: "truncated" } : { kind: "other-line", reason: "not-ip" };
  }
  const whole = cut || reading.headerTruncated || reading.incomplete || (reading.fragmentOffset ?? 0) > 0;
  return !whole && endsTooEarly(reading) ? { kind: "malformed", reason: "truncated" } : undefined;
}

/** What the kernel always prints for a whole packet is not there: the line lost its end on the way. */
function endsTooEarly(reading: Reading): boolean {
  if (reading.bareNumber) return false;
  switch (reading.protocol) {
    case undefined:
      // IPv6 ESP ends behind the flow label; IPv4 always has a protocol.
      return reading.ipVersion === 4 || reading.ttl === undefined;
    case "TCP":
    case "UDP":
    case "UDPLITE":
      return reading.destinationPort === undefined || !reading.portWhole;
    case "ICMP":
    case "ICMPv6":
      return reading.icmpType === undefined;
    default:
      return false;
  }
}
