/** The ends of a made-up cluster, for the tests of sinks that show them. Not part of the public testkit. */
import type { Endpoint } from "../plugin/index.ts";

export const web: Endpoint = {
  kind: "pod",
  address: "10.244.1.7",
  displayName: "shop",
  name: "web-6d5f7c9b8-x2x7q",
  namespace: "shop",
  nodeName: "node-a",
  workload: { kind: "Deployment", name: "web" },
};

export const db: Endpoint = {
  kind: "pod",
  address: "10.244.2.9",
  displayName: "data",
  name: "db-0",
  namespace: "data",
};

export const agent: Endpoint = {
  kind: "pod",
  address: "192.168.1.11",
  displayName: "node-a",
  name: "agent-9xk2l",
  namespace: "monitoring",
  nodeName: "node-a",
  hostNetwork: true,
};

export const nodeB: Endpoint = { kind: "node", address: "192.168.1.12", displayName: "node-b", name: "node-b" };

export const cart: Endpoint = {
  kind: "service",
  address: "10.96.0.20",
  displayName: "cart.shop",
  name: "cart",
  namespace: "shop",
};

export const api: Endpoint = { kind: "host", address: "203.0.113.5", displayName: "api.example", name: "api.example" };
