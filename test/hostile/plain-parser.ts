/**
 * A second parser of kernel log lines, slow and obviously right: written from the grammar in the notes about netfilter's
 * LOG only, without a look at plugins/parser-iptables, so that the two can be held against each other.
 * A line goes in; out comes what the notes allow a parser to say about it.
 */
import { isIPv4, isIPv6 } from "node:net";
import type { PacketDrop, PacketHeader } from "../../core/model/packet-drop.ts";
import { protocolKeyword } from "../../core/model/protocol.ts";
import { unframe } from "./plain-framing.ts";

export type PlainResult =
  /** The grammar letter by letter, in the kernel's own framing: it must be reported, with these fields. */
  | { readonly kind: "drop"; readonly drop: Expected; readonly time?: number }
  /** Nothing in it is a packet that the kernel logged: it must not be reported. */
  | { readonly kind: "none" }
  /** Damaged. Who reports it all the same must read the same flow. */
  | { readonly kind: "unclear"; readonly flow: Flow };

export type Expected = Omit<PacketDrop, "time" | "host">;
export type Flow = Pick<
  PacketHeader,
  "sourceAddress" | "destinationAddress" | "protocol" | "sourcePort" | "destinationPort"
>;

const anchor = /(?<!PHYS)IN=([^ /]{0,15}) (?:PHYSIN=([^ ]+) )?OUT=([^ /]{0,15})(?= |$)/g;

/** `line` in latin-1, so that one character is one byte. */
export function plainParse(line: string, nowMillis: number): PlainResult {
  const frame = unframe(line, nowMillis);
  if (frame.belief === "forged") return { kind: "none" };
  const message = frame.message.replace(/ +$/, "");
  const last = [...message.matchAll(anchor)].at(-1);
  if (last === undefined) return { kind: "none" };
  const prefix = message.slice(0, last.index);
  const exact = frame.belief === "kernel" ? exactly(message.slice(last.index)) : undefined;
  if (exact !== undefined && isOrdinary(prefix, frame.tagged)) {
    const said = prefix.replace(/ +$/, "");
    const drop = said === "" ? exact : { ...exact, logPrefix: said };
    return { kind: "drop", drop, ...(frame.time === undefined ? {} : { time: frame.time }) };
  }
  if (/^(TRACE: |nf_ct_proto_\d+: )/.test(prefix) && frame.belief === "kernel") return { kind: "none" };
  const flow = roughly(message.slice(last.index + last[0].length));
  return flow === undefined ? { kind: "none" } : { kind: "unclear", flow };
}

/**
 * A rule's prefix: not two records in one line, not the kernel's own words, nothing that is written escaped. Where the
 * framing has no tag, a word with a colon in front of others is as well a process's tag.
 */
function isOrdinary(prefix: string, tagged: boolean): boolean {
  if (!tagged && /: ./.test(prefix)) return false;
  return (
    /^[\x20-\x5b\x5d-\x7e]{0,127}$/.test(prefix) &&
    !/IN=|OUT=|^TRACE:|^nf_ct_proto_|kernel|repeated|^\[ *\d/.test(prefix)
  );
}

// The grammar, from the interfaces to the mark. A space follows each token.
const n = "\\d{1,10}";
const v4 = "\\d{1,3}(?:\\.\\d{1,3}){3}";
const v6 = "[0-9a-f]{4}(?::[0-9a-f]{4}){7}";
const mac = "[0-9a-f]{2}(?::[0-9a-f]{2}){5}";
const face = "[!-.0-9;-~]{0,15}";
const faces = `IN=(?<in>${face}) OUT=(?<out>${face}) (?:PHYSIN=(?<physin>${face}) )?(?:PHYSOUT=(?<physout>${face}) )?`;
const link =
  `(?:MAC= |MAC=(?<dmac>${mac}):(?<smac>${mac}):(?<type1>[0-9a-f]{2}):(?<type2>[0-9a-f]{2}) ` +
  `|MACSRC=(?<smac2>${mac}) MACDST=(?<dmac2>${mac}) MACPROTO=(?<type3>[0-9a-f]{4}) )?`;
const ip4 =
  `SRC=(?<src>${v4}) DST=(?<dst>${v4}) LEN=(?<len>${n}) TOS=0x[0-9A-F]{2} PREC=0x[0-9A-F]{2} TTL=(?<ttl>${n}) ` +
  `ID=${n} (?:CE )?(?:DF )?(?:MF )?(?:FRAG:(?<frag>${n}) )?(?:OPT \\([0-9A-F]+\\) )?`;
const ip6 = `SRC=(?<src>${v6}) DST=(?<dst>${v6}) LEN=(?<len>${n}) TC=${n} HOPLIMIT=(?<ttl>${n}) FLOWLBL=${n} `;
const flags = "(?<flags>(?:AE )?(?:CWR )?(?:ECE )?(?:URG )?(?:ACK )?(?:PSH )?(?:RST )?(?:SYN )?(?:FIN )?)";
const ports = `SPT=(?<spt>${n}) DPT=(?<dpt>${n}) `;
const tcp = `PROTO=(?<tcp>TCP) ${ports}(?:SEQ=${n} ACK=${n} )?WINDOW=${n} RES=0x[0-9a-f]{2} ${flags}URGP=${n} (?:OPT \\([0-9A-F]+\\) )?`;
const udp = `PROTO=(?<udp>UDP|UDPLITE) ${ports}LEN=${n} `;
const icmp = `PROTO=(?<icmp>ICMP|ICMPv6) TYPE=(?<itype>${n}) CODE=(?<icode>${n}) (?:ID=${n} SEQ=${n} |PARAMETER=${n} )?`;
const other = `PROTO=(?<other>${n}|TCP|UDP|UDPLITE|ICMP|ICMPv6|AH|ESP) (?:INCOMPLETE \\[${n} bytes\\] |SPI=0x[0-9a-f]+ )?`;
const owner = `(?:UID=(?<uid>${n}) GID=(?<gid>${n}) )?(?:MARK=(?<mark>0x[1-9a-f][0-9a-f]{0,7}) )?`;

const transports = [tcp, udp, icmp, other];
const headers4 = transports.map((transport) => ip4 + transport);
const headers6 = transports.map((transport) => ip6 + transport);
const whole = [...headers4, ...headers6].map((header) => new RegExp(`^${faces}${link}${header}${owner}$`));
const inner = [...headers4, ...headers6].map((header) => new RegExp(`^${header}$`));

/** The record from "IN=" on, when it is the grammar letter by letter. */
function exactly(record: string): Expected | undefined {
  const open = record.indexOf(" [SRC=") + 1;
  const embedded = open > 0 ? embeddedOf(record.slice(open + 1, record.lastIndexOf("]"))) : undefined;
  if (open > 0 && embedded === undefined) return undefined;
  const rest = open > 0 ? withoutEmbedded(record, open) : `${record} `;
  const found = firstMatch(whole, rest);
  const header = found && headerOf(found);
  if (found === undefined || header === undefined) return undefined;
  return { ...header, ...frameOf(found), ...(embedded === undefined ? {} : { embedded }) };
}

/** "GATEWAY=a " stands before the bracket, "MTU=n " behind it; neither says who sent to whom. */
function withoutEmbedded(record: string, open: number): string {
  const before = record.slice(0, open).replace(/GATEWAY=[\d.]+ $|POINTER=[0-9a-f]{8} $/, "");
  return before + `${record.slice(record.lastIndexOf("]") + 1)} `.trimStart().replace(/^MTU=\d+ /, "");
}

function embeddedOf(text: string): PacketHeader | undefined {
  const found = firstMatch(inner, text);
  return found && headerOf(found);
}

function firstMatch(grammars: readonly RegExp[], text: string): Record<string, string | undefined> | undefined {
  for (const grammar of grammars) {
    const found = grammar.exec(text)?.groups;
    if (found !== undefined) return found;
  }
  return undefined;
}

function headerOf(found: Record<string, string | undefined>): PacketHeader | undefined {
  const { src = "", dst = "", tcp, udp, icmp, other, spt, dpt, itype, icode, len, ttl, frag } = found;
  const address = isIPv4(src) && isIPv4(dst) ? 4 : isIPv6(src) && isIPv6(dst) ? 6 : undefined;
  const small = [spt, dpt, len].every((value) => value === undefined || Number(value) <= 65_535);
  const bytes = [itype, icode, ttl].every((value) => value === undefined || Number(value) <= 255);
  if ([found.uid, found.gid].some((value) => Number(value) > 0xffff_ffff)) return undefined;
  const protocol = tcp ?? udp ?? icmp ?? other ?? "";
  if (address === undefined || !small || !bytes || Number(protocol) > 255 || Number(frag) > 8191) return undefined;
  // The kernel prints ports whenever it has them: a bare "PROTO=TCP " is a fragment's, or it was cut.
  if (other !== undefined && /\D/.test(other) && !/^(AH|ESP)$/.test(other) && !(Number(frag) > 0)) return undefined;
  if ((tcp ?? udp ?? icmp) !== undefined && Number(frag) > 0) return undefined;
  if ((address === 6) === (icmp === "ICMP")) if (icmp !== undefined) return undefined;
  return {
    ipVersion: address,
    sourceAddress: canonical(src),
    destinationAddress: canonical(dst),
    protocol: protocolKeyword(protocol),
    ...(spt === undefined ? {} : { sourcePort: Number(spt), destinationPort: Number(dpt) }),
    ...(itype === undefined ? {} : { icmpType: Number(itype), icmpCode: Number(icode) }),
    ...(tcp === undefined ? {} : { tcpFlags: (found.flags ?? "").split(" ").filter((flag) => flag !== "") }),
    length: Number(len),
    ttl: Number(ttl),
    ...(frag === undefined ? {} : { fragmentOffset: Number(frag) * 8 }),
  };
}

function frameOf(found: Record<string, string | undefined>): Partial<Expected> {
  const { in: inInterface, out, physin, physout, uid, gid, mark } = found;
  const sourceMac = found.smac ?? found.smac2;
  const destinationMac = found.dmac ?? found.dmac2;
  const etherType = found.type3 ?? (found.type1 === undefined ? undefined : `${found.type1}${found.type2}`);
  const fields = {
    inInterface,
    outInterface: out,
    physicalInInterface: physin,
    physicalOutInterface: physout,
    sourceMac,
    destinationMac,
    etherType,
    mark,
    uid: uid === undefined ? undefined : Number(uid),
    gid: gid === undefined ? undefined : Number(gid),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== ""));
}

/** Who sent what to whom, in a damaged record: tokens in order, the first value wins, the quoted packet cut out. */
function roughly(rest: string): Flow | undefined {
  const own = withoutQuoted(rest);
  const [, transport = ""] = / PROTO=(.*)$/s.exec(own) ?? [];
  const [source = "", destination = ""] = ["SRC", "DST"].map((key) => tokenOf(key, own));
  if (!isAddress(source) || !isAddress(destination) || isIPv4(source) !== isIPv4(destination)) return undefined;
  const [name = ""] = transport.split(" ", 1);
  // ICMP has no ports, whatever else a damaged line holds.
  const ports = protocolKeyword(name).startsWith("ICMP") ? [] : ["SPT", "DPT"].map((key) => tokenOf(key, transport));
  const [sourcePort, destinationPort] = ports.map((port) => (port === undefined ? port : Number(port)));
  return {
    sourceAddress: canonical(source),
    destinationAddress: canonical(destination),
    ...(transport === "" ? {} : { protocol: protocolKeyword(name) }),
    ...(sourcePort === undefined ? {} : { sourcePort }),
    ...(destinationPort === undefined ? {} : { destinationPort }),
  };
}

/** To the last bracket; to the end where that is lost. */
function withoutQuoted(rest: string): string {
  const open = rest.search(/ \[SRC=/);
  const close = rest.lastIndexOf("]");
  if (open < 0) return rest;
  return close > open ? `${rest.slice(0, open)} ${rest.slice(close + 1)}` : rest.slice(0, open);
}

function tokenOf(key: string, text = ""): string | undefined {
  const token = text.split(" ").find((word) => word.startsWith(`${key}=`));
  return token?.slice(key.length + 1);
}

function isAddress(text: string): boolean {
  return isIPv4(text) || (isIPv6(text) && !text.includes("%"));
}

/** RFC 5952, as a URL writes it. */
export function canonical(address: string): string {
  return isIPv4(address) ? address : new URL(`http://[${address}]/`).hostname.slice(1, -1);
}
