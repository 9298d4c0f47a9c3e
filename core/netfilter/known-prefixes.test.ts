/** What known products' prefixes say, as their sources print them (notes of each row in known-prefixes.ts). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { knownPrefixes, meaningOf } from "./known-prefixes.ts";

const drops = [
  ["k3s", "DROP by policy shop/deny-all", { verdict: "DROP", policy: "shop/deny-all" }],
  ["Antrea, a drop", "Antrea:I:Drop:default-drop:", { verdict: "DROP", policy: "default-drop" }],
  ["Antrea, a reject without a label", "Antrea:O:Reject::", { verdict: "REJECT" }],
  ["Weave", "Connection dropped by Weave NPC (see: bit.ly/2eNRyDF)", { verdict: "DROP" }],
  ["UFW, which does not say how it blocks", "[UFW BLOCK]", {}],
  ["UFW's limit", "[UFW LIMIT BLOCK]", {}],
  ["firewalld's last rule", "FINAL_REJECT:", { verdict: "REJECT" }],
  ["firewalld, an invalid state", "STATE_INVALID_DROP:", { verdict: "DROP" }],
  ["firewalld's reverse path filter", "rpfilter_DROP:", { verdict: "DROP" }],
  ["firewalld, RFC 3964", "RFC3964_IPv4_REJECT:", { verdict: "REJECT" }],
  ["a firewalld zone", "filter_IN_public_REJECT:", { verdict: "REJECT", policy: "public" }],
  ["Shorewall", "Shorewall:net-fw:DROP:", { verdict: "DROP", policy: "net-fw" }],
  ["Shorewall with a rule's number", "Shorewall:net-fw:7:REJECT:", { verdict: "REJECT", policy: "net-fw" }],
  ["Shorewall 5.1's samples", "net-fw DROP", { verdict: "DROP" }],
  ["OpenWrt fw4", "drop wan in:", { verdict: "DROP" }],
  ["OpenWrt fw4, an invalid state", "drop wan invalid ct state:", { verdict: "DROP" }],
  ["OpenWrt fw3", "REJECT(src wan)", { verdict: "REJECT", policy: "wan" }],
  ["SuSEfirewall2", "SFW2-INext-DROP-DEFLT", { verdict: "DROP", policy: "INext" }],
  ["VyOS", "[WAN_LOCAL-default-D]", { verdict: "DROP", policy: "WAN_LOCAL" }],
  ["VyOS, a numbered rule", "[ipv4-NAM-IN-2001-R]", { verdict: "REJECT", policy: "ipv4-NAM-IN" }],
  ["Calico's Log action, which is no verdict", "calico-packet:", {}],
] as const;

const others = [
  ["Antrea, allowed", "Antrea:I:Allow:web:"],
  ["UFW, allowed", "[UFW ALLOW]"],
  ["UFW, audited", "[UFW AUDIT]"],
  ["UFW, audited because invalid", "[UFW AUDIT INVALID]"],
  ["Shorewall, accepted", "Shorewall:fw-net:ACCEPT:"],
  ["Shorewall 5.1, accepted", "fw-net ACCEPT"],
  ["OpenWrt fw4, accepted", "accept lan forward:"],
  ["OpenWrt fw3, accepted", "ACCEPT(src lan)"],
  ["SuSEfirewall2, accepted", "SFW2-INext-ACC-TCP"],
  ["VyOS, accepted", "[RULE_IN-2001-A]"],
] as const;

const nobodys = [
  "",
  "calico-drop:",
  "iptables dropped:",
  "drop",
  "my DROP by policy shop/deny",
  "[policy-A]",
  "[UFW ALLOW",
  "x Antrea:I:Allow:web:",
  "DROP by policy",
];

describe("a known prefix", () => {
  it.each(drops)("of %s says so", (_, prefix, meaning) => expect(meaningOf(prefix)).toEqual(meaning));

  it.each(others)("of %s is no drop's", (_, prefix) => expect(meaningOf(prefix)).toEqual({ noDrop: "not-drop" }));

  it.each(["est", "rst", "icmp-err"])("of Calico tells of an answer: -%s", (suffix) => {
    expect(meaningOf(`calico-packet-${suffix}:`)).toEqual({ noDrop: "follow-up" });
  });

  it.each(nobodys)("is not %j", (prefix) => expect(meaningOf(prefix)).toEqual({}));

  it("has a row above for each product of the table", () => {
    const prefixes = [...drops, ...others].map(([, prefix]) => prefix);
    const unproven = knownPrefixes.filter(({ form }) => !prefixes.some((prefix) => form.test(prefix)));
    expect(unproven.map(({ product }) => product)).toEqual(["Calico"]);
  });

  it("is told from a thousand characters in no time", () => {
    const word = fc.constantFrom("[", "-1", "-default", "DROP by policy ", "filter_IN_", "_DROP", ":1", "a", " ");
    fc.assert(
      fc.property(fc.array(word, { maxLength: 300 }), (words) => {
        const meaning = meaningOf(words.join(""));
        expect(Object.keys(meaning).length).toBeLessThanOrEqual(2);
      }),
    );
  });
});
