import { describe, expect, it } from "vitest";
import type { Notice } from "./notice.ts";
import { type Series, SeriesMemory, stateAfter } from "./series.ts";

const limits = { maxSeries: 100, maxDistinct: 3, distinctMillis: 600_000 };

describe("the series memory", () => {
  it("finds the same series for the same pod and message, and another one for another pod", () => {
    const memory = new SeriesMemory(limits);
    const first = memory.find(notice("web", "m"), 0);
    expect(memory.find(notice("web", "m"), 1)).toBe(first);
    expect(memory.find(notice("db", "m"), 1)).not.toBe(first);
  });

  it("tells a new pod of an old name from the old one", () => {
    const memory = new SeriesMemory(limits);
    const old = memory.find({ pod: { namespace: "shop", name: "web-0", uid: "a" }, message: "m" }, 0);
    expect(memory.find({ pod: { namespace: "shop", name: "web-0", uid: "b" }, message: "m" }, 0)).not.toBe(old);
  });

  it("combines what comes after a pod's distinct messages, and shows the latest of them", () => {
    const memory = new SeriesMemory(limits);
    const own = [1, 2, 3].map((port) => memory.find(notice("web", `m${port}`), 0));
    const combined = [4, 5, 6].map((port) => memory.find(notice("web", `m${port}`), 0));
    expect(own.map((series) => series.combined)).toEqual([false, false, false]);
    expect(new Set(combined).size).toBe(1);
    expect(combined[0]).toMatchObject({ combined: true, message: "m6 (combined from similar drops)" });
  });

  it("keeps the events of messages that had their own, and those of other pods", () => {
    const memory = new SeriesMemory(limits);
    const own = memory.find(notice("web", "m1"), 0);
    for (let port = 2; port < 50; port++) memory.find(notice("web", `m${port}`), 0);
    expect(memory.find(notice("web", "m1"), 0)).toBe(own);
    expect(memory.find(notice("db", "m1"), 0).combined).toBe(false);
  });

  it("gives new messages their own events again after the interval", () => {
    const memory = new SeriesMemory(limits);
    for (let port = 1; port <= 4; port++) memory.find(notice("web", `m${port}`), 0);
    expect(memory.find(notice("web", "m5"), 599_999).combined).toBe(true);
    expect(memory.find(notice("web", "m6"), 600_000).combined).toBe(false);
  });

  it("forgets the least recently used beyond its size, but none that is being written", () => {
    const memory = new SeriesMemory({ ...limits, maxSeries: 2 });
    const busy = memory.find(notice("a", "m"), 0);
    busy.busy = true;
    const idle = memory.find(notice("b", "m"), 0);
    memory.find(notice("c", "m"), 0);
    expect(memory.size).toBe(2);
    expect(memory.find(notice("a", "m"), 0)).toBe(busy);
    expect(memory.find(notice("b", "m"), 0)).not.toBe(idle);
  });
});

describe("the state of a series", () => {
  it("is the sum of the packets, from the earliest to the latest", () => {
    const memory = new SeriesMemory(limits);
    const series: Series = memory.find(notice("web", "m"), 0);
    series.stored = { message: "m", count: 5, firstMillis: 1000, lastMillis: 9000 };
    const added = [
      { count: 2, firstMillis: 500, lastMillis: 600 },
      { count: 1, firstMillis: 7000, lastMillis: 7000 },
    ];
    expect(stateAfter(series, added)).toEqual({ message: "m", count: 8, firstMillis: 500, lastMillis: 9000 });
  });
});

function notice(pod: string, message: string): Notice {
  return { pod: { namespace: "shop", name: pod, uid: `uid-${pod}` }, message };
}
