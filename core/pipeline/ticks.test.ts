import { describe, expect, it } from "vitest";
import { FakeClock, settle } from "../testkit/fake-clock.ts";
import { Ticks } from "./ticks.ts";

function ticking() {
  const clock = new FakeClock();
  const stop = new AbortController();
  const state = { isDone: false, works: 0 };
  const ticks = new Ticks();
  const work = async () => {
    state.works++;
    return state.isDone;
  };
  return { clock, stop, state, ticks, running: ticks.run(work, clock, stop.signal) };
}

describe("ticks", () => {
  it("come early at first, then once a second", async () => {
    const { clock, state } = ticking();
    await clock.advance(1500);
    expect(state.works).toBe(4);
    await clock.advance(10_000);
    expect(state.works).toBe(14);
  });

  it("need no timer while all is done, and come within a second of a wake", async () => {
    const { clock, state, ticks } = ticking();
    await clock.advance(10_000);
    state.isDone = true;
    await clock.advance(60_000);
    expect(clock.sleeping).toBe(0);
    const { works } = state;
    ticks.wake();
    await settle();
    await clock.advance(1000);
    expect(state.works).toBe(works + 1);
    expect(clock.sleeping).toBe(0);
  });

  it("do not rest when something came up during the work", async () => {
    const clock = new FakeClock();
    const ticks = new Ticks();
    let works = 0;
    const work = async () => {
      if (++works === 1) ticks.wake();
      return true;
    };
    void ticks.run(work, clock, new AbortController().signal);
    await clock.advance(10_000);
    expect(works).toBe(2);
  });

  it.each([false, true])("do it once more at the end, all being done: %s", async (isDone) => {
    const { clock, state, stop, running } = ticking();
    state.isDone = isDone;
    await clock.advance(5000);
    const { works } = state;
    stop.abort();
    await running;
    expect(state.works).toBe(works + 1);
  });
});
