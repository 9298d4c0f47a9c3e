/**
 * The kernel's own text (net/netfilter/nf_log_syslog.c), from "IN=" to the end, made into the fields of a PacketDrop.
 * In: a string of one character a byte. Called by the line parser for each line that is not a plain repeat.
 */
import { type PacketDrop, printable } from "../../core/plugin/index.ts";
import type { Anchor } from "./anchor.ts";
import { type Mutable, type Reading, readTokens } from "./packet-words.ts";

export type PacketFields = Omit<PacketDrop, "time" | "host" | "logPrefix">;

export type PacketResult =
  | { readonly kind: "packet"; readonly packet: PacketFields }
  /** A netfilter line that tells of no IP packet. */
  | { readonly kind: "other-line"; readonly reason: "arp" | "ebtables" | "not-ip" | "truncated" }
  | { readonly kind: "malformed"; readonly reason: "address" | "port" | "protocol" | "truncated" | "several-packets" };

/** nf_log's buffer: a message is cut behind 1019 bytes, wherever that is. */
const bufferBytes = 1019;

export function readPacket(text: string, messageAt: number, anchor: Anchor): PacketResult {
  const cut = text.length - messageAt >= bufferBytes;
  const end = cut ? Math.max(anchor.end, text.lastIndexOf(" ")) : text.length;
  if (text.startsWith(" MAC source", anchor.end)) return { kind: "other-line", reason: "ebtables" };
  const reading: Reading = {};
  readTokens(text, anchor.end, end, reading, true);
  const missing = whatIsMissing(reading, cut);
  if (missing !== undefined) return missing;
  return { kind: "packet", packet: finished(reading, anchor) };
}

function whatIsMissing(reading: Reading, cut: boolean): PacketResult | undefined {
  if (reading.broken !== undefined) return { kind: "malformed", reason: reading.broken };
  if (reading.arp === true) return { kind: "other-line", reason: "arp" };
  if (reading.sourceAddress === undefined || reading.destinationAddress === undefined) {
    if (reading.sourceAddress === undefined && reading.headerTruncated)
      return { kind: "other-line", reason: "truncated" };
    const ip = reading.etherType === undefined || reading.etherType === "0800" || reading.etherType === "86dd";
    return ip ? { kind: "malformed", reason: "truncated" } : { kind: "other-line", reason: "not-ip" };
  }
  if (reading.sourceAddress.includes(":") !== reading.destinationAddress.includes(":")) {
    return { kind: "malformed", reason: "address" };
  }
  const whole = cut || reading.headerTruncated || reading.incomplete || (reading.fragmentOffset ?? 0) > 0;
  if (!whole && endsTooEarly(reading)) return { kind: "malformed", reason: "truncated" };
  return undefined;
}

/** What the kernel always prints for a whole packet is not there: the line lost its end on the way. */
function endsTooEarly(reading: Reading): boolean {
  if (reading.bareNumber === true) return false;
  switch (reading.protocol) {
    case undefined:
      // IPv6 ESP ends behind the flow label; IPv4 always has a protocol.
      return reading.ipVersion === 4 || reading.ttl === undefined;
    case "TCP":
    case "UDP":
    case "UDPLITE":
      return reading.destinationPort === undefined || reading.portWhole !== true;
    case "ICMP":
    case "ICMPv6":
      return reading.icmpType === undefined;
    default:
      return false;
  }
}

function finished(reading: Reading, anchor: Anchor): PacketFields {
  const { flags, incomplete, headerTruncated, broken, arp, bareNumber, portWhole, ...fields } = reading;
  const packet = fields as Mutable<PacketFields>;
  if (flags !== undefined) packet.tcpFlags = flags;
  if (anchor.inInterface !== "") packet.inInterface = shown(anchor.inInterface);
  if (anchor.outInterface !== "") packet.outInterface = shown(anchor.outInterface);
  if (anchor.physicalInInterface !== "") packet.physicalInInterface = shown(anchor.physicalInInterface);
  if (anchor.physicalOutInterface !== "") packet.physicalOutInterface = shown(anchor.physicalOutInterface);
  return packet;
}

/** Bytes as text that is safe to print. */
export function shown(bytes: string): string {
  return /^[\x20-\x7e]*$/.test(bytes) ? bytes : printable(Buffer.from(bytes, "latin1").toString("utf8"));
}
