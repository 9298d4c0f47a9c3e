/** Builders for tests: a packet drop and a report, with only what the test cares about spelled out. */

import type { DropReport } from "../model/drop-report.ts";
import { bareAddress } from "../model/endpoint.ts";
import type { PacketDrop } from "../model/packet-drop.ts";

let nextId = 1;

/** A TCP packet from 10.0.0.7 to port 80 of 10.0.0.9, but for what `parts` says. */
export function packetDrop(parts: Partial<PacketDrop> = {}): PacketDrop {
  return {
    time: "2026-11-20T20:00:00Z",
    ipVersion: 4,
    sourceAddress: "10.0.0.7",
    destinationAddress: "10.0.0.9",
    protocol: "TCP",
    sourcePort: 40_000,
    destinationPort: 80,
    logPrefix: "drop:",
    ...parts,
  };
}

/** A report of one packet between bare addresses, with an id of its own, but for what `parts` says. */
export function dropReport(parts: Partial<DropReport> = {}): DropReport {
  const drop = parts.drop ?? packetDrop();
  const timeMillis = Date.parse(drop.time);
  return {
    id: nextId++,
    drop,
    source: bareAddress(drop.sourceAddress),
    destination: bareAddress(drop.destinationAddress),
    count: 1,
    firstMillis: timeMillis,
    lastMillis: timeMillis,
    repeat: false,
    ...parts,
  };
}
