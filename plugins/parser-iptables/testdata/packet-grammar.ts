/** Random packets and the line that nf_log_syslog.c would print for them; for the property tests of this room. */
import fc from "fast-check";
import type { PacketDrop } from "../../../core/plugin/index.ts";
import { formatAddress } from "../../../core/plugin/index.ts";

type Packet = Omit<PacketDrop, "time">;

const port = fc.nat(65_535);
const name = fc.constantFrom(
  "eth0",
  "cali1a2b3c4d5e6",
  "eth0.100",
  "vlan-10_x",
  "a=b",
  "IN",
  "OUT=x",
  "SRC=9.9.9.9",
  "x[y]",
  "br-lan",
);
const mac = fc
  .array(fc.nat(255), { minLength: 6, maxLength: 6 })
  .map((octets) => octets.map((octet) => hex(octet, 2)).join(":"));
const ipv4 = fc.nat(0xffff_ffff).map((word) => formatAddress(4, Uint32Array.of(word)));
const ipv6 = fc
  .array(fc.oneof(fc.constant(0), fc.nat(0xffff_ffff)), { minLength: 4, maxLength: 4 })
  .map((words) => formatAddress(6, Uint32Array.from(words)));
const prefix: fc.Arbitrary<Pick<Packet, "logPrefix" | "verdict" | "policy">> = fc.constantFrom(
  {},
  { logPrefix: "calico-drop:" },
  { logPrefix: "[UFW BLOCK]" },
  { logPrefix: "DROP by policy shop/deny", verdict: "DROP" as const, policy: "shop/deny" },
  { logPrefix: "FINAL_REJECT:", verdict: "REJECT" as const },
  { logPrefix: "kl  double  :" },
  { logPrefix: "SRC=1.2.3.4 DROP" },
  { logPrefix: "LOG IN= OUT=" },
);
const tcpFlags = fc.subarray(["AE", "CWR", "ECE", "URG", "ACK", "PSH", "RST", "SYN", "FIN"]);

const transport = (version: 4 | 6): fc.Arbitrary<Partial<Packet>> =>
  fc.oneof(
    fc.record({ protocol: fc.constant("TCP"), sourcePort: port, destinationPort: port, tcpFlags }),
    fc.record({ protocol: fc.constantFrom("UDP", "UDPLITE"), sourcePort: port, destinationPort: port }),
    fc.record({
      protocol: fc.constant(version === 4 ? "ICMP" : "ICMPv6"),
      icmpType: fc.nat(255),
      icmpCode: fc.nat(255),
    }),
    fc.record({ protocol: fc.constantFrom("SCTP", "GRE", "IGMP", "99") }),
    fc.record({
      protocol: fc.constantFrom("TCP", "UDP"),
      fragmentOffset: fc.integer({ min: 1, max: 8000 }).map((units) => units * 8),
    }),
  );

const header = (version: 4 | 6): fc.Arbitrary<Partial<Packet>> => {
  const address = version === 4 ? ipv4 : ipv6;
  const fixed = { ipVersion: fc.constant(version), sourceAddress: address, destinationAddress: address };
  const sizes = fc.record({ ...fixed, length: fc.integer({ min: 40, max: 65_575 }), ttl: fc.nat(255) });
  return fc.tuple(sizes, transport(version)).map(([size, rest]) => ({ ...size, ...rest }));
};

const anyHeader = fc.oneof(header(4), header(6));

/** Of both versions, with all that the kernel may print around them. */
export const packets: fc.Arbitrary<Packet> = fc
  .record({
    header: anyHeader,
    prefix,
    inInterface: fc.option(name, { nil: undefined }),
    outInterface: fc.option(name, { nil: undefined }),
    physicalInInterface: fc.option(name, { nil: undefined, freq: 5 }),
    macs: fc.tuple(mac, mac),
    owner: fc.option(fc.tuple(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff)), { nil: undefined }),
    mark: fc.option(fc.integer({ min: 1, max: 0xffff_ffff }), { nil: undefined }),
    embedded: fc.option(anyHeader, { nil: undefined }),
  })
  .map(({ header, prefix, macs, owner, mark, embedded, ...rest }) => {
    const quotes = header.protocol?.startsWith("ICMP") && embedded?.ipVersion === header.ipVersion;
    return defined({
      ...rest,
      ...prefix,
      ...header,
      ...(rest.inInterface !== undefined && {
        destinationMac: macs[0],
        sourceMac: macs[1],
        etherType: header.ipVersion === 4 ? "0800" : "86dd",
      }),
      ...(owner !== undefined && { uid: owner[0], gid: owner[1] }),
      mark: mark === undefined ? undefined : `0x${mark.toString(16)}`,
      embedded: quotes ? embedded : undefined,
    }) as unknown as Packet;
  });

export function packetLine(packet: Packet): string {
  const optional = (key: string, value: unknown) => (value === undefined ? "" : `${key}=${value} `);
  const type = packet.etherType === undefined ? "" : `:${packet.etherType.slice(0, 2)}:${packet.etherType.slice(2)}`;
  return (
    `${packet.logPrefix === undefined ? "" : `${packet.logPrefix} `}IN=${packet.inInterface ?? ""} ` +
    `OUT=${packet.outInterface ?? ""} ${optional("PHYSIN", packet.physicalInInterface)}` +
    `${packet.destinationMac === undefined ? "" : `MAC=${packet.destinationMac}:${packet.sourceMac}${type} `}` +
    `${headerText(packet)}${optional("UID", packet.uid)}${optional("GID", packet.gid)}${optional("MARK", packet.mark)}`
  );
}

function headerText(packet: Partial<Packet>): string {
  const { ipVersion, length, ttl, fragmentOffset, embedded } = packet;
  const addresses = `SRC=${kernelForm(packet.sourceAddress ?? "")} DST=${kernelForm(packet.destinationAddress ?? "")} LEN=${length} `;
  const fragment4 = fragmentOffset === undefined ? "" : `FRAG:${fragmentOffset / 8} `;
  const fragment6 = fragmentOffset === undefined ? "" : `FRAG:${fragmentOffset} ID:deadbeef `;
  const rest =
    ipVersion === 4
      ? `TOS=0x00 PREC=0x00 TTL=${ttl} ID=4660 ${fragment4}`
      : `TC=0 HOPLIMIT=${ttl} FLOWLBL=195796 ${fragment6}`;
  const quoted = embedded === undefined ? "" : `[${headerText(embedded)}] `;
  return `${addresses}${rest}${transportText(packet)}${quoted}`;
}

function transportText(packet: Partial<Packet>): string {
  const { protocol, sourcePort, destinationPort, tcpFlags: flags = [] } = packet;
  const bare: Record<string, number> = { SCTP: 132, GRE: 47, IGMP: 2 };
  const name = `PROTO=${bare[protocol ?? ""] ?? protocol} `;
  if (packet.icmpType !== undefined) return `${name}TYPE=${packet.icmpType} CODE=${packet.icmpCode} `;
  if (destinationPort === undefined) return name;
  const ports = `${name}SPT=${sourcePort} DPT=${destinationPort} `;
  return protocol === "TCP"
    ? `${ports}WINDOW=64240 RES=0x00 ${flags.map((flag) => `${flag} `).join("")}URGP=0 `
    : `${ports}LEN=40 `;
}

/** IPv6 with all its zeros. */
function kernelForm(address: string): string {
  if (!address.includes(":")) return address;
  // An IPv4-mapped address ends in dotted form (RFC 5952 section 5).
  const dotted = address.replace(
    /(\d+)\.(\d+)\.(\d+)\.(\d+)$/,
    (_, a, b, c, d) => `${hex(a * 256 + Number(b), 4)}:${hex(c * 256 + Number(d), 4)}`,
  );
  const [left = "", right = ""] = dotted.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const zeros = new Array<string>(8 - groups(left).length - groups(right).length).fill("0");
  return [...groups(left), ...zeros, ...groups(right)].map((group) => group.padStart(4, "0")).join(":");
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

function defined(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}
