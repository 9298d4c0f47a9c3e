import { describe, expect, it } from "vitest";
import { asPlugin } from "../plugin-at-work.ts";
import { testContext } from "../testkit/test-context.ts";
import { uncaughtListener } from "./uncaught.ts";

function listen() {
  const context = testContext();
  const stops: unknown[] = [];
  const listener = uncaughtListener({ ...context, stop: (error) => void stops.push(error) });
  return { ...context, stops, listener };
}

describe("an error that nobody caught", () => {
  it("of a plugin is logged once a minute with its name, counted each time, and nothing stops", async () => {
    const { listener, logger, metrics, clock, stops } = listen();
    for (let i = 0; i < 5; i++) asPlugin("sink-mine 1.2.3", () => listener(new Error("from a timer")));
    asPlugin("sink-other", () => listener("a word"));
    expect(logger.lines.map(({ level, fields }) => [level, fields])).toEqual([
      ["error", { plugin: "sink-mine 1.2.3", error: "from a timer", stack: expect.arrayContaining([]) }],
      ["error", { plugin: "sink-other", error: "a word", stack: [] }],
    ]);
    expect(metrics.value("droplens_uncaught_errors_total", { plugin: "sink-mine 1.2.3" })).toBe(5);
    await clock.advance(60_000);
    asPlugin("sink-mine 1.2.3", () => listener(new Error("again")));
    expect(logger.lines).toHaveLength(3);
    expect(stops).toEqual([]);
  });

  it("of nobody who is known stops the program", () => {
    const { listener, logger, stops } = listen();
    const error = new Error("the core's own");
    listener(error);
    expect(stops).toEqual([error]);
    expect(logger.messages("error")).toEqual(["an error that nobody caught, of no plugin that is known: stopping"]);
  });
});
