import { describe, it } from "vitest";
import { type ParserSubject, parserChecks } from "../../core/testkit/index.ts";
import { parserIptables } from "./index.ts";

const head = "2026-11-20T19:59:58.401765+00:00 node-1 kernel: [ 1980.578928]";
const tcp = "SRC=10.77.1.2 DST=10.77.2.2 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=50301 DF PROTO=TCP SPT=36084 DPT=80";

const subject: ParserSubject = {
  definition: parserIptables,
  startPartner: () => ({ options: { prefix: "calico-drop:", timeZone: "UTC" } }),
  drops: [
    {
      line: `${head} calico-drop: IN=eth0 OUT=eth1 ${tcp} WINDOW=64240 RES=0x00 SYN URGP=0 `,
      drop: {
        time: "2026-11-20T19:59:58.401765Z",
        sourceAddress: "10.77.1.2",
        destinationAddress: "10.77.2.2",
        protocol: "TCP",
        destinationPort: 80,
        logPrefix: "calico-drop:",
        tcpFlags: ["SYN"],
      },
    },
    {
      line: `${head} calico-drop: IN=eth0 OUT= SRC=fd77:0001:0000:0000:0000:0000:0000:0002 DST=fd77:0002:0000:0000:0000:0000:0000:0002 LEN=80 TC=0 HOPLIMIT=63 FLOWLBL=195796 PROTO=UDP SPT=60581 DPT=53 LEN=40 `,
      drop: { ipVersion: 6, sourceAddress: "fd77:1::2", destinationAddress: "fd77:2::2", protocol: "UDP" },
    },
    {
      line: `${head} calico-drop: IN=eth0 OUT= SRC=10.77.1.2 DST=10.77.1.1 LEN=84 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=ICMP TYPE=8 CODE=0 ID=7 SEQ=1 `,
      drop: { protocol: "ICMP", icmpType: 8, icmpCode: 0 },
    },
  ],
  otherLines: [
    "",
    "2026-11-20T19:59:58.401765+00:00 node-1 kernel: [ 1980.578928] usb 1-1: new high-speed USB device",
    `${head} other-rule: IN=eth0 OUT=eth1 ${tcp} WINDOW=64240 RES=0x00 SYN URGP=0 `,
  ],
  malformed: [`${head} calico-drop: IN=eth0 OUT=eth1 SRC=10.77.1.2 DST=10.77.2.999 LEN=60`],
};

describe("parser-iptables as a parser", () => {
  for (const { name, run } of parserChecks(subject)) it(name, run);
});
