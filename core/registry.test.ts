import "reflect-metadata";
import { describe, expect, it } from "vitest";
import { Registry } from "./registry.ts";
import { CLOCK, LOGGER } from "./tokens.ts";

describe("registry", () => {
  it("makes a thing once, when it is asked for", () => {
    let made = 0;
    const registry = new Registry().register(CLOCK, () => {
      made++;
      return { now: () => 1, sleep: async () => {} };
    });
    expect(made).toBe(0);
    expect(registry.get(CLOCK)).toBe(registry.get(CLOCK));
    expect(made).toBe(1);
  });

  it("names the token that nobody registered", () => {
    expect(() => new Registry().get(LOGGER)).toThrow("LOGGER is asked for but not registered");
  });

  it("names the token that is registered twice", () => {
    const registry = new Registry().register(CLOCK, () => ({ now: () => 1, sleep: async () => {} }));
    expect(() => registry.register(CLOCK, () => ({ now: () => 2, sleep: async () => {} }))).toThrow(
      "CLOCK is registered twice",
    );
  });

  it("shows a child what its parent has, and keeps the child's own from it", () => {
    const parent = new Registry().register(CLOCK, () => ({ now: () => 1, sleep: async () => {} }));
    const child = parent.child().register(LOGGER, () => console as never);
    expect(child.get(CLOCK)).toBe(parent.get(CLOCK));
    expect(() => parent.get(LOGGER)).toThrow("not registered");
  });
});
