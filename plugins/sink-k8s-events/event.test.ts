import { describe, expect, it } from "vitest";
import { EventNames, eventPatch, newEvent } from "./event.ts";

const pod = { namespace: "shop", name: "web-0", uid: "u1" };
const state = { message: "m", count: 2, firstMillis: 1_000_999, lastMillis: 61_000_000 };

describe("an event", () => {
  it("is core/v1 without eventTime, so that its count stays mutable", () => {
    expect(newEvent("web-0.1", pod, state, { reason: "PacketDrop", sourceComponent: "c", host: "n1" })).toEqual({
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "web-0.1", namespace: "shop" },
      involvedObject: { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web-0", uid: "u1" },
      type: "Warning",
      reason: "PacketDrop",
      message: "m",
      source: { component: "c", host: "n1" },
      firstTimestamp: "1970-01-01T00:16:40Z",
      lastTimestamp: "1970-01-01T16:56:40Z",
      count: 2,
      reportingComponent: "c",
      reportingInstance: "n1",
    });
  });

  it("names no host and no uid where none is known", () => {
    const event = newEvent("n", { ...pod, uid: undefined }, state, {
      reason: "R",
      sourceComponent: "c",
      host: undefined,
    });
    expect(event).toMatchObject({ source: { component: "c" }, reportingInstance: "" });
    expect(JSON.stringify(event)).not.toContain("uid");
  });

  it("is patched with count and lastTimestamp alone unless its message changes", () => {
    expect(eventPatch(state)).toEqual({ count: 2, lastTimestamp: "1970-01-01T16:56:40Z" });
    expect(eventPatch(state, "other")).toMatchObject({ message: "other" });
  });

  it("never has a count that the server's int32 cannot hold", () => {
    expect(eventPatch({ ...state, count: 5e9 })).toMatchObject({ count: 2147483647 });
  });
});

describe("the name of an event", () => {
  it("is the pod's with the time in hex nanoseconds", () => {
    const millis = Date.parse("2026-11-20T20:00:00Z");
    const [name, hex] = new EventNames().next("web-0", millis).split(".");
    expect(name).toBe("web-0");
    expect(BigInt(`0x${hex}`) / 1_000_000n).toBe(BigInt(millis));
  });

  it("is never the same twice, not even when the clock stands still or is set back", () => {
    const names = new EventNames();
    const made = Array.from({ length: 1000 }, (_, i) => names.next("web", 1_700_000_000_000 - (i % 7) * 1000));
    expect(new Set(made).size).toBe(1000);
  });

  it("is a UUID when the pod's name leaves no room or is no DNS name", () => {
    const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
    expect(new EventNames().next("a".repeat(250), 0)).toMatch(uuid);
    expect(new EventNames().next("Web_0", 0)).toMatch(uuid);
  });
});
