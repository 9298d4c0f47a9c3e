import { describe, expect, it } from "vitest";
import type { DropReport } from "../../core/plugin/index.ts";
import { dropReport, packetDrop } from "../../core/testkit/drops.ts";
import { agent, api, cart, db, nodeB, web } from "../../core/testkit/shop-endpoints.ts";
import { lineFormats } from "./line-formats.ts";

const read = (format: "droplens" | "gke", parts: Partial<DropReport>) => {
  const line = lineFormats[format](dropReport(parts));
  expect(line.indexOf("\n")).toBe(line.length - 1);
  return JSON.parse(line);
};

describe("a line in Droplens' own names", () => {
  it("has the packet's fields as `droplens parse` has them, both ends, and what repeats there were", () => {
    const drop = packetDrop({
      time: "2026-11-20T19:56:42.401765Z",
      host: "node-a",
      inInterface: "eth0",
      tcpFlags: ["SYN"],
    });
    const firstMillis = Date.parse("2026-11-20T19:56:43Z");
    const lastMillis = Date.parse("2026-11-20T19:58:00.5Z");
    expect(
      read("droplens", { drop, source: web, destination: db, count: 36, firstMillis, lastMillis, repeat: true }),
    ).toEqual({
      ...drop,
      source: web,
      destination: db,
      count: 36,
      firstTime: "2026-11-20T19:56:43.000Z",
      lastTime: "2026-11-20T19:58:00.500Z",
      repeat: true,
    });
  });

  it("never holds what commands a terminal, nor more of a stranger's name than a kilobyte", () => {
    const drop = packetDrop({ logPrefix: "\u009b31m\u202e", protocol: '"\\' });
    const name = "a".repeat(5000);
    const entry = read("droplens", { drop, destination: { ...api, displayName: "\u001b[2J", name } });
    expect(entry).toMatchObject({ logPrefix: "\ufffd31m\ufffd", protocol: '"\\' });
    expect(entry.destination).toMatchObject({ displayName: "\ufffd[2J", name: "a".repeat(1024) });
  });
});

describe("a line in GKE's names", () => {
  // Shape and names: nodeDenyLog and denyLog of GKE Dataplane V2's policylogger tests.
  it("of a packet between pods", () => {
    const drop = packetDrop({
      time: "2026-11-20T19:56:42.401765Z",
      host: "node-b",
      sourcePort: 45_084,
      destinationPort: 8080,
    });
    const source = { ...web, address: "10.0.0.7" };
    expect(JSON.stringify(read("gke", { drop, source, destination: { ...db, nodeName: "node-b" } }))).toBe(
      JSON.stringify({
        connection: {
          src_ip: "10.0.0.7",
          dest_ip: "10.0.0.9",
          src_port: 45_084,
          dest_port: 8080,
          protocol: "tcp",
          direction: "ingress",
        },
        disposition: "deny",
        src: {
          pod_name: "web-6d5f7c9b8-x2x7q",
          workload_kind: "Deployment",
          workload_name: "web",
          pod_namespace: "shop",
          namespace: "shop",
        },
        dest: { pod_name: "db-0", pod_namespace: "data", namespace: "data" },
        count: 1,
        node_name: "node-b",
        timestamp: "2026-11-20T19:56:42.401765Z",
      }),
    );
  });

  it.each([
    ["a node", nodeB, { node_name: "node-b", workload_kind: "Node" }],
    ["a pod in the node's network", agent, { node_name: "node-a", workload_kind: "Node" }],
    ["a service", cart, { instance: "10.96.0.20" }],
    ["a host", api, { instance: "203.0.113.5" }],
  ])("of %s", (_name, destination, dest) => {
    expect(read("gke", { destination }).dest).toEqual(dest);
  });

  it.each([
    ["a pod, wherever it was dropped", { destination: db }, "ingress"],
    ["a node", { destination: nodeB }, "ingress"],
    ["somewhere outside", { source: web, destination: api }, "egress"],
    [
      "a pod of another node, on the sender's own",
      { drop: packetDrop({ host: "node-a" }), source: web, destination: { ...db, nodeName: "node-b" } },
      "egress",
    ],
    [
      "a pod of the same node",
      { drop: packetDrop({ host: "node-a" }), source: web, destination: { ...db, nodeName: "node-a" } },
      "ingress",
    ],
  ] as const)("names the direction of a packet to %s", (_name, parts, direction) => {
    expect(read("gke", parts).connection.direction).toBe(direction);
  });

  it.each([
    ["shop/deny-all", [{ name: "deny-all", namespace: "shop" }]],
    ["deny-all", [{ name: "deny-all" }]],
    [undefined, undefined],
  ])("lists the policy that the log prefix names: %s", (policy, policies) => {
    const drop = packetDrop(policy === undefined ? {} : { policy });
    expect(read("gke", { drop }).policies).toEqual(policies);
  });

  it("of repeats has their number and the last one's time", () => {
    const lastMillis = Date.parse("2026-11-20T20:01:00Z");
    expect(read("gke", { count: 9, lastMillis, repeat: true })).toMatchObject({
      count: 9,
      timestamp: "2026-11-20T20:01:00.000Z",
    });
  });

  it("leaves out ports where there are none", () => {
    const drop = packetDrop({ protocol: "ICMPv6", sourcePort: undefined, destinationPort: undefined } as object);
    expect(Object.keys(read("gke", { drop }).connection)).toEqual(["src_ip", "dest_ip", "protocol", "direction"]);
  });
});
