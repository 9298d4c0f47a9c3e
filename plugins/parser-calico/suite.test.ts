/** The behaviour of its role, and what becomes of Calico's lines in a chunk. */
import { describe, expect, it } from "vitest";
import { MemoryDrops, type ParserSubject, parserChecks } from "../../core/testkit/index.ts";
import { testContext } from "../../core/testkit/test-context.ts";
import { options } from "./config.ts";
import { parserCalico } from "./index.ts";

// As GKE's nodes print them: "calico-packet: " behind the tag of the journal's short form (notes on peers' prefixes).
const head = "2026-11-20T19:59:58.401765+00:00 gke-pool-1-dnl5 kernel:";
const way = "IN=calibb6007ff7fc OUT=eth0 MAC=ee:ee:ee:ee:ee:ee:ce:93:b5:4d:8a:4f:08:00";
const tcp = "SRC=10.4.1.2 DST=10.4.2.2 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=50301 DF PROTO=TCP SPT=36084 DPT=80";
const syn = "WINDOW=64240 RES=0x00 SYN URGP=0 ";
const line = (prefix: string, port = 80) => `${head} ${prefix}${way} ${tcp.replace("DPT=80", `DPT=${port}`)} ${syn}`;

const subject: ParserSubject = {
  definition: parserCalico,
  startPartner: () => ({ options: { logPrefix: ["calico-packet", "audit %k %p"] } }),
  drops: [
    {
      line: line("calico-packet: "),
      drop: {
        host: "gke-pool-1-dnl5",
        logPrefix: "calico-packet:",
        destinationPort: 80,
        inInterface: "calibb6007ff7fc",
      },
    },
    { line: line("audit np shop/deny-all: "), drop: { logPrefix: "audit np shop/deny-all:", policy: "shop/deny-all" } },
    { line: line("audit gnp default.block-internet".slice(0, 29)), drop: { policy: "default.block-inter…" } },
  ],
  otherLines: ["", `${head} usb 1-1: new high-speed USB device`, line("calico-drop: "), line("calico-packet-est: ")],
  malformed: [`${head} calico-packet: IN=eth0 OUT=eth1 SRC=10.77.1.2 DST=10.77.2.999 LEN=60`],
};

describe("parser-calico as a parser", () => {
  for (const { name, run } of parserChecks(subject)) it(name, run);
});

function scan(text: string, settings: object = {}): MemoryDrops {
  const found = new MemoryDrops();
  found.scan(parserCalico.create(options.parse(settings), testContext()), Buffer.from(text));
  return found;
}

describe("a log of Calico's", () => {
  const lines = (...prefixes: readonly string[]) => prefixes.map((prefix, i) => `${line(prefix, 80 + i)}\n`).join("");

  it("tells of answers to logged connections, which are counted and are no drops", () => {
    const text = lines("calico-packet: ", "calico-packet-est: ", "calico-packet-rst: ", "calico-packet-icmp-err: ");
    const found = scan(text);

    expect(found.drops.map(({ destinationPort }) => destinationPort)).toEqual([80]);
    expect(found.otherReasons).toEqual(["follow-up", "follow-up", "follow-up"]);
  });

  it("is read with one policy a line, however many there are", () => {
    const names = Array.from({ length: 40 }, (_, i) => `shop/p${i}`);
    const found = scan(lines(...names.map((name) => `c ${name}: `)).repeat(3), { logPrefix: "c %p" });

    expect(found.drops.map(({ policy }) => policy)).toEqual(names);
    expect(found.repeats).toBe(80);
  });

  it("names no policy and no verdict by default: a Log rule is not one that drops", () => {
    const [drop] = scan(lines("calico-packet: ")).drops;

    expect(drop).not.toHaveProperty("policy");
    expect(drop).not.toHaveProperty("verdict");
  });

  it("does not believe a process that writes Calico's prefix", () => {
    const found = scan(lines("calico-packet: ").replace(" kernel:", " evil[7]:"));

    expect([found.drops, found.otherReasons]).toEqual([[], ["not-kernel"]]);
  });
});
