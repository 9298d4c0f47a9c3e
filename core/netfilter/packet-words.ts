/**
 * The words of a netfilter message behind the interfaces, "SRC=10.0.0.1", "DF", "FRAG:185", put into fields.
 * The first value of a key wins, as the kernel prints the packet's own before what it quotes. Called by readPacket.
 * Words are told by their first letter and read in place: a line has 25 of them, and a flood is all first packets.
 */
import { type PacketHeader, protocolKeyword, protocolNumber } from "../plugin/index.ts";
import { detached, SharedTexts } from "./detached-text.ts";
import { readAddress } from "./kernel-address.ts";

/** A packet as far as it is read. */
export class Reading {
  ipVersion: 4 | 6 | undefined = undefined;
  sourceAddress: string | undefined = undefined;
  destinationAddress: string | undefined = undefined;
  protocol: string | undefined = undefined;
  sourcePort: number | undefined = undefined;
  destinationPort: number | undefined = undefined;
  icmpType: number | undefined = undefined;
  icmpCode: number | undefined = undefined;
  /** A bit for each of `tcpFlagNames`. */
  tcpFlagBits: number | undefined = undefined;
  length: number | undefined = undefined;
  ttl: number | undefined = undefined;
  fragmentOffset: number | undefined = undefined;
  embedded: PacketHeader | undefined = undefined;
  sourceMac: string | undefined = undefined;
  destinationMac: string | undefined = undefined;
  etherType: string | undefined = undefined;
  mark: string | undefined = undefined;
  uid: number | undefined = undefined;
  gid: number | undefined = undefined;

  arp = false;
  headerTruncated = false;
  /** The transport header was not whole. */
  incomplete = false;
  /** The kernel prints a number where it shows nothing of the protocol's own header. */
  bareNumber = false;
  /** A word stood behind the destination port: its digits are whole. */
  portWhole = false;
  broken: "address" | "port" | "protocol" | "several-packets" | undefined = undefined;
}

/** All words from `from` to `end`. `outer`: not the packet inside an ICMP error. */
export function readWords(text: string, from: number, end: number, reading: Reading, outer: boolean): void {
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
    else readWord(text, at, stop, reading);
    if (outer) readOuterWord(text, at, stop, reading);
    at = stop;
  }
}

/** The packet that an ICMP error quotes, in brackets; what it has to say about itself stays inside. */
function readEmbedded(text: string, at: number, stop: number, end: number, reading: Reading): number {
  if (!text.startsWith("[SRC=", at)) return stop;
  const bracket = text.lastIndexOf("]", end - 1);
  const inner = new Reading();
  readWords(text, at + 1, bracket > at ? bracket : end, inner, false);
  reading.embedded ??= embeddedHeader(inner);
  return bracket > at ? bracket + 1 : end;
}

function embeddedHeader(inner: Reading): PacketHeader | undefined {
  const { ipVersion, sourceAddress, destinationAddress } = inner;
  if (sourceAddress === undefined || destinationAddress === undefined || inner.broken !== undefined) return undefined;
  if (ipVersion === undefined) return undefined;
  const { protocol, sourcePort, destinationPort, icmpType, icmpCode, tcpFlagBits, length, ttl, fragmentOffset } = inner;
  return {
    ipVersion,
    sourceAddress,
    destinationAddress,
    ...(protocol !== undefined && { protocol }),
    ...(sourcePort !== undefined && { sourcePort }),
    ...(destinationPort !== undefined && { destinationPort }),
    ...(icmpType !== undefined && { icmpType }),
    ...(icmpCode !== undefined && { icmpCode }),
    ...(tcpFlagBits !== undefined && { tcpFlags: tcpFlagList(tcpFlagBits) }),
    ...(length !== undefined && { length }),
    ...(ttl !== undefined && { ttl }),
    ...(fragmentOffset !== undefined && { fragmentOffset }),
  };
}

// First letters.
const A = 0x41;
const C = 0x43;
const D = 0x44;
const E = 0x45;
const F = 0x46;
const G = 0x47;
const H = 0x48;
const I = 0x49;
const L = 0x4c;
const M = 0x4d;
const P = 0x50;
const R = 0x52;
const S = 0x53;
const T = 0x54;
const U = 0x55;

function readWord(text: string, at: number, stop: number, reading: Reading): void {
  switch (text.charCodeAt(at)) {
    case S:
      if (text.startsWith("SRC=", at)) readSource(text.slice(at + 4, stop), reading);
      else if (text.startsWith("SPT=", at)) readSourcePort(text, at + 4, stop, reading);
      else readFlag(text, at, stop, reading);
      return;
    case D:
      if (text.startsWith("DST=", at)) readDestination(text.slice(at + 4, stop), reading);
      else if (text.startsWith("DPT=", at)) readDestinationPort(text, at + 4, stop, reading);
      return;
    case L:
      if (text.startsWith("LEN=", at)) reading.length ??= numberIn(text, at + 4, stop, 0xffff_ffff);
      return;
    case T:
      if (text.startsWith("TTL=", at)) reading.ttl ??= numberIn(text, at + 4, stop, 255);
      else if (text.startsWith("TYPE=", at) && isIcmp(reading)) reading.icmpType ??= numberIn(text, at + 5, stop, 255);
      else if (text.startsWith("TRUNCATED", at) && stop === at + 9) reading.headerTruncated = true;
      return;
    case H:
      if (text.startsWith("HOPLIMIT=", at)) reading.ttl ??= numberIn(text, at + 9, stop, 255);
      return;
    case P:
      if (text.startsWith("PROTO=", at)) readProtocol(text.slice(at + 6, stop), reading);
      else readFlag(text, at, stop, reading);
      return;
    default:
      readRareWord(text, at, stop, reading);
  }
}

function readRareWord(text: string, at: number, stop: number, reading: Reading): void {
  switch (text.charCodeAt(at)) {
    case A:
    case E:
    case U:
      readFlag(text, at, stop, reading);
      return;
    case C:
      if (text.startsWith("CODE=", at) && isIcmp(reading)) reading.icmpCode ??= numberIn(text, at + 5, stop, 255);
      else readFlag(text, at, stop, reading);
      return;
    case F:
      if (text.startsWith("FRAG:", at)) readFragment(text, at + 5, stop, reading);
      else readFlag(text, at, stop, reading);
      return;
    case I:
      // Of IPv6 fragments INCOMPLETE says "more to come" and stands in front of PROTO; there the ports follow.
      if (text.startsWith("INCOMPLETE", at) && reading.protocol !== undefined) reading.incomplete = true;
      return;
    case R:
      if (text.startsWith("RES=", at) && reading.protocol === "TCP") reading.tcpFlagBits ??= 0;
      else readFlag(text, at, stop, reading);
  }
}

/** What only the packet itself has, not one quoted by an ICMP error. */
function readOuterWord(text: string, at: number, stop: number, reading: Reading): void {
  switch (text.charCodeAt(at)) {
    case M:
      readMacOrMark(text, at, stop, reading);
      return;
    case U:
      if (text.startsWith("UID=", at)) reading.uid ??= numberIn(text, at + 4, stop, 0xffff_ffff);
      return;
    case G:
      if (text.startsWith("GID=", at)) reading.gid ??= numberIn(text, at + 4, stop, 0xffff_ffff);
      return;
    case A:
      if (stop === at + 3 && text.startsWith("ARP", at) && reading.sourceAddress === undefined) reading.arp = true;
  }
}

function readMacOrMark(text: string, at: number, stop: number, reading: Reading): void {
  const equals = text.indexOf("=", at);
  if (equals < 0 || equals > stop) return;
  const value = text.slice(equals + 1, stop);
  switch (text.slice(at, equals)) {
    case "MAC":
      readMac(value, reading);
      return;
    case "MACSRC":
      if (oneMac.test(value)) reading.sourceMac ??= macs.get(value);
      return;
    case "MACDST":
      if (oneMac.test(value)) reading.destinationMac ??= macs.get(value);
      return;
    case "MACPROTO":
      if (/^[\da-f]{4}$/i.test(value)) reading.etherType ??= value.toLowerCase();
      return;
    case "MARK":
      if (markForm.test(value)) reading.mark ??= value;
  }
}

/** The kernel prints no mark that is zero; ulogd does. */
export const markForm = /^(0x)?(?!0+$)[\da-f]{1,8}$/i;

const macs = new SharedTexts(1024);
const oneMac = /^(?:[\da-f]{2}:){5}[\da-f]{2}$/i;
/** An Ethernet frame's 14 octets; old kernels print more behind them, other links less. */
const etherMac = /^(?:[\da-f]{2}:){13,}[\da-f]{2}$/i;

/** Destination, source and type. */
export function readMac(value: string, reading: Reading): void {
  if (reading.destinationMac !== undefined || !etherMac.test(value)) return;
  reading.destinationMac = macs.get(value.slice(0, 17));
  reading.sourceMac = macs.get(value.slice(18, 35));
  reading.etherType = macs.get((value.slice(36, 38) + value.slice(39, 41)).toLowerCase());
}

/** In the order in which the kernel prints them. */
const tcpFlagNames = ["AE", "CWR", "ECE", "URG", "ACK", "PSH", "RST", "SYN", "FIN"];
const tcpFlagLists: (readonly string[] | undefined)[] = new Array(1 << tcpFlagNames.length);

/** The names for `bits`; one list for all packets that have the same. */
export function tcpFlagList(bits: number): readonly string[] {
  const list = tcpFlagLists[bits] ?? Object.freeze(tcpFlagNames.filter((_, i) => (bits & (1 << i)) !== 0));
  tcpFlagLists[bits] = list;
  return list;
}

function readFlag(text: string, at: number, stop: number, reading: Reading): void {
  if (stop - at > 3 || reading.protocol !== "TCP") return;
  const bit = tcpFlagNames.indexOf(text.slice(at, stop));
  if (bit >= 0) reading.tcpFlagBits = (reading.tcpFlagBits ?? 0) | (1 << bit);
}

function readFragment(text: string, at: number, stop: number, reading: Reading): void {
  const value = numberIn(text, at, stop, 0xffff);
  // IPv4 is printed in units of 8 bytes, IPv6 in bytes.
  if (value !== undefined) reading.fragmentOffset ??= value * (reading.ipVersion === 4 ? 8 : 1);
}

function readSource(text: string, reading: Reading): void {
  if (reading.sourceAddress === undefined) reading.sourceAddress = addressOf(text, reading);
}

function readDestination(text: string, reading: Reading): void {
  if (reading.destinationAddress === undefined) reading.destinationAddress = addressOf(text, reading);
}

function addressOf(text: string, reading: Reading): string | undefined {
  const address = readAddress(text);
  if (address === undefined) {
    reading.broken ??= "address";
    return undefined;
  }
  const version = address.includes(":") ? 6 : 4;
  reading.ipVersion ??= version;
  if (reading.ipVersion !== version) reading.broken ??= "address";
  return detached(address);
}

function readProtocol(value: string, reading: Reading): void {
  if (reading.protocol !== undefined) return;
  reading.bareNumber = /^\d{1,3}$/.test(value);
  const number = reading.bareNumber ? Number(value) : protocolNumber(value);
  if (number > 255) reading.broken ??= "protocol";
  else reading.protocol = protocolKeyword(value);
}

function isIcmp(reading: Reading): boolean {
  return reading.protocol === "ICMP" || reading.protocol === "ICMPv6";
}

function readSourcePort(text: string, at: number, stop: number, reading: Reading): void {
  if (reading.protocol === undefined || isIcmp(reading) || reading.sourcePort !== undefined) return;
  reading.sourcePort = numberIn(text, at, stop, 0xffff);
  if (reading.sourcePort === undefined) reading.broken ??= "port";
}

function readDestinationPort(text: string, at: number, stop: number, reading: Reading): void {
  if (reading.protocol === undefined || isIcmp(reading) || reading.destinationPort !== undefined) return;
  reading.destinationPort = numberIn(text, at, stop, 0xffff);
  if (reading.destinationPort === undefined) reading.broken ??= "port";
}

/** The decimal number from `at` to `stop`; undefined when it is none, or above `max`. */
function numberIn(text: string, at: number, stop: number, max: number): number | undefined {
  if (stop === at || stop - at > 10) return undefined;
  let number = 0;
  for (let i = at; i < stop; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  return number <= max ? number : undefined;
}
