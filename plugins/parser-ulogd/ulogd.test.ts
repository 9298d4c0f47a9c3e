/** What is in ulogd's files beside plain packets, and what is said to the person who runs it. */
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../core/testkit/fake-clock.ts";
import { MemoryDrops, type ParserSubject, parserChecks } from "../../core/testkit/index.ts";
import { testContext } from "../../core/testkit/test-context.ts";
import { options } from "./config.ts";
import { parserUlogd } from "./index.ts";

const packet =
  "IN=klra0 OUT=klrb0 MAC=02:00:00:00:0a:02:02:00:00:00:0a:01:08:00 SRC=10.77.1.2 DST=10.77.2.2 LEN=60 TOS=00 PREC=0x00 TTL=63 ID=46943 DF PROTO=UDP SPT=53318 DPT=53 LEN=40 MARK=0x0 ";
const logemu = (prefix: string, host = "vm") => `Nov 20 19:58:59 ${host} ${prefix} ${packet}`;
const fields = {
  timestamp: "2026-11-20T19:58:59.090203",
  dvc: "Netfilter",
  "oob.prefix": "klu-drop: ",
  "oob.time.sec": 1795204739,
  "oob.time.usec": 90203,
  "oob.hook": 2,
  "oob.family": 2,
  "oob.protocol": 2048,
  "ip.protocol": 17,
  "ip.ttl": 63,
  "ip.totlen": 60,
  "ip.fragoff": 16384,
  src_port: 53318,
  dest_port: 53,
  "oob.in": "klra0",
  "oob.out": "",
  src_ip: "10.77.1.2",
  dest_ip: "10.77.2.2",
};
const json = (changes: object = {}) => JSON.stringify({ ...fields, ...changes });

const subject: ParserSubject = {
  definition: parserUlogd,
  startPartner: () => ({ options: { prefix: ["klu-drop: ", "DROP by policy shop/deny"], timeZone: "UTC" } }),
  drops: [
    { line: logemu("klu-drop: "), drop: { host: "vm", logPrefix: "klu-drop:", destinationPort: 53 } },
    {
      line: logemu("DROP by policy shop/deny").replace("ID=46943", "ID=46944"),
      drop: { policy: "shop/deny", verdict: "DROP" },
    },
    {
      line: json({ src_ip: "fd77:1::2", dest_ip: "fd77:2::2", "oob.protocol": 34525, dest_port: 80 }),
      drop: { ipVersion: 6, sourceAddress: "fd77:1::2", destinationPort: 80, time: "2026-11-20T19:58:59.090203Z" },
    },
  ],
  otherLines: ["", "Nov 20 19:58:59 vm nothing of ours", logemu("another:"), json({ "oob.prefix": "another: " }), "{}"],
  malformed: [
    logemu("klu-drop: ").replace("10.77.2.2", "10.77.2.999"),
    json({ dest_ip: "10.77.2.999" }),
    json({ dest_port: 65536 }),
    json({ "ip.protocol": 256 }),
    json({ "oob.time.sec": undefined, timestamp: "yesterday" }),
    json().slice(0, -20),
  ],
};

describe("parser-ulogd as a parser", () => {
  for (const { name, run } of parserChecks(subject)) it(name, run);
});

const now = Date.parse("2026-11-20T20:00:00Z");

function scan(lines: readonly string[], settings: object = { timeZone: "UTC" }) {
  const context = testContext({ clock: new FakeClock(now) });
  const found = new MemoryDrops();
  const parser = parserUlogd.create(options.parse(settings), context);
  const read = (more: readonly string[]) => found.scan(parser, Buffer.from(`${more.join("\n")}\n`));
  read(lines);
  return { found, context, read };
}

describe("a file of ulogd's", () => {
  it("has prefixes of any kind, since no tag stands in front of them", () => {
    const prefixes = ["", "web: deny all", "[UFW BLOCK]", "net-fw DROP", "kernel", "Antrea:I:Drop:x:"];
    const { found } = scan(prefixes.map((prefix, i) => logemu(prefix).replace("DPT=53", `DPT=${i}`)));

    expect(found.drops.map(({ logPrefix }) => logPrefix ?? "")).toEqual(prefixes);
    expect(found.drops.map(({ host }) => host)).toEqual(prefixes.map(() => "vm"));
  });

  it("may be syslog's, with ulogd's tag; who has another tag is then not believed", () => {
    const syslog = (tag: string, port: number) =>
      `Nov 20 19:58:59 vm ${tag}: klu-drop:  ${packet.replace("DPT=53", `DPT=${port}`)}`;
    const { found } = scan([syslog("ulogd[788]", 1), syslog("ulogd", 2), syslog("evil[7]", 3), syslog("evil", 4)]);

    expect(found.drops.map(({ logPrefix, destinationPort }) => [logPrefix, destinationPort])).toEqual([
      ["klu-drop:", 1],
      ["klu-drop:", 2],
    ]);
    expect(found.otherReasons).toEqual(["not-kernel", "not-kernel"]);
  });

  // What ulogd 2.0.8's SYSLOG sent for k3s' rules, facility daemon; a syslogd puts the host in.
  it.each(["<29>Nov 21 08:34:29 ", "<29>Nov 21 08:34:29 vm ", "2026-11-21T08:34:29.1+00:00 vm "])(
    "may be syslog's in each of its forms: %s",
    (start) => {
      const prefixes = ["DROP by policy shop/deny-all", "DROP by policy shop/other", ""];
      const { found } = scan(prefixes.map((prefix) => `${start}ulogd[14737]: ${prefix} ${packet}`));

      expect(found.drops).toMatchObject([{ policy: "shop/deny-all" }]);
      expect(found.otherReasons).toEqual(["same-packet", "same-packet"]);
    },
  );

  it("may come through a container's log", () => {
    const inDocker = JSON.stringify({ log: `${json()}\n`, stream: "stdout", time: "2026-11-20T19:59:00Z" });
    const { found } = scan([`2026-11-20T19:59:00.1Z stdout F ${json({ dest_port: 1 })}`]);

    expect(found.drops).toMatchObject([{ destinationPort: 1, time: "2026-11-20T19:58:59.090203Z" }]);
    expect(scan([inDocker]).found.drops).toMatchObject([{ destinationPort: 53 }]);
  });

  it("tells of what is no dropped IP packet: counted by reason", () => {
    const { found } = scan([
      json({ "oob.protocol": 2054, src_ip: undefined }),
      json({ "oob.protocol": 35_020, src_ip: undefined }),
      json({ action: "allowed" }),
      json({ "oob.prefix": "[UFW AUDIT] " }),
      logemu("[UFW ALLOW]"),
    ]);

    expect(found.drops).toEqual([]);
    expect(found.otherReasons).toEqual(["arp", "not-ip", "not-drop", "not-drop", "not-drop"]);
  });

  it("is believed about addresses in text only, and about its device's name", () => {
    const { found } = scan([json({ "ip.saddr": "253.119.0.1", dvc: "node-7", action: "blocked" })]);

    expect(found.drops).toMatchObject([{ sourceAddress: "10.77.1.2", host: "node-7" }]);
    expect(found.drops[0]).not.toHaveProperty("verdict");
  });

  it("has a fragment's offset without the packet's flags", () => {
    const { found } = scan([json({ "ip.fragoff": 0x2000 + 185, src_port: undefined, dest_port: undefined })]);

    expect(found.drops).toMatchObject([{ fragmentOffset: 1480 }]);
  });
});

describe("what is said to people", () => {
  const berlin = logemu("klu-drop:").replace("19:58:59", "20:59:59");

  it("names the zone that is missing when LOGEMU's times have not come yet, once", () => {
    const { context, read } = scan([berlin], {});
    read([berlin]);

    expect(context.logger.messages("error")).toHaveLength(1);
    expect(context.logger.messages("error")[0]).toMatch(
      /times like "Nov 20 20:59:59" name no zone; read as \S+, this process's zone, they are \S+ (ahead of|behind) the clock.*set "timeZone"/,
    );
  });

  it("says nothing of zones when the config names one, or JSON needs none", () => {
    expect(scan([berlin]).context.logger.lines).toEqual([]);
    expect(scan([json({ timestamp: "2026-11-20T20:58:59.090203" })], {}).context.logger.lines).toEqual([]);
  });

  it.each([
    ["LOGEMU", logemu("deny of klu-drop: ")],
    ["JSON", json({ "oob.prefix": "deny of klu-drop: " }).replaceAll('":', '": ')],
  ])("names the prefixes that the file has when the wanted one never comes: %s", async (_, line) => {
    const { context, read } = scan([line], { prefix: "DROP by policy shop/x", timeZone: "UTC" });
    await context.clock.advance(61_000);
    read([line]);

    expect(context.logger.messages("warn")).toEqual([
      `no netfilter line has the prefix "DROP by policy shop/x"; the log has: "deny of klu-drop:". Set "prefix" to what the rule's --nflog-prefix says`,
    ]);
  });

  it("names IP2STR when JSON has no addresses, once", () => {
    const { found, context } = scan([
      json({ src_ip: undefined, dest_ip: undefined }),
      json({ src_ip: undefined, dest_ip: undefined }),
    ]);

    expect(found.malformedReasons).toEqual(["address", "address"]);
    expect(context.logger.messages("error")).toEqual([
      expect.stringContaining("put the filter IP2STR in front of JSON"),
    ]);
  });
});
