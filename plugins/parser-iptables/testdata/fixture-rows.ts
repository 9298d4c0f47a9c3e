/** What each line of the *.log files here says, for people to compare with the line; the title is that of its .md file. */
export const fixtureRows: Readonly<Record<string, readonly (readonly [title: string, says: string])[]>> = {
  arp: [
    ["arp input", "other: arp"],
    ["arp input flags all", "other: arp"],
    ["arp output", "other: arp"],
    ["gratuitous / reply op 2", "other: arp"],
  ],
  bridge: [
    [
      "br_netfilter: bridged IPv4 in FORWARD (IN=OUT=bridge, PHYSIN, PHYSOUT)",
      '"klb-fwd:" klbr0 to klbr0 (ports klp1 to klp2), 72:1a:c3:f4:54:29 > da:da:ca:f1:f5:a8 0800: 10.77.5.1 port 43948 > 10.77.5.2 port 53, UDP, 60 bytes, ttl 64',
    ],
    [
      "br_netfilter: bridged to local INPUT (PHYSIN only)",
      '"klb-in:" klbr0 to - (ports klp1 to -), 72:1a:c3:f4:54:29 > a6:0a:de:7d:5d:6c 0800: 10.77.5.1 port 43063 > 10.77.5.254 port 53, UDP, 60 bytes, ttl 64',
    ],
    [
      "br_netfilter: OUTPUT from bridge to port",
      '"klb-out:" - to klbr0: 10.77.5.254 port 47992 > 10.77.5.1 port 53, UDP, 60 bytes, ttl 64',
    ],
    [
      "br_netfilter: OUTPUT from bridge to port",
      '"klb-post:" - to klbr0: 10.77.5.254 port 47992 > 10.77.5.1 port 53, UDP, 60 bytes, ttl 64',
    ],
    [
      "br_netfilter: POSTROUTING bridged",
      '"klb-post:" - to klbr0 (ports klp1 to klp2): 10.77.5.1 port 58917 > 10.77.5.2 port 53, UDP, 60 bytes, ttl 64',
    ],
    [
      "br_netfilter IPv6",
      '"klb6:" klbr0 to klbr0 (ports klp1 to klp2), 72:1a:c3:f4:54:29 > 33:33:ff:00:00:02 86dd: fd77:5::1 > ff02::1:ff00:2, ICMPv6 135/0, 72 bytes, ttl 255',
    ],
    [
      "physdev match",
      '"klb-phys:" klbr0 to klbr0 (ports klp1 to klp2), 72:1a:c3:f4:54:29 > da:da:ca:f1:f5:a8 0800: 10.77.5.1 port 58757 > 10.77.5.2 port 53, UDP, 60 bytes, ttl 64',
    ],
    [
      "nft bridge family forward",
      '"klbn:" klp1 to klp2, 72:1a:c3:f4:54:29 > da:da:ca:f1:f5:a8 0800: 10.77.5.1 port 43273 > 10.77.5.2 port 53, UDP, 60 bytes, ttl 64',
    ],
    [
      "nft bridge family forward flags all",
      '"klbn:" klp1 to klp2, 72:1a:c3:f4:54:29 > da:da:ca:f1:f5:a8 0800: 10.77.5.1 port 45707 > 10.77.5.2 port 53, UDP, 60 bytes, ttl 64',
    ],
    [
      "nft bridge family input",
      '"klbn-in:" klp1 to -, 72:1a:c3:f4:54:29 > a6:0a:de:7d:5d:6c 0800: 10.77.5.1 port 35607 > 10.77.5.254 port 53, UDP, 60 bytes, ttl 64',
    ],
    ["nft bridge ARP", "other: arp"],
    ["nft bridge ARP", "other: arp"],
    [
      "nft bridge VLAN 100 tagged frame, flags all",
      '"klbn-vlan:" klp1 to klp2, 02:00:00:00:0c:01 > ff:ff:ff:ff:ff:ff 0800: 10.77.5.1 port 1 > 10.77.5.2 port 2, UDP, 28 bytes, ttl 64',
    ],
  ],
  conntrack: [
    ["nf_conntrack_log_invalid=255: UDP with bad length / TCP with bad flags", "other: conntrack"],
    ["nf_conntrack_log_invalid=255: UDP with bad length / TCP with bad flags", "other: conntrack"],
    ["nf_conntrack_log_invalid=255: UDP with bad length / TCP with bad flags", "other: conntrack"],
    ["nf_conntrack_log_invalid=255: UDP with bad length / TCP with bad flags", "other: conntrack"],
  ],
  ebtables: [
    ["ebtables LOG all", "other: ebtables"],
    ["ebtables LOG all", "other: ebtables"],
    ["ebtables LOG ip6", "other: ebtables"],
    ["ebtables LOG ip6", "other: ebtables"],
    ["ebtables LOG arp", "other: ebtables"],
    ["ebtables LOG arp", "other: ebtables"],
  ],
  "icmp4-raw": [
    [
      "frag needed MTU=1400",
      '"kl-icmp:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ICMP 3/4, 60 bytes, ttl 64, quotes (10.77.1.2 port 1111 > 10.77.2.2 port 2222, UDP, 32 bytes, ttl 64)',
    ],
    [
      "redirect GATEWAY",
      '"kl-icmp:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ICMP 5/1, 60 bytes, ttl 64, quotes (10.77.1.2 port 1111 > 10.77.2.2 port 2222, UDP, 32 bytes, ttl 64)',
    ],
    [
      "parameter problem PARAMETER",
      '"kl-icmp:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ICMP 12/0, 60 bytes, ttl 64',
    ],
    [
      "source quench",
      '"kl-icmp:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ICMP 4/0, 60 bytes, ttl 64, quotes (10.77.1.2 port 1111 > 10.77.2.2 port 2222, UDP, 32 bytes, ttl 64)',
    ],
    [
      "timestamp",
      '"kl-icmp:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ICMP 13/0, 40 bytes, ttl 64',
    ],
    [
      "address mask request",
      '"kl-icmp:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ICMP 17/0, 32 bytes, ttl 64',
    ],
    [
      "unknown type 200",
      '"kl-icmp:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ICMP 200/3, 28 bytes, ttl 64',
    ],
    [
      "dest unreach too short: INCOMPLETE",
      '"kl-icmp:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ICMP 3/1, 36 bytes, ttl 64',
    ],
    [
      "router solicitation type 10",
      '"kl-icmp:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ICMP 10/0, 28 bytes, ttl 64',
    ],
    [
      "embedding ICMP echo",
      '"kl-icmp:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ICMP 11/0, 56 bytes, ttl 64, quotes (10.77.1.2 > 10.77.2.2, ICMP 8/0, 28 bytes, ttl 64)',
    ],
    [
      "embedding nested ICMP error (no second recursion)",
      '"kl-icmp:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ICMP 3/1, 88 bytes, ttl 64, quotes (10.77.1.2 > 10.77.2.2, ICMP 3/3, 60 bytes, ttl 64)',
    ],
    [
      "embedding fragment",
      '"kl-icmp:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ICMP 11/1, 56 bytes, ttl 64, quotes (10.77.1.2 > 10.77.2.2, UDP, 28 bytes, ttl 64, fragment at 80)',
    ],
    [
      "embedding proto 47",
      '"kl-icmp:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ICMP 3/2, 56 bytes, ttl 64, quotes (10.77.1.2 > 10.77.2.2, GRE, 28 bytes, ttl 64)',
    ],
    [
      "embedding ESP",
      '"kl-icmp:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ICMP 3/2, 56 bytes, ttl 64, quotes (10.77.1.2 > 10.77.2.2, ESP, 28 bytes, ttl 64)',
    ],
    [
      "ICMP 2-byte payload",
      '"kl-icmp:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ICMP, 22 bytes, ttl 64',
    ],
    [
      "ICMP echo with fragment offset (no TYPE)",
      '"kl-icmp:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ICMP, 36 bytes, ttl 64, fragment at 400',
    ],
  ],
  icmp4: [
    [
      "echo request + reply through FORWARD",
      '"kl-icmp:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ICMP 8/0, 48 bytes, ttl 63',
    ],
    [
      "echo request + reply through FORWARD",
      '"kl-icmp:" klrb0 to klra0, 02:00:00:00:0b:02 > 02:00:00:00:0b:01 0800: 10.77.2.2 > 10.77.1.2, ICMP 0/0, 48 bytes, ttl 63',
    ],
    [
      "port unreachable from B embedding UDP",
      '"kl-icmp:" klrb0 to klra0, 02:00:00:00:0b:02 > 02:00:00:00:0b:01 0800: 10.77.2.2 > 10.77.1.2, ICMP 3/3, 88 bytes, ttl 63, quotes (10.77.1.2 port 44681 > 10.77.2.2 port 9999, UDP, 60 bytes, ttl 63)',
    ],
    [
      "host/net/admin-prohibited unreachable from REJECT, seen in OUTPUT of the router",
      '"kl-rej:" - to klra0: 10.77.1.1 > 10.77.1.2, ICMP 3/13, 88 bytes, ttl 64, quotes (10.77.1.2 port 38953 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63)',
    ],
    [
      "tcp REJECT icmp-port-unreachable embedding TCP (8 bytes of TCP -> INCOMPLETE [8 bytes])",
      '"kl-rej:" - to klra0: 10.77.1.1 > 10.77.1.2, ICMP 3/3, 88 bytes, ttl 64, quotes (10.77.1.2 port 35498 > 10.77.2.2 port 80, TCP SYN, 60 bytes, ttl 63)',
    ],
    [
      "tcp REJECT icmp embedded TCP with seq+opts flags",
      '"kl-rej:" - to klra0: 10.77.1.1 > 10.77.1.2, ICMP 3/3, 88 bytes, ttl 64, quotes (10.77.1.2 port 35508 > 10.77.2.2 port 80, TCP SYN, 60 bytes, ttl 63)',
    ],
    [
      "time exceeded from router (TTL 1)",
      '"kl-ttl:" - to klra0: 10.77.1.1 > 10.77.1.2, ICMP 11/0, 88 bytes, ttl 64, quotes (10.77.1.2 port 43664 > 10.77.2.2 port 33434, UDP, 60 bytes, ttl 1)',
    ],
  ],
  ifnames: [
    [
      "interface name 'cali1a2b3c4d5e6'",
      '"kli-odd:" cali1a2b3c4d5e6 to -, de:30:4f:b6:e4:7e > 76:6d:cd:27:06:7b 0800: 10.77.7.2 port 51611 > 10.77.7.1 port 53, UDP, 60 bytes, ttl 64',
    ],
    [
      "interface name 'eth0.100'",
      '"kli-odd:" eth0.100 to -, 4e:dc:3f:4a:92:74 > da:f5:48:e7:98:06 0800: 10.77.7.2 port 47163 > 10.77.7.1 port 53, UDP, 60 bytes, ttl 64',
    ],
    [
      "interface name 'vlan-10_x'",
      '"kli-odd:" vlan-10_x to -, 3e:0c:46:96:11:da > 12:0d:35:8d:f4:fe 0800: 10.77.7.2 port 48730 > 10.77.7.1 port 53, UDP, 60 bytes, ttl 64',
    ],
    [
      "interface name 'a=b'",
      '"kli-odd:" a=b to -, ae:f1:a4:0c:45:97 > 86:4e:bc:ae:2c:01 0800: 10.77.7.2 port 56253 > 10.77.7.1 port 53, UDP, 60 bytes, ttl 64',
    ],
    [
      "interface name 'IN'",
      '"kli-odd:" IN to -, b2:cf:4b:33:a2:52 > 4e:97:90:a6:8a:4c 0800: 10.77.7.2 port 49581 > 10.77.7.1 port 53, UDP, 60 bytes, ttl 64',
    ],
    [
      "interface name 'OUT=x'",
      '"kli-odd:" OUT=x to -, c2:3d:c9:72:22:cf > fe:de:a7:aa:9a:a6 0800: 10.77.7.2 port 34922 > 10.77.7.1 port 53, UDP, 60 bytes, ttl 64',
    ],
    [
      "interface name 'é€'",
      '"kli-odd:" é€ to -, 96:50:2d:c5:9e:49 > fe:3c:14:05:c1:cd 0800: 10.77.7.2 port 60803 > 10.77.7.1 port 53, UDP, 60 bytes, ttl 64',
    ],
    [
      "interface name 'SRC=9.9.9.9'",
      '"kli-odd:" SRC=9.9.9.9 to -, e6:f5:5a:5c:97:f7 > fa:35:cb:b9:d4:bc 0800: 10.77.7.2 port 38210 > 10.77.7.1 port 53, UDP, 60 bytes, ttl 64',
    ],
    [
      "interface name 'x[y]'",
      '"kli-odd:" x[y] to -, 4e:7d:cd:db:05:f3 > 0e:f7:1a:af:a1:a6 0800: 10.77.7.2 port 43827 > 10.77.7.1 port 53, UDP, 60 bytes, ttl 64',
    ],
    [
      "interface name 'enp1s0f0np0'",
      '"kli-odd:" enp1s0f0np0 to -, de:fa:12:7d:06:10 > be:8f:f4:9c:44:11 0800: 10.77.7.2 port 40238 > 10.77.7.1 port 53, UDP, 60 bytes, ttl 64',
    ],
  ],
  "ip6-raw": [
    [
      "packet too big MTU=1280",
      '"kl6-raw:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 > fd77:2::2, ICMPv6 2/0, 100 bytes, ttl 64, quotes (fd77:1::2 port 1111 > fd77:2::2 port 2222, UDP, 52 bytes, ttl 64)',
    ],
    [
      "parameter problem POINTER",
      '"kl6-raw:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 > fd77:2::2, ICMPv6 4/1, 100 bytes, ttl 64, quotes (fd77:1::2 port 1111 > fd77:2::2 port 2222, UDP, 52 bytes, ttl 64)',
    ],
    [
      "time exceeded embedding TCP",
      '"kl6-raw:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 > fd77:2::2, ICMPv6 3/0, 108 bytes, ttl 64, quotes (fd77:1::2 port 40000 > fd77:2::2 port 22, TCP SYN, 60 bytes, ttl 64)',
    ],
    [
      "embedding truncated inner header",
      '"kl6-raw:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 > fd77:2::2, ICMPv6 1/4, 54 bytes, ttl 64',
    ],
    [
      "fragment first (M=1): FRAG:0 INCOMPLETE ID:hex",
      '"kl6-raw:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 port 1111 > fd77:2::2 port 2222, UDP, 60 bytes, ttl 64, fragment at 0',
    ],
    [
      "fragment later offset 1448 (no ports)",
      '"kl6-raw:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 > fd77:2::2, UDP, 64 bytes, ttl 64, fragment at 1448',
    ],
    [
      "fragment first with --log-ip-options",
      '"kl6-raw:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 port 40000 > fd77:2::2 port 22, TCP SYN, 72 bytes, ttl 64, fragment at 0',
    ],
    [
      "hop-by-hop + routing + dstopts + UDP, no ip options flag",
      '"kl6-raw:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 port 1111 > fd77:2::2 port 2222, UDP, 68 bytes, ttl 64',
    ],
    [
      "hop-by-hop + dstopts + UDP with --log-ip-options",
      '"kl6-raw:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 port 1111 > fd77:2::2 port 2222, UDP, 68 bytes, ttl 64',
    ],
    [
      "AH + TCP no options",
      '"kl6-raw:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 port 40000 > fd77:2::2 port 22, TCP SYN, 84 bytes, ttl 64',
    ],
    [
      "AH + TCP with --log-ip-options",
      '"kl6-raw:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 port 40000 > fd77:2::2 port 22, TCP SYN, 84 bytes, ttl 64',
    ],
    [
      "ESP without --log-ip-options: no PROTO at all",
      '"kl6-raw:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 > fd77:2::2, 64 bytes, ttl 64',
    ],
    [
      "ESP with --log-ip-options",
      '"kl6-raw:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 > fd77:2::2, 64 bytes, ttl 64',
    ],
    [
      "no next header 59",
      '"kl6-raw:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 > fd77:2::2, IPv6-NoNxt, 40 bytes, ttl 64',
    ],
    [
      "SCTP",
      '"kl6-raw:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 > fd77:2::2, SCTP, 72 bytes, ttl 64',
    ],
    [
      "GRE",
      '"kl6-raw:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 > fd77:2::2, GRE, 44 bytes, ttl 64',
    ],
    [
      "ICMPv6 incomplete 2 bytes",
      '"kl6-raw:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 > fd77:2::2, ICMPv6, 42 bytes, ttl 64',
    ],
    [
      "TCP incomplete",
      '"kl6-raw:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 > fd77:2::2, TCP, 46 bytes, ttl 64',
    ],
    [
      "traffic class 255 flow label 0xfffff hop 1",
      '"kl6-raw:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 port 1111 > fd77:2::2 port 2222, UDP, 52 bytes, ttl 1',
    ],
    [
      "dstopts header truncated",
      '"kl6-raw:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 > fd77:2::2, 41 bytes, ttl 64',
    ],
  ],
  ip6: [
    [
      "TCP6 SYN FORWARD",
      '"kl6-drop:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 port 38262 > fd77:2::2 port 80, TCP SYN, 80 bytes, ttl 63',
    ],
    [
      "TCP6 SYN INPUT with all flags",
      '"kl6-drop:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 port 58982 > fd77:1::1 port 80, TCP SYN, 80 bytes, ttl 64',
    ],
    [
      "TCP6 OUTPUT uid + mark",
      '"kl6-out:" - to klrb0: fd77:2::1 port 51632 > fd77:2::2 port 80, TCP SYN, 80 bytes, ttl 64, uid 0 gid 0, mark 0xd4',
    ],
    [
      "UDP6 FORWARD",
      '"kl6-udp:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 port 42110 > fd77:2::2 port 53, UDP, 80 bytes, ttl 63',
    ],
    [
      "UDP6 loopback ::1",
      '"kl6-lo:" lo to -, 00:00:00:00:00:00 > 00:00:00:00:00:00 86dd: ::1 port 33200 > ::1 port 53, UDP, 80 bytes, ttl 64',
    ],
    [
      "UDP6 loopback ::1",
      '"kl6-lo:" lo to -, 00:00:00:00:00:00 > 00:00:00:00:00:00 86dd: ::1 > ::1, ICMPv6 1/4, 128 bytes, ttl 64, quotes (::1 port 33200 > ::1 port 53, UDP, 80 bytes, ttl 64)',
    ],
    [
      "UDP4 loopback (MAC of zeroes)",
      '"kl-lo-out:" - to lo: 127.0.0.1 port 58646 > 127.0.0.1 port 53, UDP, 60 bytes, ttl 64',
    ],
    [
      "UDP4 loopback (MAC of zeroes)",
      '"kl-lo:" lo to -, 00:00:00:00:00:00 > 00:00:00:00:00:00 0800: 127.0.0.1 port 58646 > 127.0.0.1 port 53, UDP, 60 bytes, ttl 64',
    ],
    [
      "UDP4 loopback (MAC of zeroes)",
      '"kl-lo-out:" - to lo: 127.0.0.1 > 127.0.0.1, ICMP 3/3, 88 bytes, ttl 64, quotes (127.0.0.1 port 58646 > 127.0.0.1 port 53, UDP, 60 bytes, ttl 64)',
    ],
    [
      "UDP4 loopback (MAC of zeroes)",
      '"kl-lo:" lo to -, 00:00:00:00:00:00 > 00:00:00:00:00:00 0800: 127.0.0.1 > 127.0.0.1, ICMP 3/3, 88 bytes, ttl 64, quotes (127.0.0.1 port 58646 > 127.0.0.1 port 53, UDP, 60 bytes, ttl 64)',
    ],
    [
      "ICMPv6 echo request/reply",
      '"kl6-icmp:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 > fd77:2::2, ICMPv6 128/0, 56 bytes, ttl 63',
    ],
    [
      "ICMPv6 port unreachable embedding UDP",
      '"kl6-icmp:" klrb0 to klra0, 02:00:00:00:0b:02 > 02:00:00:00:0b:01 86dd: fd77:2::2 > fd77:1::2, ICMPv6 1/4, 128 bytes, ttl 63, quotes (fd77:1::2 port 53134 > fd77:2::2 port 9999, UDP, 80 bytes, ttl 63)',
    ],
    [
      "REJECT adm-prohibited seen in OUTPUT",
      '"kl6-rej:" - to klra0: fd77:1::1 > fd77:1::2, ICMPv6 1/1, 128 bytes, ttl 64, quotes (fd77:1::2 port 51635 > fd77:2::2 port 53, UDP, 80 bytes, ttl 63)',
    ],
    [
      "REJECT adm-prohibited seen in OUTPUT",
      '"kl6-rej:" - to klra0: fe80::ff:fe00:a02 > fd77:1::2, ICMPv6 135/0, 72 bytes, ttl 255',
    ],
    [
      "neighbour solicitation/advertisement, router solicitation, MLD",
      '"kl6-nd:" - to klra0: fd77:1::1 > ff02::1:ff00:2, ICMPv6 135/0, 72 bytes, ttl 255',
    ],
    [
      "neighbour solicitation/advertisement, router solicitation, MLD",
      '"kl6-nd:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 > fd77:1::1, ICMPv6 136/0, 72 bytes, ttl 255',
    ],
    [
      "neighbour solicitation/advertisement, router solicitation, MLD",
      '"kl6-nd:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 > fd77:1::1, ICMPv6 1/4, 128 bytes, ttl 64, quotes (fd77:1::1 port 33543 > fd77:1::2 port 9, UDP, 80 bytes, ttl 64)',
    ],
    [
      "neighbour solicitation/advertisement, router solicitation, MLD",
      '"kl6-nd:" - to klra0: fe80::ff:fe00:a02 > ff02::16, ICMPv6 143/0, 176 bytes, ttl 1, mark 0xd4',
    ],
    [
      "neighbour solicitation/advertisement, router solicitation, MLD",
      '"kl6-nd:" - to klra0: fe80::ff:fe00:a02 > ff02::16, ICMPv6 143/0, 176 bytes, ttl 1, mark 0xd4',
    ],
    [
      "UDP6 multicast ff02::fb, link-local source",
      '"kl6-mc:" klra0 to -, 02:00:00:00:0a:01 > 33:33:00:00:00:fb 86dd: fe80::ff:fe00:a01 port 57521 > ff02::fb port 5353, UDP, 80 bytes, ttl 1',
    ],
  ],
  levels: [
    [
      "--log-level error (see .kmsg prio)",
      '"kl-error:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 56201 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "--log-level warning (see .kmsg prio)",
      '"kl-warning:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 49590 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "--log-level notice (see .kmsg prio)",
      '"kl-notice:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 49423 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "--log-level info (see .kmsg prio)",
      '"kl-info:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 34345 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "--log-level debug (see .kmsg prio)",
      '"kl-debug:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 46731 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
  ],
  martian: [
    ["log_martians (multi-record: header then ll header dump)", "other: martian"],
    ["log_martians (multi-record: header then ll header dump)", "other"],
  ],
  netdev: [
    [
      "netdev ingress IPv4",
      '"kld-in:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 42883 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 64',
    ],
    [
      "netdev ingress IPv6 flags all",
      '"kld-in6:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 port 44192 > fd77:2::2 port 53, UDP, 80 bytes, ttl 64',
    ],
    ["netdev egress IPv4", '"kld-eg:" - to klrb0: 10.77.1.2 port 56892 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63'],
    ["netdev ingress ARP", "other: arp"],
    ["netdev ingress ARP", "other: arp"],
    ["netdev ingress ARP with ether flag", "other: arp"],
    ["netdev ingress unknown ethertype 0x88cc LLDP", "other: not-ip"],
    ["netdev ingress unknown ethertype, flags all", "other: not-ip"],
    [
      "netdev ingress VLAN 100 tagged IPv4",
      '"kld-vlan:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 1 > 10.77.2.2 port 2, UDP, 28 bytes, ttl 64',
    ],
    [
      "netdev ingress VLAN 100 tagged IPv4 no flags",
      '"kld-vlan:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 1 > 10.77.2.2 port 2, UDP, 28 bytes, ttl 64',
    ],
    ["netdev ingress IPv4 frame too short (TRUNCATED)", "other: truncated"],
  ],
  nft: [
    [
      "nft inet forward, log prefix with trailing space then drop",
      '"kln-drop:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 57105 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "nft inet forward, log without a prefix",
      "no prefix, klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 42726 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63",
    ],
    [
      "nft inet, IPv6 packet",
      '"kln6-drop:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 port 42342 > fd77:2::2 port 53, UDP, 80 bytes, ttl 63',
    ],
    [
      "nft inet output, log flags all (TCP seq,options; ip options; skuid; ether)",
      '"kln-all:" - to klrb0: 10.77.2.1 port 51844 > 10.77.2.2 port 80, TCP SYN, 60 bytes, ttl 64, uid 0 gid 0',
    ],
    [
      "nft inet forward, log flags all (MACSRC MACDST MACPROTO)",
      '"kln-all:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 58008 > 10.77.2.2 port 80, TCP SYN, 60 bytes, ttl 63',
    ],
    [
      "nft inet input, flags tcp sequence,options",
      '"kln-tcp:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 44134 > 10.77.1.1 port 80, TCP SYN, 60 bytes, ttl 64',
    ],
    [
      "nft inet output flags skuid",
      '"kln-uid:" - to klrb0: 10.77.2.1 port 53713 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 64, uid 0 gid 0',
    ],
    [
      "nft inet ether flag, IPv6",
      '"kln6-eth:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 port 44087 > fd77:2::2 port 53, UDP, 80 bytes, ttl 63',
    ],
    [
      "nft ip family level debug",
      '"kln-dbg:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 57344 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "nft ip postrouting (IN= and OUT= both set? no MAC?)",
      '"kln-post:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 51393 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "nft ip prerouting (OUT empty)",
      '"kln-pre:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 45687 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 64',
    ],
    [
      "prefix of 127 characters",
      '"CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 40052 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "prefix of 127 characters, no trailing space",
      '"CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 58590 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "prefix UTF-8",
      '"kln-é漢" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 37377 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "prefix with $define variable",
      '"kln-var:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 42598 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "meta mark set",
      '"kln-mark:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 47122 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63, mark 0xdeadbeef',
    ],
    [
      "kubernetes NetworkPolicy style long prefix (Calico nftables)",
      '"calico-packet default np my-namespace/deny-all-egress-to-database:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 35516 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
  ],
  overlong: [
    [
      "60 IPv6 destination-options headers with --log-ip-options (nf_log buffer S_SIZE)",
      '"klx-long:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 port 1 > fd77:2::2 port 2, UDP, 528 bytes, ttl 64',
    ],
    [
      "95 IPv6 destination-options headers with --log-ip-options (nf_log buffer S_SIZE)",
      '"klx-long:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 port 1 > fd77:2::2 port 2, UDP, 808 bytes, ttl 64',
    ],
    ["120 IPv6 destination-options headers with --log-ip-options (nf_log buffer S_SIZE)", "other"],
    [
      "120 IPv6 destination-options headers with --log-ip-options (nf_log buffer S_SIZE)",
      '"klx-long:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 86dd: fd77:1::2 > fd77:2::2, 1008 bytes, ttl 64',
    ],
  ],
  prefix: [
    [
      "no trailing space: glued to IN=",
      '"kl-drop" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 48220 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "colon, no space",
      '"kl-drop:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 51251 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "brackets + space",
      '"[UFW BLOCK]" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 49789 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "brackets no space (Ubiquiti/VyOS style)",
      '"[WAN_IN-2001-D]" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 45263 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "29 characters exactly",
      '"AAAAAAAAAAAAAAAAAAAAAAAAAAAA" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 49004 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "29 chars no space",
      '"calico-packet-long-prefix-29c" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 53180 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "30 characters (iptables 1.8.9 refuses / truncates)",
      '"BBBBBBBBBBBBBBBBBBBBBBBBBBBBB" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 39672 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "contains key=value",
      '"SRC=1.2.3.4 DROP" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 35334 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "contains IN= itself",
      '"LOG IN= OUT=" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 44479 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "prefix equal to a key at the start: INPUT-DROP",
      '"INPUT-DROP:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 34700 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "PROTO in prefix",
      '"PROTO=fake" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 33496 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "UTF-8",
      '"kl-é漢😀:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 46650 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "latin-1 byte",
      '"kl-�:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 34885 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "backslash",
      '"kl\\x20\\n:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 60259 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "double quotes and percent",
      '"kl "q" %s %d:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 57022 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "tab",
      '"kl�tab:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 37009 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "escape char (ANSI)",
      '"kl-�[31mred�[0m:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 43486 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "leading angle priority <3>",
      '"<3>kl:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 58355 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "two spaces",
      '"kl  double  :" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 35976 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "Shorewall",
      '"Shorewall:net2fw:DROP:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 44286 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "firewalld",
      '"FINAL_REJECT:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 58400 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "firewalld zone",
      '"filter_IN_public_REJECT:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 45508 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "SuSEfirewall2",
      '"SFW2-INext-DROP-DEFLT" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 33078 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "OpenWrt fw3",
      '"DROP(src wan)" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 46623 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "OpenWrt fw3 reject",
      '"REJECT(dest lan)" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 44305 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "only spaces",
      "no prefix, klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 38989 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63",
    ],
  ],
  proto4: [
    [
      "GRE 47",
      '"kl-proto:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, GRE, 28 bytes, ttl 64',
    ],
    [
      "SCTP 132 INIT",
      '"kl-proto:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, SCTP, 52 bytes, ttl 64',
    ],
    [
      "ESP",
      '"kl-proto:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ESP, 52 bytes, ttl 64',
    ],
    [
      "ESP spi 0",
      '"kl-proto:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ESP, 52 bytes, ttl 64',
    ],
    [
      "ESP incomplete (4 bytes)",
      '"kl-proto:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ESP, 24 bytes, ttl 64',
    ],
    [
      "AH",
      '"kl-proto:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, AH, 64 bytes, ttl 64',
    ],
    [
      "AH incomplete",
      '"kl-proto:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, AH, 22 bytes, ttl 64',
    ],
    [
      "IGMP 2",
      '"kl-proto:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, IGMP, 28 bytes, ttl 64',
    ],
    [
      "OSPF 89",
      '"kl-proto:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, OSPF, 64 bytes, ttl 64',
    ],
    [
      "VRRP 112",
      '"kl-proto:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, VRRP, 40 bytes, ttl 64',
    ],
    [
      "IPIP 4",
      '"kl-proto:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, IPIP, 48 bytes, ttl 64',
    ],
    [
      "IPv6-in-IPv4 41",
      '"kl-proto:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, IPv6, 60 bytes, ttl 64',
    ],
    [
      "DCCP 33",
      '"kl-proto:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, DCCP, 36 bytes, ttl 64',
    ],
    [
      "proto 255",
      '"kl-proto:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, Reserved, 22 bytes, ttl 64',
    ],
    [
      "proto 0 (HOPOPT in v4)",
      '"kl-proto:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, HOPOPT, 22 bytes, ttl 64',
    ],
    [
      "ICMPv6 proto 58 in IPv4",
      '"kl-proto:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ICMPv6, 24 bytes, ttl 64',
    ],
    [
      "AH with fragment offset (no PROTO= token at all!)",
      '"kl-proto:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, 44 bytes, ttl 64, fragment at 480',
    ],
    [
      "ESP with fragment offset",
      '"kl-proto:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, ESP, 44 bytes, ttl 64, fragment at 480',
    ],
    [
      "GRE with MARK",
      '"kl-gre:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, GRE, 28 bytes, ttl 63, mark 0x1',
    ],
  ],
  "tcp4-flags": [
    [
      "xmas CWR ECE URG ACK PSH RST SYN FIN",
      '"kl-flag:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 40000 > 10.77.2.2 port 22, TCP CWR+ECE+URG+ACK+PSH+RST+SYN+FIN, 40 bytes, ttl 63',
    ],
    [
      "AE bit + all (0x1ff)",
      '"kl-flag:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 40000 > 10.77.2.2 port 22, TCP AE+CWR+ECE+URG+ACK+PSH+RST+SYN+FIN, 40 bytes, ttl 63',
    ],
    [
      "NULL (no flags at all)",
      '"kl-flag:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 40000 > 10.77.2.2 port 22, TCP no flags, 40 bytes, ttl 63',
    ],
    [
      "FIN",
      '"kl-flag:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 40000 > 10.77.2.2 port 22, TCP FIN, 40 bytes, ttl 63',
    ],
    [
      "ACK PSH",
      '"kl-flag:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 40000 > 10.77.2.2 port 22, TCP ACK+PSH, 40 bytes, ttl 63',
    ],
    [
      "RST",
      '"kl-flag:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 40000 > 10.77.2.2 port 22, TCP RST, 40 bytes, ttl 63',
    ],
    [
      "reserved bits set",
      '"kl-flag:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 40000 > 10.77.2.2 port 22, TCP SYN, 40 bytes, ttl 63',
    ],
    [
      "TCP header cut: 12 bytes of payload",
      '"kl-flag:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, TCP, 32 bytes, ttl 63',
    ],
    [
      "first fragment MF",
      '"kl-frag:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 40000 > 10.77.2.2 port 22, TCP SYN, 44 bytes, ttl 64',
    ],
    [
      "later fragment offset 185 (no ports)",
      '"kl-frag:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, TCP, 52 bytes, ttl 64, fragment at 1480',
    ],
    [
      "later fragment offset 185 (no ports)",
      '"kl-frag:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, TCP, 52 bytes, ttl 63, fragment at 1480',
    ],
    [
      "CE bit (reserved bit 0x8000 of frag_off) + DF",
      '"kl-flag:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 40000 > 10.77.2.2 port 22, TCP SYN, 40 bytes, ttl 63',
    ],
    [
      "IP options (record route) with --log-ip-options, TCP opts",
      '"kl-ipopt:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 40000 > 10.77.2.2 port 22, TCP SYN, 64 bytes, ttl 63',
    ],
    [
      "TOS 0xb8 (EF) TTL 1",
      '"kl-tos:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 40000 > 10.77.2.2 port 22, TCP SYN, 40 bytes, ttl 1',
    ],
    [
      "TOS 0xff (all)",
      '"kl-tos:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 40000 > 10.77.2.2 port 22, TCP SYN, 40 bytes, ttl 64',
    ],
  ],
  tcp4: [
    [
      "TCP SYN dropped in FORWARD",
      '"kl-drop:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 36084 > 10.77.2.2 port 80, TCP SYN, 60 bytes, ttl 63',
    ],
    [
      "TCP SYN dropped in INPUT",
      '"kl-drop:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 35840 > 10.77.1.1 port 8080, TCP SYN, 60 bytes, ttl 64',
    ],
    [
      "TCP SYN in OUTPUT (no MAC= token at all)",
      '"kl-drop:" - to klrb0: 10.77.2.1 port 57276 > 10.77.2.2 port 80, TCP SYN, 60 bytes, ttl 64',
    ],
    [
      "SYN -> RST|ACK answered by closed port, logged in FORWARD both ways",
      '"kl-log:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 45528 > 10.77.2.2 port 81, TCP SYN, 60 bytes, ttl 63',
    ],
    [
      "SYN -> RST|ACK answered by closed port, logged in FORWARD both ways",
      '"kl-log:" klrb0 to klra0, 02:00:00:00:0b:02 > 02:00:00:00:0b:01 0800: 10.77.2.2 port 81 > 10.77.1.2 port 45528, TCP ACK+RST, 40 bytes, ttl 63',
    ],
    [
      "--log-tcp-sequence --log-tcp-options --log-ip-options",
      '"kl-opts:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 34640 > 10.77.2.2 port 443, TCP SYN, 60 bytes, ttl 63',
    ],
    [
      "--log-uid in OUTPUT as root",
      '"kl-uid:" - to klrb0: 10.77.2.1 port 57284 > 10.77.2.2 port 80, TCP SYN, 60 bytes, ttl 64, uid 0 gid 0',
    ],
    [
      "--log-uid in OUTPUT as uid 65534 gid 65534",
      '"kl-uid:" - to klrb0: 10.77.2.1 port 57286 > 10.77.2.2 port 80, TCP SYN, 60 bytes, ttl 64, uid 65534 gid 65534',
    ],
    [
      "mark set in mangle",
      '"kl-mark:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 51392 > 10.77.2.2 port 80, TCP SYN, 60 bytes, ttl 63, mark 0xff00',
    ],
    [
      "uid + mark together + all flags",
      '"kl-all:" - to klrb0: 10.77.2.1 port 57298 > 10.77.2.2 port 80, TCP SYN, 60 bytes, ttl 64, uid 0 gid 0, mark 0x10000',
    ],
  ],
  trace: [["iptables-legacy TRACE target", "other: trace"]],
  tun: [
    [
      'TUN device: no link header -> "MAC= " with empty value',
      '"klt-in:" klt0 to -: 10.77.8.2 port 5555 > 10.77.8.1 port 22, TCP SYN, 40 bytes, ttl 64',
    ],
    [
      'TUN device: no link header -> "MAC= " with empty value',
      '"klt-fwd:" klt0 to klrb0: 10.77.8.2 port 9 > 10.77.2.2 port 9, UDP, 28 bytes, ttl 63',
    ],
    [
      "TUN device, nft flags all (falls back to MAC=)",
      '"klt-all:" klt0 to -: 10.77.8.2 port 5555 > 10.77.8.1 port 22, TCP SYN, 40 bytes, ttl 64',
    ],
  ],
  udp4: [
    [
      "UDP FORWARD",
      '"kl-udp:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 60581 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 63',
    ],
    [
      "UDP INPUT",
      '"kl-udp:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 48105 > 10.77.1.1 port 5353, UDP, 60 bytes, ttl 64',
    ],
    [
      "UDP OUTPUT with uid",
      '"kl-udp:" - to klrb0: 10.77.2.1 port 40069 > 10.77.2.2 port 53, UDP, 60 bytes, ttl 64, uid 0 gid 0',
    ],
    [
      "UDP empty payload (LEN=28 .. LEN=8)",
      '"kl-udp:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 33615 > 10.77.2.2 port 9, UDP, 28 bytes, ttl 63',
    ],
    [
      "UDP broadcast to 10.77.1.255",
      '"kl-bc:" klra0 to -, 02:00:00:00:0a:01 > ff:ff:ff:ff:ff:ff 0800: 10.77.1.2 port 43303 > 10.77.1.255 port 137, UDP, 60 bytes, ttl 64',
    ],
    [
      "UDP limited broadcast 255.255.255.255",
      '"kl-bc:" klra0 to -, 02:00:00:00:0a:01 > ff:ff:ff:ff:ff:ff 0800: 10.77.1.2 port 38300 > 255.255.255.255 port 67, UDP, 60 bytes, ttl 64',
    ],
    [
      "UDP multicast 224.0.0.251",
      '"kl-mc:" klra0 to -, 02:00:00:00:0a:01 > 01:00:5e:00:00:fb 0800: 10.77.1.2 port 57107 > 224.0.0.251 port 5353, UDP, 60 bytes, ttl 1',
    ],
    [
      "UDP oversize, fragmented by sender, raw table (fragments reassembled by conntrack defrag -> one line per fragment only without defrag)",
      '"kl-big:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 39557 > 10.77.2.2 port 53, UDP, 1500 bytes, ttl 64',
    ],
    [
      "UDP oversize, fragmented by sender, raw table (fragments reassembled by conntrack defrag -> one line per fragment only without defrag)",
      '"kl-big:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, UDP, 1500 bytes, ttl 64, fragment at 1480',
    ],
    [
      "UDP oversize, fragmented by sender, raw table (fragments reassembled by conntrack defrag -> one line per fragment only without defrag)",
      '"kl-big:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, UDP, 1068 bytes, ttl 64, fragment at 2960',
    ],
    [
      "UDP length shorter than 8 (INCOMPLETE)",
      '"kl-udp:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, UDP, 24 bytes, ttl 64',
    ],
    [
      "UDP fragment with offset (ports missing)",
      '"kl-udp:" klra0 to -, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 > 10.77.2.2, UDP, 36 bytes, ttl 64, fragment at 800',
    ],
    [
      "UDPLITE proto 136",
      '"kl-udpl:" klra0 to klrb0, 02:00:00:00:0a:01 > 02:00:00:00:0a:02 0800: 10.77.1.2 port 7000 > 10.77.2.2 port 7001, UDPLITE, 31 bytes, ttl 63',
    ],
  ],
};
