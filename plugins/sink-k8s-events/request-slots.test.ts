import { describe, expect, it } from "vitest";
import { settle } from "../../core/testkit/fake-clock.ts";
import { RequestSlots } from "./request-slots.ts";

const { signal } = new AbortController();
const forever = () => new Promise<never>(() => {});

describe("the request slots", () => {
  it("leave room for others when one namespace hangs", async () => {
    const slots = new RequestSlots({ inAll: 4, perNamespace: 2 });
    for (let i = 0; i < 10; i++) void slots.run("slow", forever, signal);
    expect(await slots.run("fine", async () => "done", signal)).toBe("done");
    expect([slots.underWay, slots.waiting]).toEqual([2, 8]);
  });

  it("let the next one in when one has ended, also when it failed", async () => {
    const slots = new RequestSlots({ inAll: 1, perNamespace: 1 });
    const failed = slots.run("a", () => Promise.reject(new Error("no")), signal);
    const next = slots.run("b", async () => "done", signal);
    await expect(failed).rejects.toThrow("no");
    expect(await next).toBe("done");
    expect([slots.underWay, slots.waiting]).toEqual([0, 0]);
  });

  it("reject who waits when the signal aborts, and keep no place for them", async () => {
    const slots = new RequestSlots({ inAll: 1, perNamespace: 1 });
    const stop = new AbortController();
    let end = () => {};
    const first = slots.run("a", () => new Promise<void>((resolve) => (end = resolve)), signal);
    const second = slots.run("a", forever, stop.signal);
    stop.abort(new Error("stop"));
    await expect(second).rejects.toThrow("stop");
    end();
    await first;
    await settle();
    expect([slots.underWay, slots.waiting]).toEqual([0, 0]);
  });
});
