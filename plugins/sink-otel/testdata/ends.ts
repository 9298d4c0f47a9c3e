/** Packet ends and a whole packet, as resolvers and the parser give them. */
import type { Endpoint, PacketDrop } from "../../../core/plugin/index.ts";
import { packetDrop } from "../../../core/testkit/drops.ts";

export const web: Endpoint = {
  kind: "pod",
  address: "10.0.0.7",
  displayName: "web",
  name: "web-1",
  namespace: "shop",
  uid: "3f0c2d9e-7a51-4f0e-9d4b-0a7d3c1b2e55",
  nodeName: "node-a",
  workload: { kind: "Deployment", name: "web" },
};
export const db: Endpoint = { kind: "service", address: "10.0.0.9", displayName: "db", name: "db", namespace: "data" };
export const node: Endpoint = { kind: "node", address: "10.0.0.1", displayName: "node-b", name: "node-b" };
/** In the node's own network. */
export const agent: Endpoint = {
  ...web,
  name: "agent-x",
  namespace: "kube-system",
  nodeName: "node-b",
  hostNetwork: true,
};
export const host: Endpoint = { kind: "host", address: "203.0.113.9", displayName: "api.example", name: "api.example" };

export const synDrop: PacketDrop = packetDrop({
  time: "2026-11-20T19:56:42.401765Z",
  logPrefix: "calico-drop:",
  inInterface: "cali1",
  outInterface: "eth0",
  sourcePort: 40_000,
  destinationPort: 5432,
  tcpFlags: ["SYN"],
  length: 60,
});
