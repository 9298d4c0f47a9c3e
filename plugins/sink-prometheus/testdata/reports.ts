/** Reports for tests: a shop's pods, a node, a host, an address outside. Names are made up. */
import type { DropReport, Endpoint } from "../../../core/plugin/index.ts";

export const web: Endpoint = {
  kind: "pod",
  address: "10.244.1.7",
  displayName: "shop",
  name: "web-6d5f7c9b8-x2x7q",
  namespace: "shop",
  uid: "11111111-2222-3333-4444-555555555555",
  nodeName: "node-a",
  workload: { kind: "Deployment", name: "web" },
};

export const db: Endpoint = {
  kind: "pod",
  address: "10.244.2.9",
  displayName: "data",
  name: "db-0",
  namespace: "data",
  uid: "21111111-2222-3333-4444-555555555555",
  nodeName: "node-b",
  workload: { kind: "StatefulSet", name: "db" },
};

export const barePod: Endpoint = {
  kind: "pod",
  address: "10.244.2.10",
  displayName: "data",
  name: "shell",
  namespace: "data",
};

export const nodeAgent: Endpoint = {
  kind: "pod",
  address: "192.168.1.11",
  displayName: "node-a",
  name: "agent-9xk2l",
  namespace: "monitoring",
  nodeName: "node-a",
  hostNetwork: true,
};

export const nodeB: Endpoint = { kind: "node", address: "192.168.1.12", displayName: "node-b", name: "node-b" };

export const service: Endpoint = {
  kind: "service",
  address: "10.96.0.20",
  displayName: "cart.shop",
  name: "cart",
  namespace: "shop",
};

export const host: Endpoint = { kind: "host", address: "203.0.113.5", displayName: "api.example", name: "api.example" };

export const outside: Endpoint = { kind: "address", address: "203.0.113.9", displayName: "203.0.113.9" };

export interface ReportParts {
  readonly source?: Endpoint;
  readonly destination?: Endpoint;
  readonly protocol?: string;
  readonly destinationPort?: number;
  readonly logPrefix?: string;
  readonly count?: number;
  readonly repeat?: boolean;
}

/** A TCP packet from web to db's port 5432, but for what `parts` says. */
export function report(parts: ReportParts = {}): DropReport {
  const { source = web, destination = db, count = 1, repeat = false } = parts;
  const millis = Date.parse("2026-11-20T19:56:42Z");
  const drop = {
    time: "2026-11-20T19:56:42Z",
    ipVersion: 4,
    sourceAddress: source.address,
    destinationAddress: destination.address,
    protocol: parts.protocol ?? "TCP",
    destinationPort: parts.destinationPort ?? 5432,
    logPrefix: parts.logPrefix ?? "calico-drop:",
  } as const;
  return Object.freeze({ id: 1, drop, source, destination, count, firstMillis: millis, lastMillis: millis, repeat });
}
