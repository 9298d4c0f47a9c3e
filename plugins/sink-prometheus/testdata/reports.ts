/** Reports for tests: a shop's pods, a node, a host, an address outside. Names are made up. */
import type { DropReport, Endpoint } from "../../../core/plugin/index.ts";
import * as shop from "../../../core/testkit/shop-endpoints.ts";

export const web: Endpoint = { ...shop.web, uid: "11111111-2222-3333-4444-555555555555" };

export const db: Endpoint = {
  ...shop.db,
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

export const { agent: nodeAgent, nodeB, cart: service, api: host } = shop;

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
