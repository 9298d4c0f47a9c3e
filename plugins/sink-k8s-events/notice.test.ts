import { describe, expect, it } from "vitest";
import type { Endpoint, PacketDrop } from "../../core/plugin/index.ts";
import { dropReport, packetDrop } from "../../core/testkit/drops.ts";
import { combinedMessage, noticesOf } from "./notice.ts";

const web: Endpoint = {
  kind: "pod",
  address: "10.0.0.7",
  displayName: "shop",
  name: "web",
  namespace: "shop",
  uid: "u1",
};
const bank: Endpoint = {
  kind: "pod",
  address: "10.0.0.9",
  displayName: "bank",
  name: "db",
  namespace: "bank",
  uid: "u2",
};
const outside: Endpoint = { kind: "address", address: "192.0.2.1", displayName: "192.0.2.1" };

const both = { sides: "both", namePolicy: true } as const;

const bare: PacketDrop = {
  time: "2026-11-20T20:00:00Z",
  ipVersion: 4,
  sourceAddress: "10.0.0.7",
  destinationAddress: "10.0.0.9",
};

describe("what a drop says", () => {
  const rows: readonly { name: string; drop: Partial<PacketDrop>; ending: string }[] = [
    {
      name: "the destination port and protocol",
      drop: { protocol: "TCP", destinationPort: 80 },
      ending: " on port 80/TCP",
    },
    { name: "the port of a UDP packet", drop: { protocol: "UDP", destinationPort: 53 }, ending: " on port 53/UDP" },
    {
      name: "type and code of an ICMP packet, which has no port",
      drop: { protocol: "ICMP", icmpType: 8, icmpCode: 0 },
      ending: " over ICMP type 8 code 0",
    },
    {
      name: "nothing of the packet inside an ICMP error",
      drop: { protocol: "ICMP", icmpType: 3, icmpCode: 1, embedded: packetDrop() },
      ending: " over ICMP type 3 code 1",
    },
    { name: "only the protocol of GRE", drop: { protocol: "GRE" }, ending: " over GRE" },
    {
      name: "that a later fragment has no port",
      drop: { protocol: "UDP", fragmentOffset: 1480 },
      ending: " over UDP (fragment without a port)",
    },
    {
      name: "the policy, where it is known",
      drop: { protocol: "TCP", destinationPort: 80, verdict: "DROP", policy: "shop/deny-all" },
      ending: " on port 80/TCP (policy shop/deny-all)",
    },
    {
      name: "nothing where the line says nothing",
      drop: {},
      ending: "",
    },
  ];
  for (const { name, drop, ending } of rows) {
    it(`is ${name}`, () => {
      const report = dropReport({ drop: { ...bare, ...drop }, source: web, destination: bank });
      expect(noticesOf(report, both).map(({ message }) => message)).toEqual([
        `Packet dropped when sending traffic to bank (10.0.0.9)${ending}`,
        `Packet dropped when receiving traffic from shop (10.0.0.7)${ending}`,
      ]);
    });
  }

  it("is kube-iptables-tailer's sentence to the letter where the config wants no policies", () => {
    const report = dropReport({ drop: packetDrop({ policy: "shop/deny-all" }), source: web, destination: bank });
    const [notice] = noticesOf(report, { ...both, namePolicy: false });
    expect(notice?.message).toBe("Packet dropped when sending traffic to bank (10.0.0.9) on port 80/TCP");
  });

  it("has no parentheses when the name is the address", () => {
    const [notice] = noticesOf(dropReport({ source: web, destination: outside }), both);
    expect(notice?.message).toBe("Packet dropped when sending traffic to 192.0.2.1 on port 80/TCP");
  });

  it("keeps a stranger's control characters and length out", () => {
    const evil = { ...outside, displayName: `a\u001b[31m\n\u202e${"ä".repeat(70_000)}` };
    const [notice] = noticesOf(dropReport({ source: web, destination: evil }), both);
    expect(notice?.message).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(Buffer.byteLength(notice?.message ?? "")).toBeLessThanOrEqual(1024);
    expect(notice?.message).toMatch(/ \(192\.0\.2\.1\) on port 80\/TCP$/);
  });

  it("stays within 1,024 bytes when it stands for several drops", () => {
    const message = combinedMessage("ä".repeat(600));
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(1024);
    expect(message).toMatch(/ä \(combined from similar drops\)$/);
  });
});

describe("who is told", () => {
  it("is the sender and the receiver, each with its own identity", () => {
    expect(noticesOf(dropReport({ source: web, destination: bank }), both).map(({ pod }) => pod)).toEqual([
      { namespace: "shop", name: "web", uid: "u1" },
      { namespace: "bank", name: "db", uid: "u2" },
    ]);
  });

  it("is only the side that the config names", () => {
    const report = dropReport({ source: web, destination: bank });
    expect(noticesOf(report, { ...both, sides: "source" }).map(({ pod }) => pod.name)).toEqual(["web"]);
    expect(noticesOf(report, { ...both, sides: "destination" }).map(({ pod }) => pod.name)).toEqual(["db"]);
  });

  it("is nobody for a pod in the node's own network, a node or a bare address", () => {
    const hostPod: Endpoint = { ...web, hostNetwork: true, displayName: "node-1" };
    const node: Endpoint = { kind: "node", address: "10.0.0.1", displayName: "node-1", name: "node-1" };
    expect(noticesOf(dropReport({ source: hostPod, destination: outside }), both)).toEqual([]);
    expect(noticesOf(dropReport({ source: node, destination: outside }), both)).toEqual([]);
  });
});
