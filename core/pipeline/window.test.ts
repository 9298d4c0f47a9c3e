import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FlowKey } from "../model/flow-key.ts";
import { packetDrop } from "../testkit/drops.ts";
import { type FoldedDrop, Window } from "./window.ts";

const interval = 120_000;

function makeWindow(maxFlows = 1000) {
  const reports: FoldedDrop[] = [];
  const window = new Window({ repeatIntervalMillis: interval, maxFlows, onReport: (report) => reports.push(report) });
  return { window, reports };
}

function see(window: Window, port: number, timeMillis: number, nowMillis = timeMillis): void {
  const key = new FlowKey();
  const drop = packetDrop({ destinationPort: port });
  key.fill(drop);
  if (!window.repeat(key.words, timeMillis)) window.open(key.words, drop, timeMillis, nowMillis);
}

describe("window", () => {
  it("reports the first packet of a flow at once and its repeats when the window closes", () => {
    const { window, reports } = makeWindow();
    for (const time of [0, 1000, 5000]) see(window, 80, time);
    expect(reports).toMatchObject([{ count: 1, repeat: false, firstMillis: 0 }]);
    expect(window.openPackets).toBe(2);
    expect(window.closeDue(interval, 10)).toBe(false);
    expect(reports[1]).toMatchObject({ count: 2, repeat: true, firstMillis: 1000, lastMillis: 5000 });
    expect(window.openPackets).toBe(0);
  });

  it("keeps flows apart that differ in the port only", () => {
    const { window, reports } = makeWindow();
    see(window, 80, 0);
    see(window, 81, 0);
    expect(reports).toHaveLength(2);
  });

  it("says nothing when a window closes without a repeat", () => {
    const { window, reports } = makeWindow();
    see(window, 80, 0);
    window.closeDue(interval, 10);
    expect(reports).toHaveLength(1);
    expect(window.flows).toBe(0);
  });

  it("begins a new window with the packet that comes after the interval", () => {
    const { window, reports } = makeWindow();
    for (const time of [0, 1, interval]) see(window, 80, time);
    expect(reports.map(({ count, repeat }) => ({ count, repeat }))).toEqual([
      { count: 1, repeat: false },
      { count: 1, repeat: true },
      { count: 1, repeat: false },
    ]);
  });

  it("closes the oldest flow early when there are too many", () => {
    const { window, reports } = makeWindow(2);
    for (const port of [1, 1, 2, 3]) see(window, port, 0);
    expect(window.flows).toBe(2);
    expect(reports.map(({ drop, count, repeat }) => [drop.destinationPort, count, repeat])).toEqual([
      [1, 1, false],
      [2, 1, false],
      [1, 1, true],
      [3, 1, false],
    ]);
  });

  it("closes no more windows at once than it is told to", () => {
    const { window } = makeWindow();
    for (const port of [1, 2, 3]) see(window, port, 0);
    expect(window.closeDue(Number.POSITIVE_INFINITY, 2)).toBe(true);
    expect(window.flows).toBe(1);
    expect(window.closeDue(Number.POSITIVE_INFINITY, 2)).toBe(false);
    expect(window.flows).toBe(0);
  });

  it("takes its open repeats back from a checkpoint", () => {
    const before = makeWindow();
    for (const time of [0, 1, 2]) see(before.window, 80, time);
    const after = makeWindow();
    for (const kept of before.window.pending()) expect(after.window.restore(kept, 10)).toBe(true);
    see(after.window, 80, 3);
    after.window.closeDue(Number.POSITIVE_INFINITY, 10);
    expect(after.reports).toMatchObject([{ count: 3, repeat: true, firstMillis: 1, lastMillis: 3 }]);
  });

  it("closes what it took back when it would have closed anyway", () => {
    const before = makeWindow();
    for (const time of [0, 1000]) see(before.window, 80, time);
    const after = makeWindow();
    for (const kept of before.window.pending()) after.window.restore(kept, interval - 1);
    after.window.closeDue(interval + 1000, 10);
    expect(after.reports).toMatchObject([{ count: 1 }]);
  });

  it("closes windows that were opened before the clock was set back", () => {
    const { window, reports } = makeWindow();
    for (const time of [interval, interval + 1]) see(window, 80, time);
    window.closeDue(interval - 1000, 10);
    expect(reports).toMatchObject([
      { count: 1, repeat: false },
      { count: 1, repeat: true },
    ]);
  });

  it("leaves no packet out, whatever comes in whatever order", () => {
    const packet = fc.record({
      port: fc.integer({ min: 1, max: 40 }),
      time: fc.integer({ min: 0, max: 5 * interval }),
    });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 400 }), fc.integer({ min: 1, max: 50 }), (packets, maxFlows) => {
        const { window, reports } = makeWindow(maxFlows);
        const reported = () => reports.reduce((sum, report) => sum + report.count, 0);
        packets.forEach(({ port, time }, seen) => {
          see(window, port, time);
          if (seen % 7 === 0) window.closeDue(time, 3);
          expect(reported() + window.openPackets).toBe(seen + 1);
        });
        while (window.closeDue(Number.POSITIVE_INFINITY, 10));
        for (let port = 1; port <= 40; port++) {
          const counted = reports.filter(({ drop }) => drop.destinationPort === port);
          const sent = packets.filter((one) => one.port === port);
          expect(counted.reduce((sum, report) => sum + report.count, 0)).toBe(sent.length);
        }
        expect(window.flows).toBe(0);
      }),
    );
  });
});
