import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { packetDrop } from "../testkit/drops.ts";
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from "./checkpoint.ts";

const checkpoint = {
  resume: { "/var/log/kern.log": 42 },
  windows: [{ drop: packetDrop(), count: 2, firstMillis: 1, lastMillis: 2, repeat: true }],
  undelivered: [{ drop: packetDrop(), count: 1, firstMillis: 1, lastMillis: 1, repeat: false, sinks: ["a"] }],
} as unknown as Checkpoint;

describe("checkpoint", () => {
  it("comes back as it was written", () => {
    expect(parseCheckpoint(formatCheckpoint(checkpoint))).toEqual({ kind: "found", checkpoint });
  });

  it.each([0, 1, 128, 129, 1000])("comes back with %s windows and reports, without a place too", (length) => {
    const items = <T>(item: T, change: (i: number) => object) =>
      Array.from({ length }, (_, i) => ({ ...item, ...change(i) }));
    const name = (i: number) => ({
      drop: { ...packetDrop(), logPrefix: `größer ${i} → ${"\u{1f4a7}".repeat(i % 3)}` },
    });
    const large = {
      windows: items(checkpoint.windows[0], (i) => ({ count: i + 1 })),
      undelivered: items(checkpoint.undelivered[0], name),
    } as unknown as Checkpoint;
    for (const one of [large, { ...large, resume: null }]) {
      expect(parseCheckpoint(formatCheckpoint(one))).toEqual({ kind: "found", checkpoint: one });
    }
    expect(formatCheckpoint({ resume: undefined, ...large })).toBe(formatCheckpoint(large));
  });

  it("is refused wherever it was cut", () => {
    const text = formatCheckpoint(checkpoint).trimEnd();
    for (let end = 0; end < text.length; end++) expect(parseCheckpoint(text.slice(0, end)).kind).toBe("unusable");
  });

  it("is refused when a byte has changed", () => {
    const text = formatCheckpoint(checkpoint).replace('"count":2', '"count":3');
    expect(parseCheckpoint(text)).toEqual({ kind: "unusable", reason: "it is damaged (checksum)" });
  });

  it("is refused when another version wrote it", () => {
    const text = formatCheckpoint(checkpoint).replace("droplens-checkpoint 1", "droplens-checkpoint 2");
    expect(parseCheckpoint(text)).toEqual({ kind: "unusable", reason: "it is of format 2" });
  });

  it("is refused when it is no JSON though its checksum is right", () => {
    const text = `droplens-checkpoint 1 ${crc32("{]").toString(16).padStart(8, "0")}\n{]\n`;
    expect(parseCheckpoint(text)).toMatchObject({ kind: "unusable", reason: expect.stringContaining("incomplete") });
  });

  it("is refused when an address in it is none", () => {
    const broken = { ...checkpoint, windows: [{ ...checkpoint.windows[0], drop: packetDrop({ sourceAddress: "x" }) }] };
    expect(parseCheckpoint(formatCheckpoint(broken as unknown as Checkpoint)).kind).toBe("unusable");
  });
});
