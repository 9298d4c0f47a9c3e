/** The fast road must never give another result than the full parse: whole fixtures, mutated lines, random packets. */
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PacketScanner } from "../../core/netfilter/packet-scanner.ts";
import { RepeatScanner } from "../../core/netfilter/repeat-scanner.ts";
import { UsualPacket } from "../../core/netfilter/usual-packet.ts";
import { FlowKey, type PacketDrop } from "../../core/plugin/index.ts";
import { packetLine, packets } from "./testdata/packet-grammar.ts";
import { MemoryCollector, makeParser, type TestParser, testNow } from "./testdata/parser-under-test.ts";

const usual =
  "2026-11-20T19:56:42.401765+00:00 node-1 kernel: [ 2528.800858] calico-drop: IN=cali1 OUT=eth0 MAC=02:00:00:00:0a:02:02:00:00:00:0a:01:08:00 SRC=10.77.1.2 DST=10.77.2.2 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=50301 DF PROTO=TCP SPT=36084 DPT=80 WINDOW=64240 RES=0x00 SYN URGP=0 ";
const usualLines: readonly string[] = [
  usual,
  usual.replace("[ 2528.800858] ", ""),
  usual.replace("2026-11-20T19:56:42.401765+00:00", "Nov 20 19:56:42"),
  usual.replace("node-1 kernel: [ 2528.800858] ", "node-1 "),
  usual.replace(/PROTO=.*/, "PROTO=UDP SPT=1 DPT=65535 LEN=40 "),
  usual.replace(/PROTO=.*/, "PROTO=UDP SPT=1 DPT=65535 LEN=40 MARK=0x10000 "),
  usual.replace(/PROTO=.*/, "PROTO=ICMP TYPE=8 CODE=0 ID=7777 SEQ=1 "),
  usual.replace("OUT=eth0", "OUT=br0 PHYSIN=vethab PHYSOUT=eth1"),
  usual.replace("OUT=eth0", "OUT=br0 PHYSOUT=eth1"),
  usual.replace(/IN=cali1 OUT=eth0 MAC=\S+/, "IN= OUT=eth0"),
  usual.replace(/MAC=\S+/, "MAC="),
  usual.replace(
    /08:00 SRC.*PROTO/,
    "86:dd SRC=fd77:0001:0000:0000:0000:0000:0000:0002 DST=fd77:0002:0000:0000:0000:0000:0000:0002 LEN=80 TC=0 HOPLIMIT=63 FLOWLBL=195796 PROTO",
  ),
];

/** The fast road reads ahead; at the end of a chunk it goes on in a copy, which this keeps away. */
const tail = `${"x".repeat(1100)}\n`;

/** Wants the record of each packet, as if it were the first of its flow. */
class EveryRecord extends MemoryCollector {
  override repeat(timeMillis: number): boolean {
    super.repeat(timeMillis);
    return false;
  }
}

/** What one scan of `text`, seen `times` times in a row so that its shape is known, tells of it. */
function scanKnown(text: Buffer, settings: object, behind = tail): { told: string[]; drops: PacketDrop[] } {
  const parser = makeParser(settings);
  const collector = new EveryRecord();
  const chunk = Buffer.concat([text, text, Buffer.from(behind)]);
  parser.scan(chunk, collector);
  return collector;
}

/** The same from the full parse of each line. */
function parseEach(text: Buffer, settings: object): { told: string[]; drops: PacketDrop[] } {
  const parser = makeParser(settings);
  const collector = new EveryRecord();
  for (const line of `${text.toString("latin1")}${text.toString("latin1")}`.split("\n")) {
    const result = parser.parseBytes(Buffer.from(line, "latin1"));
    if (result.kind === "malformed") collector.malformed(result.reason);
    // A scan never looks at a line that cannot hold a packet, so it counts no martians.
    else if (result.kind === "other-line") tellReason(collector, result.reason);
    else if (result.kind === "drop") {
      expect(collector.flow.fill(result.drop)).toBe(true);
      if (!collector.repeat(Math.floor(Date.parse(result.drop.time)))) collector.first(result.drop);
    }
  }
  return collector;
}

function tellReason(collector: MemoryCollector, reason: string | undefined): void {
  if (reason !== undefined && reason !== "martian") collector.otherLine(reason);
}

/** The same from a scan whose fast road is closed. */
function scanSlowly(text: Buffer, settings: object): MemoryCollector {
  const parser = makeParser(settings);
  scannerOf(parser).run = (_bytes, _view, start) => start;
  const collector = new EveryRecord();
  parser.scan(Buffer.concat([text, text, Buffer.from(tail)]), collector);
  return collector;
}

function scannerOf(parser: TestParser): RepeatScanner {
  const { repeats } = parser as unknown as { readonly repeats: RepeatScanner };
  expect(repeats).toBeInstanceOf(RepeatScanner);
  return repeats;
}

function expectSame(text: Buffer, settings: object): void {
  const parsed = parseEach(text, settings);
  for (const behind of [tail, ""]) {
    const scanned = scanKnown(text, settings, behind);

    expect(scanned.told).toEqual(parsed.told);
    expect(scanned.drops).toEqual(parsed.drops);
  }
}

const wanted = { prefix: ["calico-drop: ", "[UFW BLOCK] "] };
const folder = new URL("testdata/", import.meta.url);
const textFixtures = [
  ...readdirSync(folder).filter((name) => name.endsWith(".log")),
  ...readdirSync(new URL("framing/", folder)).map((name) => `framing/${name}`),
];

describe("the repeat scanner", () => {
  it.each(usualLines)("takes the fast road for %s", (line) => {
    const bytes = Buffer.from(`${line}\n`.repeat(3) + tail);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const parser = makeParser(wanted);
    const collector = new MemoryCollector();
    parser.scan(bytes.subarray(0, line.length + 1), collector);

    expect(scannerOf(parser).run(bytes, view, 0, collector)).toBe(3 * (line.length + 1));
  });

  it("takes the fast road to the last line of a chunk, and leaves a line without an end", () => {
    const bytes = Buffer.from(`${usual}\n`.repeat(8));
    const parser = makeParser(wanted);
    const collector = new MemoryCollector();
    parser.scan(bytes, collector);
    const cut = bytes.subarray(0, -1);

    expect(scannerOf(parser).run(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, collector)).toBe(
      bytes.length,
    );
    expect(scannerOf(parser).run(cut, new DataView(cut.buffer, cut.byteOffset, cut.length), 0, collector)).toBe(
      bytes.length - usual.length - 1,
    );
  });

  it.each(usualLines)("makes the record of %s without reading the packet again as text", (line) => {
    const bytes = Buffer.from(`${line}\n${tail}`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const scanner = new PacketScanner();
    const words = new Uint32Array(10);
    const packetAt = line.indexOf("IN=");
    const next = scanner.read(view, packetAt, words);
    const usual = new UsualPacket(scanner.places);

    expect(usual.read({ bytes, view, start: 0, packetAt, end: next - 1 }, words)).toBe(true);
  });

  it.each(textFixtures)("tells of %s what the full parse tells", (name) => {
    const text = readFileSync(new URL(name, folder));

    expectSame(text.at(-1) === 0x0a ? text : Buffer.concat([text, Buffer.from("\n")]), {});
  });

  it("tells of mutated lines what the full parse tells, without a wanted prefix and with two", () => {
    const mutation = fc.record({
      line: fc.constantFrom(...usualLines),
      at: fc.nat(400),
      remove: fc.nat(3),
      insert: fc.oneof(
        fc.constantFrom(
          "",
          " ",
          "\n",
          "\r",
          "=",
          "0",
          "9",
          "a",
          "IN=",
          " IN=x OUT=y ",
          "/",
          "\\x0a",
          "\\xc3",
          "[",
          "]",
          ":",
          ".",
          "\t",
          "\xa0",
          "\x7f",
          "\0",
          " SYN",
          "RES=0x00 ",
          "CODE=9 ",
          "CODE=256 ",
          "MARK=0xff00 ",
          "UID=1000 ",
          "LEN=4 ",
          "TTL=9 ",
          "TYPE=3 ",
          "OPT (0204) ",
          "SPT=7 ",
          "[SRC=10.1.1.1 DST=10.1.1.2 ] ",
          "4294967296",
        ),
        fc.string({ maxLength: 2 }),
      ),
    });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), fc.boolean(), (mutations, all) => {
        const lines = mutations.flatMap(({ line, at, remove, insert }) => {
          const place = at % line.length;
          return [line, line.slice(0, place) + insert + line.slice(place + remove), line];
        });
        const text = Buffer.from(`${lines.join("\n")}\n`, "latin1");
        const settings = all ? {} : wanted;
        const fast = scanKnown(text, settings);
        const slow = scanSlowly(text, settings);

        expect(fast.told).toEqual(slow.told);
        expect(fast.drops).toEqual(slow.drops);
        // Judged one by one, lines are not held against each other; believing all makes both the same.
        expectSame(text, { ...settings, trust: "any" });
      }),
      { numRuns: 500 },
    );
  });

  it("writes the flow that FlowKey.fill makes of the full drop", () => {
    const key = new FlowKey();
    fc.assert(
      fc.property(packets, (packet) => {
        const framing = "2026-11-20T19:56:42.401765+00:00 node-1 kernel: [ 2528.800858] ";
        const line = `${framing}${packetLine(packet)}\n`;
        const scanned = scanKnown(Buffer.from(line), {});
        const parsed = makeParser().parseBytes(Buffer.from(line.slice(0, -1)));
        if (parsed.kind !== "drop") throw new Error(`${parsed.kind}: ${line}`);

        expect(key.fill(parsed.drop)).toBe(true);
        const told = `${Date.parse("2026-11-20T19:56:42.401Z")} ${[...key.words].join(",")}`;
        expect(scanned.told).toEqual([told, told]);
      }),
      { numRuns: 500 },
    );
  });

  it("keeps nothing of a chunk that the source writes over", () => {
    const parser = makeParser(wanted);
    const collector = new MemoryCollector();
    const chunk = Buffer.from(`${usual}\n`.repeat(5) + tail);
    const kept = Buffer.from(chunk);
    for (let i = 0; i < 3; i++) {
      kept.copy(chunk);
      parser.scan(chunk, collector);
      chunk.fill(0x41);
    }

    expect(new Set(collector.told).size).toBe(1);
    expect(collector.told).toHaveLength(15);
    expect(collector.drops).toHaveLength(1);
    expect(Date.parse(collector.drops[0]?.time ?? "")).toBeLessThan(testNow);
  });
});
