import { describe, expect, it } from "vitest";
import { FakeClock, settle } from "../../core/testkit/fake-clock.ts";
import { RequestBudget } from "./request-budget.ts";

const { signal } = new AbortController();

describe("the request budget", () => {
  it("gives the burst at once and then so many a second", async () => {
    const clock = new FakeClock();
    const taken = takeMany(new RequestBudget({ requestsPerSecond: 10, burst: 5 }, clock), 30);
    await settle();
    expect(taken.count).toBe(5);
    await clock.advance(1000);
    expect(taken.count).toBe(15);
    await clock.advance(1500);
    expect(taken.count).toBe(30);
  });

  it("halves the rate and forgets the burst when the server is overloaded, once a second at most", async () => {
    const clock = new FakeClock();
    const budget = new RequestBudget({ requestsPerSecond: 16, burst: 100 }, clock);
    for (let i = 0; i < 50; i++) budget.slower();
    expect([budget.perSecond, budget.tokens]).toEqual([8, 1]);
    await clock.advance(1000);
    budget.slower();
    expect(budget.perSecond).toBe(4);
  });

  it("never gets slower than one a second, and is back after eleven seconds of success", async () => {
    const clock = new FakeClock();
    const budget = new RequestBudget({ requestsPerSecond: 150, burst: 300 }, clock);
    for (let i = 0; i < 60; i++) {
      budget.slower();
      await clock.advance(1000);
    }
    expect(budget.perSecond).toBe(1);
    for (let i = 0; i < 11; i++) {
      budget.faster();
      await clock.advance(1000);
    }
    expect(budget.perSecond).toBe(150);
  });

  it("saves up no burst while it is slowed down", async () => {
    const clock = new FakeClock();
    const budget = new RequestBudget({ requestsPerSecond: 16, burst: 100 }, clock);
    budget.slower();
    await clock.advance(60_000);
    expect(budget.tokens).toBe(8);
  });

  it("lets those who wait go when the signal aborts", async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const budget = new RequestBudget({ requestsPerSecond: 1, burst: 1 }, clock);
    const outcomes = Promise.allSettled([1, 2, 3].map(() => budget.take(stop.signal)));
    await settle();
    stop.abort(new Error("stop"));
    expect((await outcomes).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(clock.sleeping).toBe(0);
  });
});

function takeMany(budget: RequestBudget, many: number): { count: number } {
  const taken = { count: 0 };
  for (let i = 0; i < many; i++) {
    void budget.take(signal).then(() => {
      taken.count++;
    });
  }
  return taken;
}
