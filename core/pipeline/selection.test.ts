import { describe, expect, it } from "vitest";
import { whenSchema } from "../config/when.ts";
import type { DropReport } from "../model/drop-report.ts";
import type { Endpoint } from "../model/endpoint.ts";
import { dropReport, packetDrop } from "../testkit/drops.ts";
import { selection } from "./selection.ts";

const web: Endpoint = {
  kind: "pod",
  address: "10.0.0.7",
  displayName: "shop",
  name: "web-7d9c",
  namespace: "shop",
  workload: { kind: "Deployment", name: "web" },
};
const db: Endpoint = { kind: "pod", address: "10.0.0.9", displayName: "data", name: "db-0", namespace: "data" };
const agent: Endpoint = { ...web, name: "agent-x", namespace: "monitoring", hostNetwork: true };
const outside: Endpoint = { kind: "address", address: "203.0.113.9", displayName: "203.0.113.9" };

const report = (parts: Partial<DropReport> = {}): DropReport => dropReport({ source: web, destination: db, ...parts });
const drop = (parts: Parameters<typeof packetDrop>[0]): DropReport => report({ drop: packetDrop(parts) });

const rows: readonly (readonly [string, unknown, DropReport, boolean])[] = [
  ["a namespace of the sending end", { namespaces: "shop" }, report(), true],
  ["a namespace of the receiving end", { namespaces: ["other", "data"] }, report(), true],
  ["a namespace of neither end", { namespaces: ["other"] }, report(), false],
  ["part of a namespace, which is not the whole", { namespaces: "sho" }, report(), false],
  ["a glob at the end", { namespaces: "sh*" }, report(), true],
  ["a glob in the middle", { namespaces: "s*o*p" }, report(), true],
  ["a glob whose parts would overlap", { namespaces: "sho*op" }, report(), false],
  ["a glob of nothing but stars", { namespaces: "**" }, report(), true],
  ["any namespace, and there is none", { namespaces: "*" }, report({ source: outside, destination: outside }), false],
  [
    "the namespace of a pod in the node's network",
    { source: { namespaces: "monitoring" } },
    report({ source: agent }),
    false,
  ],
  ["a pod in the node's network as a node", { source: { kinds: "node" } }, report({ source: agent }), true],
  ["a pod in the node's network as a pod", { source: { kinds: "pod" } }, report({ source: agent }), false],
  ["the receiving end only", { destination: { namespaces: "shop" } }, report(), false],
  ["both ends, each its own", { source: { namespaces: "shop" }, destination: { namespaces: "data" } }, report(), true],
  ["a workload by its owner", { workloads: "web" }, report(), true],
  ["a workload by the bare pod's name", { workloads: "db-*" }, report(), true],
  ["a pod's name where an owner is known", { workloads: "web-7d9c" }, report(), false],
  ["a kind", { destination: { kinds: ["host", "address"] } }, report({ destination: outside }), true],
  ["a log prefix", { logPrefixes: "calico-*" }, drop({ logPrefix: "calico-drop:" }), true],
  [
    "a log prefix copied with its trailing space",
    { logPrefixes: "calico-drop: " },
    drop({ logPrefix: "calico-drop:" }),
    true,
  ],
  ["any log prefix, and the rule has none", { logPrefixes: "*" }, drop({ logPrefix: undefined } as object), false],
  ["a prefix with what a regular expression takes for more", { logPrefixes: "a.c" }, drop({ logPrefix: "abc" }), false],
  ["a protocol in lower case", { protocols: ["udp", "tcp"] }, drop({ protocol: "TCP" }), true],
  ["a protocol by its number", { protocols: 132 }, drop({ protocol: "SCTP" }), true],
  ["ICMPv6 in any case", { protocols: "icmpV6" }, drop({ protocol: "ICMPv6" }), true],
  ["another protocol", { protocols: "UDP" }, drop({ protocol: "TCP" }), false],
  ["a port", { ports: [443, 80] }, drop({ destinationPort: 80 }), true],
  ["a range of ports, its ends with it", { ports: "8000-8999" }, drop({ destinationPort: 8999 }), true],
  ["a port beyond a range", { ports: ["8000-8999"] }, drop({ destinationPort: 9000 }), false],
  ["a port where there is none", { ports: "0-65535" }, drop({ destinationPort: undefined } as object), false],
  ["all keys of a match", { namespaces: "shop", protocols: "UDP" }, report(), false],
  ["one match of a list", [{ namespaces: "other" }, { protocols: "TCP" }], report(), true],
  ["what `not` excludes", { namespaces: "shop", not: { ports: 80 } }, drop({ destinationPort: 80 }), false],
  ["what `not` leaves", { namespaces: "shop", not: [{ ports: 81 }, { protocols: "UDP" }] }, report(), true],
  ["`not` alone", { not: { namespaces: "kube-*" } }, report(), true],
];

describe("when", () => {
  it.each(rows)("%s", (_name, when, wanted, fits) => {
    expect(selection(whenSchema.parse(when))(wanted)).toBe(fits);
  });

  it("takes no longer for a glob that a stranger's name almost fits", () => {
    const fits = selection(whenSchema.parse({ logPrefixes: `${"a*".repeat(100)}b` }));
    expect(fits(drop({ logPrefix: "a".repeat(100_000) }))).toBe(false);
  });
});
