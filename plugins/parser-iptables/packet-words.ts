/**
 * The words of a netfilter message behind the interfaces, "SRC=10.0.0.1", "DF", "FRAG:185", put into fields.
 * The first value of a key wins, as the kernel prints the packet's own before what it quotes. Called by readPacket.
 */
import { formatAddress, type PacketHeader, protocolKeyword, protocolNumber } from "../../core/plugin/index.ts";
import { readIPv6 } from "./kernel-address.ts";
import type { PacketFields } from "./packet.ts";

export type Mutable<T> = { -readonly [K in keyof T]: T[K] };
/** A packet as far as it is read. */
export interface Reading extends Partial<Mutable<PacketFields>> {
  flags?: string[];
  incomplete?: boolean;
  headerTruncated?: boolean;
  broken?: "address" | "port" | "protocol" | "several-packets";
  arp?: boolean;
  /** The kernel prints a number where it shows nothing of the protocol's own header. */
  bareNumber?: boolean;
  /** A token stood behind the destination port: its digits are whole. */
  portWhole?: boolean;
}

/** All words from `from` to `end`; the first value of a key wins. `outer`: not the packet inside an ICMP error. */
export function readTokens(text: string, from: number, end: number, reading: Reading, outer: boolean): void {
  let at = from;
  while (at < end) {
    if (text.charCodeAt(at) === 0x20) {
      at++;
      continue;
    }
    let stop = text.indexOf(" ", at);
    if (stop < 0 || stop > end) stop = end;
    if (reading.destinationPort !== undefined) reading.portWhole = true;
    if (text.charCodeAt(at) === 0x5b && outer) stop = readEmbedded(text, at, stop, end, reading);
    else readToken(text, at, stop, reading, outer);
    at = stop;
  }
}

/** The packet that an ICMP error quotes, in brackets; what it has to say about itself stays inside. */
function readEmbedded(text: string, at: number, stop: number, end: number, reading: Reading): number {
  if (!text.startsWith("[SRC=", at)) return stop;
  const bracket = text.lastIndexOf("]", end - 1);
  const inner: Reading = {};
  readTokens(text, at + 1, bracket > at ? bracket : end, inner, false);
  const { sourceAddress, destinationAddress, ipVersion } = inner;
  if (sourceAddress !== undefined && destinationAddress !== undefined && ipVersion !== undefined && !inner.broken) {
    const { flags, incomplete, headerTruncated, broken, arp, bareNumber, portWhole, ...fields } = inner;
    reading.embedded ??= { ...(fields as PacketHeader), ...(flags !== undefined && { tcpFlags: flags }) };
  }
  return bracket > at ? bracket + 1 : end;
}

function readToken(text: string, at: number, stop: number, reading: Reading, outer: boolean): void {
  const equals = text.indexOf("=", at);
  if (equals < 0 || equals >= stop) readWord(text.slice(at, stop), reading);
  else readPair(text.slice(at, equals), text.slice(equals + 1, stop), reading, outer);
}

function readPair(key: string, value: string, reading: Reading, outer: boolean): void {
  switch (key) {
    case "SRC":
      if (reading.sourceAddress === undefined) readAddress(value, reading, "sourceAddress");
      return;
    case "DST":
      if (reading.destinationAddress === undefined) readAddress(value, reading, "destinationAddress");
      return;
    case "LEN":
      if (reading.length === undefined) setNumber(reading, "length", value, 0xffff_ffff);
      return;
    case "TTL":
    case "HOPLIMIT":
      if (reading.ttl === undefined) setNumber(reading, "ttl", value, 255);
      return;
    case "PROTO":
      if (reading.protocol === undefined) readProtocol(value, reading);
      return;
    case "SPT":
    case "DPT":
      readPort(key, value, reading);
      return;
    case "TYPE":
      if (isIcmp(reading) && reading.icmpType === undefined) setNumber(reading, "icmpType", value, 255);
      return;
    case "CODE":
      if (isIcmp(reading) && reading.icmpCode === undefined) setNumber(reading, "icmpCode", value, 255);
      return;
    case "RES":
      if (reading.protocol === "TCP") reading.flags ??= [];
      return;
    default:
      if (outer) readOuterPair(key, value, reading);
  }
}

/** What only the packet itself has, not one quoted by an ICMP error. */
function readOuterPair(key: string, value: string, reading: Reading): void {
  switch (key) {
    case "MAC":
      readMac(value, reading);
      return;
    case "MACSRC":
      if (isMac(value)) reading.sourceMac ??= value;
      return;
    case "MACDST":
      if (isMac(value)) reading.destinationMac ??= value;
      return;
    case "MACPROTO":
      if (/^[\da-f]{4}$/i.test(value)) reading.etherType ??= value.toLowerCase();
      return;
    case "UID":
      if (reading.uid === undefined) setNumber(reading, "uid", value, 0xffff_ffff);
      return;
    case "GID":
      if (reading.gid === undefined) setNumber(reading, "gid", value, 0xffff_ffff);
      return;
    case "MARK":
      if (/^(0x)?[\da-f]{1,8}$/i.test(value)) reading.mark ??= value;
      return;
    // A second packet in the line: two records were glued together on their way.
    case "IN":
      reading.broken ??= "several-packets";
  }
}

function readWord(word: string, reading: Reading): void {
  switch (word) {
    case "ARP":
      if (reading.sourceAddress === undefined) reading.arp = true;
      return;
    case "TRUNCATED":
      reading.headerTruncated = true;
      return;
    // Of IPv6 fragments INCOMPLETE says "more to come" and stands in front of PROTO; there the ports follow.
    case "INCOMPLETE":
      if (reading.protocol !== undefined) reading.incomplete = true;
      return;
    case "AE":
    case "CWR":
    case "ECE":
    case "URG":
    case "ACK":
    case "PSH":
    case "RST":
    case "SYN":
    case "FIN":
      if (reading.protocol === "TCP") reading.flags = [...(reading.flags ?? []), word];
      return;
    default:
      if (word.startsWith("FRAG:")) readFragment(word.slice(5), reading);
  }
}

function readFragment(value: string, reading: Reading): void {
  if (reading.fragmentOffset !== undefined || !/^\d{1,5}$/.test(value)) return;
  // IPv4 is printed in units of 8 bytes, IPv6 in bytes.
  reading.fragmentOffset = Number(value) * (reading.ipVersion === 4 ? 8 : 1);
}

function readAddress(value: string, reading: Reading, field: "sourceAddress" | "destinationAddress"): void {
  if (isIPv4(value)) {
    reading.ipVersion ??= 4;
    reading[field] = value;
    return;
  }
  const words = readIPv6(value);
  if (words === undefined) {
    reading.broken ??= "address";
    return;
  }
  reading.ipVersion ??= 6;
  reading[field] = formatAddress(6, words);
}

function isIPv4(value: string): boolean {
  let dots = 0;
  let number = -1;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === 0x2e) {
      if (number < 0) return false;
      dots++;
      number = -1;
    } else {
      if (code < 0x30 || code > 0x39 || number === 0) return false;
      number = (number < 0 ? 0 : number * 10) + code - 0x30;
      if (number > 255) return false;
    }
  }
  return dots === 3 && number >= 0;
}

function readProtocol(value: string, reading: Reading): void {
  const protocol = protocolKeyword(value);
  reading.bareNumber = /^\d{1,3}$/.test(value);
  const number = reading.bareNumber ? Number(value) : protocolNumber(value);
  if (number > 255) reading.broken ??= "protocol";
  else reading.protocol = protocol;
}

function isIcmp(reading: Reading): boolean {
  return reading.protocol === "ICMP" || reading.protocol === "ICMPv6";
}

function readPort(key: "SPT" | "DPT", value: string, reading: Reading): void {
  const field = key === "SPT" ? "sourcePort" : "destinationPort";
  if (reading.protocol === undefined || isIcmp(reading) || reading[field] !== undefined) return;
  setNumber(reading, field, value, 0xffff);
  if (reading[field] === undefined) reading.broken ??= "port";
}

type NumberField = "length" | "ttl" | "icmpType" | "icmpCode" | "uid" | "gid" | "sourcePort" | "destinationPort";

/** Left as it was when `value` is no number up to `max`. */
function setNumber(reading: Reading, field: NumberField, value: string, max: number): void {
  if (value.length === 0 || value.length > 10) return;
  let number = 0;
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return;
    number = number * 10 + digit;
  }
  if (number <= max) reading[field] = number;
}

/** Destination, source and type of an Ethernet frame; old kernels print more octets behind them, other links less. */
function readMac(value: string, reading: Reading): void {
  if (reading.destinationMac !== undefined || !/^(?:[\da-f]{2}:){13,}[\da-f]{2}$/i.test(value)) return;
  reading.destinationMac = value.slice(0, 17);
  reading.sourceMac = value.slice(18, 35);
  reading.etherType = (value.slice(36, 38) + value.slice(39, 41)).toLowerCase();
}

function isMac(value: string): boolean {
  return /^(?:[\da-f]{2}:){5}[\da-f]{2}$/i.test(value);
}
