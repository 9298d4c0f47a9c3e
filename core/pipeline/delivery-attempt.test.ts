import { describe, expect, it, vi } from "vitest";
import type { DeliveryResult } from "../plugin/sink.ts";
import { dropReport } from "../testkit/drops.ts";
import { settle } from "../testkit/fake-clock.ts";
import { MemorySink } from "../testkit/memory-sink.ts";
import { testContext } from "../testkit/test-context.ts";
import { attemptDelivery } from "./delivery-attempt.ts";

type Answer = Promise<DeliveryResult | undefined> | undefined;

function attempt(answer: (signal: AbortSignal) => Answer) {
  const { clock } = testContext();
  const sink = new MemorySink();
  sink.answer = (_reports, signal) => answer(signal);
  const sleeps = vi.spyOn(clock, "sleep");
  const stop = new AbortController();
  const outcome = attemptDelivery({ sink, reports: [dropReport()], timeoutMillis: 1000, clock }, stop.signal);
  return { clock, stop, sleeps, outcome };
}

/** Answers nothing; what its signal was aborted with. */
function listener() {
  const heard: unknown[] = [];
  const answer = (signal: AbortSignal) => {
    signal.addEventListener("abort", () => heard.push(signal.reason));
    return new Promise<undefined>(() => {});
  };
  return { heard, answer };
}

describe("one call of deliver", () => {
  it("costs no timer when the sink is done at once, after a few awaits of its own too", async () => {
    const atOnce = attempt(() => undefined);
    const soon = attempt(async () => {
      for (let i = 0; i < 3; i++) await undefined;
      return undefined;
    });
    expect([await atOnce.outcome, await soon.outcome]).toEqual([
      { kind: "settled", result: {} },
      { kind: "settled", result: {} },
    ]);
    expect([atOnce.sleeps.mock.calls, soon.sleeps.mock.calls]).toEqual([[], []]);
  });

  it("leaves no timer behind when the sink took its time", async () => {
    const parts = attempt(() => settle().then(() => undefined));
    expect(await parts.outcome).toEqual({ kind: "settled", result: {} });
    expect([parts.sleeps.mock.calls.length, parts.clock.sleeping]).toEqual([1, 0]);
  });

  it("tells the sink by its signal that its time is up", async () => {
    const { heard, answer } = listener();
    const parts = attempt(answer);
    await settle();
    await parts.clock.advance(1000);
    expect(await parts.outcome).toMatchObject({ kind: "again", error: { code: "SINK_TIMEOUT" } });
    expect(heard).toMatchObject([{ code: "SINK_TIMEOUT" }]);
  });

  it.each([
    ["while it waits", settle],
    ["in the moment of the call", async () => {}],
  ])("tells the sink by its signal of a stop %s", async (_when, before) => {
    const { heard, answer } = listener();
    const parts = attempt(answer);
    await before();
    parts.stop.abort("the deadline");
    expect(await parts.outcome).toEqual({ kind: "aborted" });
    expect([heard, parts.clock.sleeping]).toEqual([["the deadline"], 0]);
  });
});
