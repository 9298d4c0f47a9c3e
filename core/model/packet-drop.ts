/**
 * One packet that the kernel dropped, as its log line tells it. Made by a parser, read by everybody else.
 * This is also the JSON that `droplens parse` prints; what the line does not say is left out.
 */
export interface PacketDrop extends PacketHeader {
  /** RFC 3339 in UTC, the packet's own time, with as many decimals as the line has: "2026-11-20T19:56:42.401765Z". */
  readonly time: string;
  /** The node's name as the log framing has it. */
  readonly host?: string;
  /** As the rule has it, trailing space kept off: "calico-drop:". Absent when the rule has none. */
  readonly logPrefix?: string;
  /** What became of the packet, where the rule's prefix says so. */
  readonly verdict?: Verdict;
  /** The policy that the prefix names ("shop/deny-all"), or what the product has in its place: a zone, a chain, a rule set. */
  readonly policy?: string;
  readonly inInterface?: string;
  readonly outInterface?: string;
  /** Ports of a bridge. */
  readonly physicalInInterface?: string;
  readonly physicalOutInterface?: string;
  readonly sourceMac?: string;
  readonly destinationMac?: string;
  /** Four hex digits: "0800". */
  readonly etherType?: string;
  /** Netfilter's mark as the line has it: "0xff00". */
  readonly mark?: string;
  /** Owner of the sending socket. */
  readonly uid?: number;
  readonly gid?: number;
}

/** What a rule did to a packet that it did not let through. */
export type Verdict = "DROP" | "REJECT";

/** What the packet's own headers say; the packet inside an ICMP error has the same shape. */
export interface PacketHeader {
  readonly ipVersion: 4 | 6;
  /** Canonical text, RFC 5952. */
  readonly sourceAddress: string;
  readonly destinationAddress: string;
  /** IANA keyword ("TCP", "UDP", "ICMP", "ICMPv6", "SCTP"), else the number as text. */
  readonly protocol?: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  /** In the kernel's order: AE CWR ECE URG ACK PSH RST SYN FIN. */
  readonly tcpFlags?: readonly string[];
  /** Bytes of the whole packet, IP header included. */
  readonly length?: number;
  /** Time to live, or hop limit. */
  readonly ttl?: number;
  /** Bytes from the start of the original packet. */
  readonly fragmentOffset?: number;
  /** The packet inside an ICMP error. */
  readonly embedded?: PacketHeader;
}
