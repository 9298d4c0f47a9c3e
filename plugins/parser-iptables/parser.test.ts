/** Scanning chunks: what is told, what is stepped over, and what is said to the person who runs it. */
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../core/testkit/fake-clock.ts";
import { testContext } from "../../core/testkit/test-context.ts";
import { parserIptables } from "./index.ts";
import { MemoryCollector, makeParser, testNow } from "./testdata/parser-under-test.ts";

const drop = (host: string, port: number, second = 10) =>
  `2026-11-20T19:56:${second}.401765+00:00 ${host} kernel: [ 2528.800858] calico-drop: IN=eth0 OUT=eth1 SRC=10.0.0.1 DST=10.0.0.2 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1 DF PROTO=UDP SPT=1 DPT=${port} LEN=40 \n`;
const other = "2026-11-20T19:56:11.000000+00:00 vm kubelet[1432]: nothing of ours\n";
const settings = { prefix: "calico-drop: " };
const room = `${"x".repeat(1200)}\n`;

function watched(options: object) {
  const context = testContext({ clock: new FakeClock(testNow) });
  return { context, parser: makeParser(options, context), collector: new MemoryCollector() };
}

describe("a scan", () => {
  it("tells of each drop in the order of the lines, and makes a record for the first of each flow only", () => {
    const { parser, collector } = watched(settings);
    parser.scan(
      Buffer.from(drop("a", 53) + other + drop("b", 80) + drop("a", 53) + other + drop("a", 53, 59) + room),
      collector,
    );

    expect(collector.told).toHaveLength(4);
    expect(collector.drops.map(({ host, destinationPort }) => [host, destinationPort])).toEqual([
      ["a", 53],
      ["b", 80],
    ]);
    expect(collector.told[3]).toContain(String(Date.parse("2026-11-20T19:56:59.401Z")));
  });

  it("reads a last line without a line break", () => {
    const { parser, collector } = watched(settings);
    parser.scan(Buffer.from(other + drop("a", 53).trimEnd()), collector);

    expect(collector.told).toHaveLength(1);
  });

  it("counts no more than 10,000 packets of a chunk that stand in no line of their own", () => {
    const { parser, collector } = watched(settings);
    const [head = "", message = ""] = drop("a", 53).trimEnd().split("[ 2528.800858] ");
    parser.scan(Buffer.from(`${head}message repeated 8000 times: [ ${message}]\n`.repeat(3)), collector);

    const packets = collector.told.filter((told) => !told.startsWith("other-line"));
    expect(packets).toHaveLength(10_003);
    expect(collector.told.filter((told) => told === "other-line repeats-not-counted")).toHaveLength(2);
  });

  it("reads nothing from an empty chunk", () => {
    const { parser, collector } = watched(settings);
    parser.scan(Buffer.alloc(0), collector);

    expect(collector.told).toEqual([]);
  });

  it("reads a chunk that is a part of a larger buffer", () => {
    const { parser, collector } = watched(settings);
    const padded = Buffer.from(`${drop("hidden", 1)}${drop("a", 53)}${drop("hidden", 1)}`);
    const start = drop("hidden", 1).length;
    parser.scan(new Uint8Array(padded.buffer, padded.byteOffset + start, drop("a", 53).length), collector);

    expect(collector.drops.map(({ host }) => host)).toEqual(["a"]);
  });

  it("follows time over minutes, hosts and prefixes", () => {
    const { parser, collector } = watched({ prefix: ["calico-drop:", "other:"] });
    const lines = [
      drop("a", 1),
      drop("a", 1).replace("19:56", "19:57"),
      drop("b", 1),
      drop("b", 1).replace("calico-drop", "other"),
      drop("b", 1),
    ];
    parser.scan(Buffer.from(lines.join("") + lines.join("") + room), collector);

    const times = collector.told.map((told) => new Date(Number(told.split(" ")[0])).toISOString().slice(14, 16));
    expect(times).toEqual(["56", "57", "56", "56", "56", "56", "57", "56", "56", "56"]);
    expect(collector.drops.map(({ logPrefix }) => logPrefix)).toEqual(["calico-drop:", "other:"]);
  });

  it("resolves a year anew when the clock has moved on", async () => {
    const { context, parser, collector } = watched(settings);
    const line = drop("a", 1).replace("2026-11-20T19:56:10.401765+00:00", "Nov 20 19:56:10");
    parser.scan(Buffer.from(line + line + room), collector);
    await context.clock.advance(365 * 86_400_000);
    parser.scan(Buffer.from(line + line + room), collector);

    const years = collector.told.map((told) => new Date(Number(told.split(" ")[0])).getUTCFullYear());
    expect(years).toEqual([2026, 2026, 2027, 2027]);
  });
});

describe("what is said to people", () => {
  it("names the prefixes of the log when the wanted one has not matched for a minute, once", async () => {
    const { context, parser, collector } = watched({ prefix: "calcio-drop:" });
    const chunk = Buffer.from(drop("a", 1) + drop("a", 1).replace("calico-drop: ", "[UFW BLOCK] "));
    parser.scan(chunk, collector);
    await context.clock.advance(59_000);
    parser.scan(chunk, collector);
    expect(context.logger.lines).toEqual([]);
    await context.clock.advance(2000);
    parser.scan(chunk, collector);
    parser.scan(chunk, collector);

    expect(context.logger.messages("warn")).toEqual([
      'no netfilter line has the prefix "calcio-drop:"; the log has: "calico-drop:", "[UFW BLOCK]". Set "prefix" (IPTABLES_LOG_PREFIX) to what the rule\'s --log-prefix says',
    ]);
  });

  it("says nothing about prefixes once one has matched", async () => {
    const { context, parser, collector } = watched(settings);
    parser.scan(Buffer.from(drop("a", 1)), collector);
    await context.clock.advance(600_000);
    parser.scan(Buffer.from(drop("a", 1).replace("calico-drop", "x")), collector);

    expect(context.logger.lines).toEqual([]);
  });

  it("shows at most ten prefixes of the log, cleaned", async () => {
    const { context, parser, collector } = watched({ prefix: "mine:" });
    const lines = Array.from({ length: 50 }, (_, i) => drop("a", 1).replace("calico-drop:", `p${i}\x1b[31m:`));
    for (let i = 0; i < 10; i++) parser.scan(Buffer.from(lines.slice(5 * i).join("")), collector);
    await context.clock.advance(61_000);
    parser.scan(Buffer.from(lines.join("")), collector);

    const [message = ""] = context.logger.messages("warn");
    expect(message.match(/"p\d+\ufffd\[31m:"/g)).toHaveLength(10);
    expect(message).not.toContain("\x1b");
  });

  it("names layout, sample and remedy when the time layout does not fit, once", () => {
    const { context, parser, collector } = watched({ ...settings, timeLayout: "Jan _2 15:04:05" });
    parser.scan(Buffer.from(drop("a", 1) + drop("a", 1)), collector);

    expect(collector.told).toEqual(["malformed time", "malformed time"]);
    expect(context.logger.messages("error")).toHaveLength(1);
    const [message = ""] = context.logger.messages("error");
    expect(message).toContain('"2026-11-20T19:56:10.401765+00:00 a kernel:');
    expect(message).toContain(
      'the layout "Jan _2 15:04:05" does not fit: mend "timeLayout" (PACKET_DROP_LOG_TIME_LAYOUT)',
    );
  });

  it("asks for a layout when the automatic detection knows no such time", () => {
    const { context, parser, collector } = watched(settings);
    parser.scan(
      Buffer.from(drop("a", 1).replace("2026-11-20T19:56:10.401765+00:00", "20/Nov/2026:19:56:10")),
      collector,
    );

    expect(collector.told).toEqual(["malformed time"]);
    expect(context.logger.messages("error")[0]).toContain('name its form as a Go layout in "timeLayout"');
  });

  it("reads lines of a layout of its own, with spaces", () => {
    const { parser, collector } = watched({ ...settings, timeLayout: "02/Jan/2006 15:04:05.000 -0700" });
    const line = drop("a", 1).replace("2026-11-20T19:56:10.401765+00:00", "20/Nov/2026 20:56:10.123 +0100");
    parser.scan(Buffer.from(line + line + room), collector);

    expect(collector.drops).toMatchObject([{ time: "2026-11-20T19:56:10.123Z", host: "a" }]);
    expect(collector.told).toHaveLength(2);
  });

  it("warns of trust: any when it is made", () => {
    const { context } = watched({ ...settings, trust: "any" });

    expect(context.logger.messages("warn")[0]).toContain("trust: any");
  });
});

it("declares itself as the config names it", () => {
  expect(parserIptables).toMatchObject({ role: "parser", name: "parser-iptables", apiVersion: 1 });
});
