/**
 * Protocol names: IANA keywords for the numbers that the kernel prints where it knows no name.
 * Source: IANA "Assigned Internet Protocol Numbers"; the spelling of TCP, UDPLITE, ICMPv6 … is nf_log_syslog.c's.
 */
const keywords: readonly (readonly [number, string])[] = [
  [0, "HOPOPT"],
  [1, "ICMP"],
  [2, "IGMP"],
  [3, "GGP"],
  [4, "IPIP"],
  [6, "TCP"],
  [8, "EGP"],
  [9, "IGP"],
  [17, "UDP"],
  [27, "RDP"],
  [33, "DCCP"],
  [41, "IPv6"],
  [43, "IPv6-Route"],
  [44, "IPv6-Frag"],
  [46, "RSVP"],
  [47, "GRE"],
  [50, "ESP"],
  [51, "AH"],
  [58, "ICMPv6"],
  [59, "IPv6-NoNxt"],
  [60, "IPv6-Opts"],
  [88, "EIGRP"],
  [89, "OSPF"],
  [94, "IPIP"],
  [97, "ETHERIP"],
  [98, "ENCAP"],
  [103, "PIM"],
  [108, "IPComp"],
  [112, "VRRP"],
  [115, "L2TP"],
  [132, "SCTP"],
  [133, "FC"],
  [135, "Mobility"],
  [136, "UDPLITE"],
  [137, "MPLS-in-IP"],
  [139, "HIP"],
  [140, "Shim6"],
  [142, "ROHC"],
  [143, "Ethernet"],
  [255, "Reserved"],
];

const keywordOf = new Map<number, string>();
const numberOf = new Map<string, number>();
for (const [number, keyword] of keywords) {
  keywordOf.set(number, keyword);
  if (!numberOf.has(keyword)) numberOf.set(keyword, number);
}

/** "132" or 132 → "SCTP"; a number without a keyword stays a number as text; a name stays as it is. */
export function protocolKeyword(protocol: string | number): string {
  const number = typeof protocol === "number" ? protocol : /^\d{1,3}$/.test(protocol) ? Number(protocol) : Number.NaN;
  return Number.isNaN(number) ? String(protocol) : (keywordOf.get(number) ?? String(number));
}

/** The number of a keyword or of a number as text; 256 for what is neither, 257 for no protocol at all. */
export function protocolNumber(protocol: string | undefined): number {
  if (protocol === undefined) return 257;
  const known = numberOf.get(protocol);
  if (known !== undefined) return known;
  return /^\d{1,3}$/.test(protocol) ? Number(protocol) & 0xff : 256;
}
