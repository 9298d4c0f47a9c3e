/**
 * What happens in the demo: lines as a 6.18 kernel printed them (plugins/parser-iptables/testdata: tcp4.log 1, tcp4.log 2,
 * ip6.log 1, icmp4.log 1, prefix.log 3), with the demo's addresses and the present time, as rsyslog writes them.
 */
import { appendFile } from "node:fs/promises";
import { addressOf, type PodName } from "./cluster.ts";

export const logPrefix = "calico-packet:";

export interface Scene {
  /** Told before its lines are written. */
  readonly caption: string;
  /** Kernel messages, or whole lines of another program (those with a tag of their own). */
  readonly lines: readonly string[];
}

const outside = "203.0.113.7";

export const scenes: readonly Scene[] = [
  {
    caption: "web opens a connection to the ledger's database; a policy drops it; TCP tries three times more",
    lines: Array.from({ length: 4 }, () => tcp({ from: "web", to: "ledger", port: 5432 })),
  },
  {
    caption: "cart asks the ledger over IPv6",
    lines: [tcp6({ from: "cart", to: "ledger", port: 8443 }), tcp6({ from: "cart", to: "ledger", port: 8443 })],
  },
  {
    caption: "prometheus scrapes node-exporter, which lives in the node's own network: one event, on prometheus",
    lines: [tcp({ from: "prometheus", to: "exporter", port: 9100 })],
  },
  {
    caption: "somebody outside knocks at web's SSH port: one event, on web",
    lines: [tcp({ from: outside, to: "web", port: 22 })],
  },
  {
    caption: "cart pings the ledger: no ports at all",
    lines: [ping({ from: "cart", to: "ledger" })],
  },
  {
    caption: "lines that are none of ours: a USB stick, another rule's prefix, and a program that forges a drop",
    lines: [
      "kernel: [ 2531.001201] usb 1-1: new high-speed USB device number 4 using xhci_hcd",
      tcp({ from: outside, to: "web", port: 23 }).replace(logPrefix, "[UFW BLOCK]"),
      tcp({ from: "web", to: "ledger", port: 1 }).replace("kernel:", "evil-app[4711]:"),
    ],
  },
];

/** How many packets of `logPrefix` the scenes hold. */
export const packetsInStory = scenes.flatMap(({ lines }) => lines).filter(isDrop).length;

function isDrop(line: string): boolean {
  return line.startsWith("kernel: ") && line.includes(` ${logPrefix} `);
}

export async function writeLine(file: string, line: string, now: Date): Promise<void> {
  const time = now.toISOString().replace("Z", "000+00:00");
  await appendFile(file, `${time} node-1 ${line}\n`);
}

interface Talk {
  readonly from: PodName | typeof outside;
  readonly to: PodName;
}

function tcp({ from, to, port }: Talk & { port: number }): string {
  return `kernel: [ 2528.800858] ${logPrefix} IN=cali1a2b3c4d5e6 OUT=eth0 MAC=ee:ee:ee:ee:ee:ee:02:00:00:00:0a:01:08:00 SRC=${address(from, 4)} DST=${address(to, 4)} LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=56211 DF PROTO=TCP SPT=36084 DPT=${port} WINDOW=64240 RES=0x00 SYN URGP=0 `;
}

function tcp6({ from, to, port }: Talk & { port: number }): string {
  return `kernel: [ 2528.900858] ${logPrefix} IN=cali1a2b3c4d5e6 OUT=eth0 MAC=ee:ee:ee:ee:ee:ee:02:00:00:00:0a:01:86:dd SRC=${address(from, 6)} DST=${address(to, 6)} LEN=80 TC=0 HOPLIMIT=63 FLOWLBL=773089 PROTO=TCP SPT=43210 DPT=${port} WINDOW=64800 RES=0x00 SYN URGP=0 `;
}

function ping({ from, to }: Talk): string {
  return `kernel: [ 2529.100858] ${logPrefix} IN=cali1a2b3c4d5e6 OUT=eth0 MAC=ee:ee:ee:ee:ee:ee:02:00:00:00:0a:01:08:00 SRC=${address(from, 4)} DST=${address(to, 4)} LEN=84 TOS=0x00 PREC=0x00 TTL=63 ID=38301 DF PROTO=ICMP TYPE=8 CODE=0 ID=4660 SEQ=1 `;
}

/** IPv6 as the kernel prints it: eight groups of four digits. */
function address(name: PodName | typeof outside, ipVersion: 4 | 6): string {
  const text = name === outside ? outside : addressOf(name, ipVersion);
  if (!text.includes(":")) return text;
  const [head = "", tail = ""] = text.split("::");
  const [first, last] = [head.split(":"), tail.split(":")];
  const zeros = new Array<string>(8 - first.length - last.length).fill("0");
  return [...first, ...zeros, ...last].map((group) => group.padStart(4, "0")).join(":");
}
