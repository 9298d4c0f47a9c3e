/** Lines that a real ulogd wrote (testdata/README.md), in both of its forms. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { PacketDrop } from "../../core/plugin/index.ts";
import { MemoryDrops } from "../../core/testkit/index.ts";
import { testContext } from "../../core/testkit/test-context.ts";
import { options } from "./config.ts";
import { parserUlogd } from "./index.ts";

function lines(name: string): readonly string[] {
  return readFileSync(new URL(`testdata/${name}`, import.meta.url), "utf8")
    .trimEnd()
    .split("\n");
}

function make(settings: object) {
  const parser = parserUlogd.create(options.parse(settings), testContext());
  if (!("scan" in parser) || parser.parseBytes === undefined) throw new Error("the parser has no parseBytes");
  return parser;
}

function scan(name: string, settings: object = { timeZone: "UTC" }): MemoryDrops {
  const found = new MemoryDrops();
  found.scan(make(settings), Buffer.from(`${lines(name).join("\n")}\n`));
  return found;
}

function drops(name: string): readonly PacketDrop[] {
  const parser = make({ timeZone: "UTC" });
  return lines(name).map((line) => {
    const result = parser.parseBytes?.(Buffer.from(line));
    if (result?.kind !== "drop") throw new Error(`no drop: ${line}`);
    return result.drop;
  });
}

const logemu = drops("logemu.log");
const json = drops("json.log");

describe("ulogd's two forms", () => {
  it.each(logemu.map((drop, i) => [i + 1, drop.logPrefix, drop] as const))(
    "tell the same: line %i, %s",
    (line, _, drop) => {
      const other = json[line - 1];
      const { time, host, ...fields } = drop;
      // What only one of the forms has: decimals, the machine's name.
      const { time: exactTime = "", ...otherFields } = other ?? {};

      expect(host).toBe("vm");
      expect(exactTime.replace(/\.\d{6}Z$/, "Z")).toBe(time);
      expect(exactTime).toMatch(/\.\d{6}Z$/);
      expect(otherFields).toEqual(fields);
    },
  );

  it("tell all that is in a packet", () => {
    expect(json[2]).toEqual({
      time: "2026-11-20T19:58:59.124202Z",
      logPrefix: "klu-tcp",
      inInterface: "klra0",
      outInterface: "klrb0",
      sourceMac: "02:00:00:00:0a:01",
      destinationMac: "02:00:00:00:0a:02",
      etherType: "0800",
      ipVersion: 4,
      sourceAddress: "10.77.1.2",
      destinationAddress: "10.77.2.2",
      protocol: "TCP",
      sourcePort: 49018,
      destinationPort: 80,
      tcpFlags: ["SYN"],
      length: 60,
      ttl: 63,
      mark: "0x1a0000",
    });
  });
});

describe("k3s' rules, which log a packet more than once", () => {
  const flows = [
    ["10.66.1.2", 80],
    ["10.66.1.2", 53],
    ["fd66::2", 80],
    ["fd66::2", 53],
  ];

  it.each(["k3s-logemu.log", "k3s-json.log"])("are counted once a packet: %s", (name) => {
    const found = scan(name, { timeZone: "Europe/Berlin" });

    expect(found.drops.map((drop) => [drop.destinationAddress, drop.destinationPort])).toEqual(flows);
    expect(found.drops.map(({ policy, verdict }) => [policy, verdict])).toEqual(
      flows.map(() => ["shop/deny-all", "DROP"]),
    );
    // Two connections and three datagrams, over each of IPv4 and IPv6.
    expect(found.flows).toHaveLength(10);
    expect(found.otherReasons).toEqual(new Array(14).fill("same-packet"));
    expect(found.drops[0]?.time).toMatch(/^2026-11-21T07:08:30/);
  });

  it.each(["k3s-logemu.log", "k3s-json.log"])(
    "are counted by the rule without a prefix where the policy's was silent: %s",
    (name) => {
      const found = new MemoryDrops();
      const silent = lines(name).filter((line) => !line.includes("DROP by policy"));
      found.scan(make({ timeZone: "Europe/Berlin" }), Buffer.from(silent.join("\n")));

      expect(found.flows).toHaveLength(10);
      expect(found.drops[0]).not.toHaveProperty("policy");
    },
  );

  it("are told apart when several processors log at the same time", () => {
    const found = new MemoryDrops();
    const written = lines("k3s-logemu.log");
    const byRule = [0, 1, 2].flatMap((rule) => [written[rule], written[rule + 3]]);
    found.scan(make({ timeZone: "Europe/Berlin" }), Buffer.from(byRule.join("\n")));

    expect([found.flows.length, found.otherReasons.length]).toEqual([2, 4]);
  });

  it("are one policy's only when the config names it", () => {
    const found = scan("k3s-json.log", { prefix: "DROP by policy shop/other" });

    expect(found.drops.map(({ policy, destinationPort }) => [policy, destinationPort])).toEqual([
      ["shop/other", 80],
      ["shop/other", 80],
    ]);
    expect(found.otherReasons).toEqual([]);
  });

  it("are read in the form for Logstash too", () => {
    const found = scan("eventv1-json.log");

    expect(found.drops.map(({ time, policy }) => [time, policy])).toEqual([
      ["2026-11-21T07:08:30.238111Z", "shop/deny-all"],
    ]);
  });
});
