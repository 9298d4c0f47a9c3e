/** The packet's headers out of ulogd's JSON. In: the object's fields; out: a Reading, or why there is no packet. */
import type { Reading } from "../../core/netfilter/packet-words.ts";
import { canonicalAddress, protocolKeyword } from "../../core/plugin/index.ts";
import { type Fields, numberOf, textOf } from "./json-fields.ts";

export type NoHeaders =
  | { readonly kind: "other-line"; readonly reason: "arp" | "not-ip" }
  | { readonly kind: "malformed"; readonly reason: "no-address" | "address" | "protocol" | "port" | "truncated" };

export function readHeaders(fields: Fields, reading: Reading): NoHeaders | undefined {
  const etherType = numberOf(fields["oob.protocol"], 0xffff);
  if (etherType === 0x0806) return { kind: "other-line", reason: "arp" };
  const isIp = etherType === undefined || etherType === 0 || etherType === 0x0800 || etherType === 0x86dd;
  if (!isIp) return { kind: "other-line", reason: "not-ip" };
  const problem = readAddresses(fields, reading) ?? readTransport(fields, reading);
  if (problem !== undefined) return { kind: "malformed", reason: problem };
  readSizes(fields, reading);
  readLink(fields, reading, etherType);
  reading.uid = numberOf(fields["oob.uid"], 0xffff_ffff);
  reading.gid = numberOf(fields["oob.gid"], 0xffff_ffff);
  const mark = numberOf(fields["oob.mark"], 0xffff_ffff) ?? 0;
  if (mark > 0) reading.mark = `0x${mark.toString(16)}`;
  return undefined;
}

/** Never "ip.saddr": for IPv6 that is the first four bytes (ulogd 2.0.8). */
function readAddresses(fields: Fields, reading: Reading): "no-address" | "address" | undefined {
  const source = fields.src_ip ?? fields["ip.saddr.str"];
  const destination = fields.dest_ip ?? fields["ip.daddr.str"];
  if (source === undefined && destination === undefined) return "no-address";
  reading.sourceAddress = canonicalAddress(textOf(source) ?? "");
  reading.destinationAddress = canonicalAddress(textOf(destination) ?? "");
  if (reading.sourceAddress === undefined || reading.destinationAddress === undefined) return "address";
  reading.ipVersion = reading.sourceAddress.includes(":") ? 6 : 4;
  return reading.destinationAddress.includes(":") === (reading.ipVersion === 6) ? undefined : "address";
}

function readTransport(fields: Fields, reading: Reading): "protocol" | "port" | "truncated" | undefined {
  const written = fields["ip.protocol"] ?? fields["ip6.nexthdr"];
  if (written === undefined) return "truncated";
  const number = numberOf(written, 255);
  if (number === undefined) return "protocol";
  reading.protocol = protocolKeyword(number);
  if (reading.protocol === "TCP") readTcpFlags(fields, reading);
  if (reading.protocol === "ICMP") readIcmp(fields, reading, "icmp");
  else if (reading.protocol === "ICMPv6") readIcmp(fields, reading, "icmpv6");
  else return readPorts(fields, reading);
  return undefined;
}

function readPorts(fields: Fields, reading: Reading): "port" | undefined {
  const family = (reading.protocol ?? "").toLowerCase();
  const source = fields.src_port ?? fields[`${family}.sport`];
  const destination = fields.dest_port ?? fields[`${family}.dport`];
  if (source === undefined && destination === undefined) return undefined;
  reading.sourcePort = numberOf(source, 0xffff);
  reading.destinationPort = numberOf(destination, 0xffff);
  return reading.sourcePort === undefined || reading.destinationPort === undefined ? "port" : undefined;
}

function readIcmp(fields: Fields, reading: Reading, family: "icmp" | "icmpv6"): void {
  reading.icmpType = numberOf(fields[`${family}.type`], 255);
  reading.icmpCode = numberOf(fields[`${family}.code`], 255);
}

/** The kernel's order, of which ulogd tells the last six. */
const flags = ["", "", "", "tcp.urg", "tcp.ack", "tcp.psh", "tcp.rst", "tcp.syn", "tcp.fin"];

function readTcpFlags(fields: Fields, reading: Reading): void {
  if (numberOf(fields["tcp.syn"], 1) === undefined) return;
  reading.tcpFlagBits = flags.reduce((bits, name, i) => (fields[name] === 1 ? bits | (1 << i) : bits), 0);
}

function readSizes(fields: Fields, reading: Reading): void {
  const payload = numberOf(fields["ip6.payloadlen"], 0xffff);
  reading.length = numberOf(fields["ip.totlen"], 0xffff) ?? (payload === undefined ? undefined : payload + 40);
  reading.ttl = numberOf(fields["ip.ttl"], 255) ?? numberOf(fields["ip6.hoplimit"], 255);
  // With the flags, as in the packet: DF is 0x4000.
  const fragment = (numberOf(fields["ip.fragoff"], 0xffff) ?? 0) & 0x1fff;
  if (fragment > 0) reading.fragmentOffset = fragment * 8;
}

const mac = /^(?:[\da-f]{2}:){5}[\da-f]{2}$/i;

function readLink(fields: Fields, reading: Reading, etherType: number | undefined): void {
  const [source, destination] = [textOf(fields["mac.saddr.str"]) ?? "", textOf(fields["mac.daddr.str"]) ?? ""];
  if (!mac.test(source) || !mac.test(destination)) return;
  reading.sourceMac = source;
  reading.destinationMac = destination;
  if (etherType) reading.etherType = etherType.toString(16).padStart(4, "0");
}
