/** Prefixes as Calico makes them of FelixConfiguration's logPrefix, and as much of them as the kernel keeps. */
import { describe, expect, it } from "vitest";
import { options } from "./config.ts";
import { LogPrefix } from "./log-prefix.ts";

const rows = [
  ["Calico's own", "calico-packet", "calico-packet: ", {}],
  ["one without specifiers", "shop firewall", "shop firewall: ", {}],
  ["a policy with its namespace", "calico-packet %p", "calico-packet shop/deny: ", { policy: "shop/deny" }],
  ["a policy of the cluster", "calico-packet %p", "calico-packet deny-all: ", { policy: "deny-all" }],
  ["all specifiers", "%t %k %n %p", "default gnp deny deny: ", { policy: "deny" }],
  ["a name alone", "c %k/%n", "c np/default.deny: ", { policy: "default.deny" }],
  ["a profile, which has no tier", "calico %t %k %p", "calico  pro kns.shop: ", { policy: "kns.shop" }],
  ["a specifier twice", "%n: %n", "a: a: ", { policy: "a" }],
  [
    "a policy that is named like a follow-up",
    "calico-packet %p",
    "calico-packet shop/x-est: ",
    { policy: "shop/x-est" },
  ],
  [
    "what nft keeps",
    "calico-packet %t %k %p",
    `calico-packet default np ${"n".repeat(60)}/deny-all: `,
    { policy: `${"n".repeat(60)}/deny-all` },
  ],
  ["a policy cut by iptables", "calico-packet %t %k %p", "calico-packet default np shop/", { policy: "shop/…" }],
  ["a policy cut to the byte", "calico-packet %p", "calico-packet shop/deny-all12", { policy: "shop/deny-all12…" }],
  ["a policy whose colon was cut", "calico-packet %p end", "calico-packet shop/deny-al en", { policy: "shop/deny-al" }],
  [
    "a prefix cut before the policy",
    "calico-packet-of-this-cluster %p",
    "calico-packet-of-this-cluster".slice(0, 29),
    {},
  ],
  ["a follow-up", "calico-packet", "calico-packet-est: ", { noDrop: "follow-up" }],
  ["a reset", "calico-packet", "calico-packet-rst: ", { noDrop: "follow-up" }],
  ["an ICMP error", "calico-packet", "calico-packet-icmp-err: ", { noDrop: "follow-up" }],
  ["a follow-up of a prefix with specifiers", "calico-packet %t %k %p", "calico-packet-est: ", { noDrop: "follow-up" }],
  ["the same where spaces were left", "calico-packet %k %p", "calico-packet  -rst: ", { noDrop: "follow-up" }],
  ["a follow-up of specifiers only", "%p", "-icmp-err: ", { noDrop: "follow-up" }],
  [
    "a follow-up that was cut to fit",
    "calico-packet-of-this-cluster",
    "calico-packet-of-this-clu-est",
    { noDrop: "follow-up" },
  ],
] as const;

const others = [
  ["another prefix", "calico-packet", "calico-drop: "],
  ["a longer one", "calico-packet", "calico-packets: "],
  ["one with more in front", "calico-packet", "x calico-packet: "],
  ["no prefix", "calico-packet %p", ""],
  ["a short prefix that ends early", "calico-packet %p", "calico-packet"],
  ["a kind with a policy's letters", "%k", "Shop: "],
] as const;

describe("a log prefix", () => {
  it.each(rows)("is read: %s", (_, written, bytes, meaning) => {
    expect(new LogPrefix(written).read(bytes)).toEqual(meaning);
  });

  it.each(rows)("is found by its needle: %s", (_, written, bytes) => {
    expect(bytes).toContain(new LogPrefix(written).needle ?? "");
  });

  it.each(others)("is none: %s", (_, written, bytes) => {
    expect(new LogPrefix(written).read(bytes)).toBeUndefined();
  });

  it("may be typed with the colon that Calico adds", () => {
    expect(new LogPrefix("calico-packet: ").read("calico-packet: ")).toEqual({});
  });

  it.each(["", ": ", 'a"b', "é", "x".repeat(128), "%k%n", "%n-%p"])("cannot be %j", (logPrefix) => {
    expect(options.safeParse({ logPrefix }).success).toBe(false);
  });
});
