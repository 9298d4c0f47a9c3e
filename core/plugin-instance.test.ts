import { describe, expect, it } from "vitest";
import type { PluginUse } from "./config/config.ts";
import { definePlugin } from "./plugin/definition.ts";
import type { Sink } from "./plugin/sink.ts";
import { pluginAtWork } from "./plugin-at-work.ts";
import { makeInstance } from "./plugin-instance.ts";
import { testContext } from "./testkit/test-context.ts";

const anything = { "~standard": { version: 1 as const, vendor: "test", validate: (value: unknown) => ({ value }) } };

function useOf(create: () => unknown, version?: string): PluginUse<"sink"> {
  const definition = definePlugin({
    role: "sink",
    name: "sink-mine",
    apiVersion: 1,
    options: anything,
    create: create as () => Sink,
  });
  return { name: "audit", definition, version, options: {}, where: "droplens.yaml:7:7 pipelines.drops.sinks[0]" };
}

describe("what cannot be made", () => {
  it.each([
    ["throws", () => fail("no luck"), "create threw: no luck"],
    ["returns nothing", () => undefined, "create returned no sink but undefined"],
    [
      "is asynchronous",
      async () => ({}),
      "create returned a promise: make the instance at once, and wait in its start",
    ],
    ["lacks its method", () => ({ write() {} }), "what create returned has no method deliver"],
  ])("names the plugin, its version and the line of the config: a create that %s", (_, create, problem) => {
    expect(() => makeInstance(useOf(create, "1.2.3"), testContext())).toThrow(
      `cannot make sink-mine 1.2.3 (droplens.yaml:7:7 pipelines.drops.sinks[0]): ${problem}`,
    );
  });
});

describe("an instance", () => {
  class PrivateSink implements Sink {
    readonly delivery = { maxBatch: 7 };
    #calls = 0;
    seen: (string | undefined)[] = [];

    get calls(): number {
      return this.#calls;
    }
    async deliver() {
      this.#calls++;
      this.seen.push(pluginAtWork());
      await new Promise((resolve) => setImmediate(resolve));
      this.seen.push(pluginAtWork());
      return undefined;
    }
  }

  it("works as it did, in its plugin's name, and leaves the core's name as it was", async () => {
    const made = new PrivateSink();
    const sink = makeInstance(
      useOf(() => made, "1.2.3"),
      testContext(),
    ) as PrivateSink;
    expect([sink.delivery.maxBatch, "deliver" in sink, "start" in sink, sink.deliver]).toEqual([
      7,
      true,
      false,
      sink.deliver,
    ]);
    const delivering = sink.deliver.call(undefined as never);
    expect(pluginAtWork()).toBeUndefined();
    await delivering;
    expect([sink.calls, made.seen]).toEqual([1, ["sink-mine 1.2.3", "sink-mine 1.2.3"]]);
  });

  it("that reads does each step in its plugin's name, and its reader does not", async () => {
    const seen: (string | undefined)[] = [];
    const source = {
      deliver: async () => undefined,
      async *read() {
        try {
          seen.push(pluginAtWork());
          yield 1;
          seen.push(pluginAtWork());
          yield 2;
        } finally {
          seen.push(`end ${pluginAtWork()}`);
        }
      },
    };
    const made = makeInstance(
      useOf(() => source),
      testContext(),
    ) as unknown as typeof source;
    for await (const value of made.read()) {
      seen.push(`core ${pluginAtWork()}`);
      if (value === 2) break;
    }
    expect(seen).toEqual(["sink-mine", "core undefined", "sink-mine", "core undefined", "end sink-mine"]);
  });
});

function fail(message: string): never {
  throw new Error(message);
}
