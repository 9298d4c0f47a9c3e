import { describe, expect, it } from "vitest";
import { packetDrop } from "../testkit/drops.ts";
import { FlowKey } from "./flow-key.ts";

function words(parts: Parameters<typeof packetDrop>[0]): string {
  const key = new FlowKey();
  expect(key.fill(packetDrop(parts))).toBe(true);
  return key.words.join(" ");
}

describe("flow key", () => {
  const one = words({});

  it("is the same whatever the source port, time and interfaces", () => {
    expect(words({ sourcePort: 1, time: "2026-01-01T00:00:00Z", inInterface: "eth0" })).toBe(one);
  });

  const different = {
    "source address": { sourceAddress: "10.0.0.8" },
    "destination address": { destinationAddress: "10.0.0.8" },
    protocol: { protocol: "UDP" },
    "destination port": { destinationPort: 81 },
    "log prefix": { logPrefix: "other:" },
    "IP version": { ipVersion: 6, sourceAddress: "::a00:7", destinationAddress: "::a00:9" },
  } as const;
  for (const [what, parts] of Object.entries(different)) {
    it(`differs with the ${what}`, () => expect(words(parts)).not.toBe(one));
  }

  it("says no when an address is none", () => {
    expect(new FlowKey().fill(packetDrop({ sourceAddress: "nobody" }))).toBe(false);
  });
});
