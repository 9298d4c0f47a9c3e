import { describe, expect, it } from "vitest";
import { KernelClock } from "./kernel-clock.ts";

/** A machine that has run for an hour at noon, and whose kernel's clock is `skew` ahead of the monotonic one. */
function machine({ skew = 0 } = {}) {
  const state = { wall: Date.parse("2026-11-20T12:00:00Z"), monotonic: 3_600_000_000 };
  const clock = new KernelClock({ now: () => state.wall }, () => state.monotonic);
  const pass = (millis: number) => {
    state.wall += millis;
    state.monotonic += millis * 1000;
  };
  return { state, clock, pass, stamp: () => state.monotonic + skew };
}

const text = (millis: number) => new Date(millis).toISOString();

describe("the kernel's clock", () => {
  it("tells when a record of long ago was written", () => {
    const { clock } = machine();
    expect(text(clock.wallMillis(1_800_000_000))).toBe("2026-11-20T11:30:00.000Z");
  });

  it("keeps the microseconds", () => {
    const { clock } = machine();
    expect(clock.wallMillis(1_800_000_123) % 1000).toBeCloseTo(0.123, 3);
  });

  it("learns from the first live record how far the kernel's clock has run away", () => {
    const { clock, pass, stamp } = machine({ skew: -26_000_000 });
    clock.endSeen();
    pass(10);
    const written = stamp();
    pass(10);
    clock.observe(written);
    // Known as exactly as the log was looked at: every 20 ms.
    expect(Math.abs(clock.wallMillis(written) - Date.parse("2026-11-20T12:00:00.010Z"))).toBeLessThanOrEqual(10);
  });

  it("never puts a record into the future", () => {
    const { clock, stamp } = machine({ skew: 5_000_000 });
    clock.observe(stamp());
    expect(text(clock.wallMillis(stamp()))).toBe("2026-11-20T12:00:00.000Z");
  });

  it.each([3_600_000, -3_600_000])("follows a step of the wall clock by %i ms", (step) => {
    const { clock, state, stamp } = machine();
    clock.wallMillis(stamp());
    state.wall += step;
    expect(clock.wallMillis(stamp())).toBe(state.wall);
  });

  it("does not shake by the wall clock's grain", () => {
    const { clock, state, pass } = machine();
    const before = clock.wallMillis(1_800_000_000);
    pass(1000);
    state.wall -= 1;
    expect(clock.wallMillis(1_800_000_000)).toBe(before);
  });
});
