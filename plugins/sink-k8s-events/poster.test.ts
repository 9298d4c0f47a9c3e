import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RetryableError } from "../../core/plugin/index.ts";
import { FakeClock, settle } from "../../core/testkit/fake-clock.ts";
import type { Notice } from "./notice.ts";
import type { Outcome } from "./outcome.ts";
import { Poster, type Waiting } from "./poster.ts";
import { Refusals } from "./refusals.ts";
import { RequestBudget } from "./request-budget.ts";
import { RequestSlots } from "./request-slots.ts";
import { type Packets, SeriesMemory } from "./series.ts";
import { response, ScriptedApiServer } from "./testdata/scripted-api-server.ts";

const hour = 3_600_000;
const down = new RetryableError("KUBERNETES_UNREACHABLE", "connection refused");

beforeEach(() => {
  vi.spyOn(Math, "random").mockReturnValue(1);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("storing", () => {
  it("creates an event for the first packets and patches its count for the next", async () => {
    const { api, post } = setUp();
    expect(await post("web", { count: 1 })).toEqual({ kind: "stored" });
    expect(await post("web", { count: 36, lastMillis: 60_000 })).toEqual({ kind: "stored" });
    expect(api.calls).toEqual(["POST shop", "PATCH shop"]);
    expect(api.requests[1]).toMatchObject({
      contentType: "application/merge-patch+json",
      body: { count: 37, lastTimestamp: "1970-01-01T00:01:00Z" },
    });
  });

  it("adds up what arrives while a request is under way: one create, one patch, no packet lost", async () => {
    const { api, post } = setUp();
    let open = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    api.script = (_request, apply) => (api.requests.length === 1 ? gate.then(apply) : undefined);
    const first = post("web", { count: 2 });
    await settle();
    const others = Array.from({ length: 49 }, () => post("web", { count: 2 }));
    open();
    const answers = await Promise.all([first, ...others]);
    expect(answers.every(({ kind }) => kind === "stored")).toBe(true);
    expect(api.calls).toEqual(["POST shop", "PATCH shop"]);
    expect(api.counts).toEqual([100]);
  });

  it("never lets a count or a time go backwards", async () => {
    const { api, post } = setUp();
    await post("web", { lastMillis: 90_000 });
    await post("web", { lastMillis: 10_000 });
    expect([...api.events.values()][0]).toMatchObject({ count: 2, lastTimestamp: "1970-01-01T00:01:30Z" });
  });

  it("makes another event once the server has forgotten the old one, and counts from one again", async () => {
    const { api, clock, post } = setUp();
    await post("web", { count: 5 });
    await clock.advance(hour + 1);
    await post("web", { count: 1 });
    expect(api.calls).toEqual(["POST shop", "POST shop"]);
    expect(api.counts).toEqual([5, 1]);
  });

  it("makes another event that goes on counting when the old one was deleted", async () => {
    const { api, post } = setUp();
    await post("web", { count: 5 });
    api.events.clear();
    await post("web", { count: 1 });
    expect(api.calls).toEqual(["POST shop", "PATCH shop", "POST shop"]);
    expect(api.counts).toEqual([6]);
  });

  it("patches the latest message into a pod's combined event", async () => {
    const { api, post, combined } = setUp();
    for (let port = 1; port <= 5; port++) await post("web", {}, `port ${port}`);
    expect([...api.events.values()].map(({ message, count }) => `${message} x${count}`)).toEqual([
      "port 1 x1",
      "port 2 x1",
      "port 3 x1",
      "port 5 (combined from similar drops) x2",
    ]);
    expect(combined.notices).toBe(2);
  });
});

describe("a create whose answer is lost", () => {
  it("is not stored twice: the same name is tried again and then patched", async () => {
    const { api, clock, post } = setUp();
    api.script = (_request, apply) => (api.requests.length === 1 && apply() > 0 ? down : undefined);
    expect(await post("web", { count: 3 })).toMatchObject({ kind: "retry", why: "transport" });
    await clock.advance(500);
    expect(await post("web", { count: 3 })).toEqual({ kind: "stored" });
    expect(api.calls).toEqual(["POST shop", "POST shop", "PATCH shop"]);
    expect(api.counts).toEqual([3]);
  });

  it("is created after all when it had never arrived", async () => {
    const { api, clock, post } = setUp();
    api.script = () => (api.requests.length === 1 ? down : undefined);
    await post("web", { count: 3 });
    await clock.advance(500);
    await post("web", { count: 3 });
    expect(api.calls).toEqual(["POST shop", "POST shop"]);
    expect(api.counts).toEqual([3]);
  });
});

describe("a name that is taken", () => {
  it("is replaced once", async () => {
    const { api, post } = setUp();
    api.script = () => (api.requests.length === 1 ? 409 : undefined);
    expect(await post("web", {})).toEqual({ kind: "stored" });
    const names = api.requests.map(({ body }) => (body as { metadata: { name: string } }).metadata.name);
    expect(new Set(names).size).toBe(2);
  });

  it("is given up when the second one is taken too", async () => {
    const { api, post } = setUp();
    api.script = () => 409;
    expect(await post("web", {})).toMatchObject({ kind: "discard", reason: "conflict" });
    expect(api.requests).toHaveLength(2);
  });
});

describe("a failure", () => {
  it("comes again after full jitter over a range that doubles", async () => {
    const { api, clock, post, observed } = setUp();
    api.script = () => 500;
    const waits: unknown[] = [];
    for (let i = 0; i < 9; i++) {
      const answer = await post("web", {});
      waits.push(answer.kind === "retry" ? answer.retryAfterMillis : undefined);
      await clock.advance(30_000);
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    expect(observed.filter(({ kind }) => kind === "retry")).toHaveLength(9);
  });

  it("waits at least as long as the server asks, and jitter spreads the nodes beyond", async () => {
    const { api, post } = setUp();
    api.script = () => response(429, {}, 7000);
    expect(await post("web", {})).toMatchObject({ kind: "retry", why: "throttled", retryAfterMillis: 8750 });
  });

  it("costs no request before its time, and delays no other pod", async () => {
    const { api, clock, post } = setUp();
    api.script = ({ body }) => (JSON.stringify(body).includes('"web"') ? 500 : undefined);
    await post("web", {});
    expect(await post("web", {})).toMatchObject({ kind: "retry", retryAfterMillis: 500 });
    expect(api.requests).toHaveLength(1);
    expect(await post("db", {})).toEqual({ kind: "stored" });
    await clock.advance(500);
    await post("web", {});
    expect(api.requests).toHaveLength(3);
  });

  it("is forgotten when the clock was set back by an hour", async () => {
    const { api, clock, post } = setUp();
    api.script = () => (api.requests.length === 1 ? 500 : undefined);
    await clock.advance(hour);
    await post("web", {});
    clock.setBack(hour);
    expect(await post("web", {})).toEqual({ kind: "stored" });
  });

  it("of a 401 comes again after a minute at the earliest", async () => {
    const { api, post } = setUp();
    api.script = () => 401;
    expect(await post("web", {})).toMatchObject({ why: "unauthorized", retryAfterMillis: 75_000 });
  });

  it("leaves the counts right when packets came again", async () => {
    const { api, clock, post } = setUp();
    await post("web", { count: 10 });
    api.script = () => 503;
    await Promise.all([post("web", { count: 1 }), post("web", { count: 2 })]);
    api.script = () => undefined;
    await clock.advance(2000);
    await Promise.all([post("web", { count: 1 }), post("web", { count: 2 })]);
    expect(api.counts).toEqual([13]);
  });
});

describe("a namespace that refuses", () => {
  const gone = response(404, { message: 'namespaces "shop" not found' });

  it("is not asked again for a minute, and other namespaces are not affected", async () => {
    const { api, clock, post } = setUp();
    api.script = ({ path }) => (path.includes("/shop/") ? gone : undefined);
    expect(await post("web", {})).toMatchObject({ kind: "discard", reason: "not_found" });
    expect(await post("db", {})).toMatchObject({ kind: "discard", reason: "not_found" });
    expect(await post("till", {}, "m", "bank")).toEqual({ kind: "stored" });
    expect(api.calls).toEqual(["POST shop", "POST bank"]);
    await clock.advance(60_000);
    await post("web", {});
    expect(api.calls).toEqual(["POST shop", "POST bank", "POST shop"]);
  });

  it("while terminating still takes patches of events that exist", async () => {
    const { api, post } = setUp();
    await post("web", {});
    const terminating = response(403, { details: { causes: [{ reason: "NamespaceTerminating" }] } });
    api.script = ({ method }) => (method === "POST" ? terminating : undefined);
    expect(await post("db", {})).toMatchObject({ kind: "discard", reason: "namespace_terminating" });
    expect(await post("web", {})).toEqual({ kind: "stored" });
    expect(api.counts).toEqual([2]);
  });
});

it("a mistake in our own code is seen as a discard, and the next drop is tried anew", async () => {
  const { api, parts, post } = setUp();
  const { observe } = parts;
  parts.observe = () => {
    throw new TypeError("oops");
  };
  expect(await post("web", {})).toEqual({ kind: "discard", reason: "internal_error", problem: "oops" });
  parts.observe = observe;
  expect(await post("db", {})).toEqual({ kind: "stored" });
  expect(api.requests).toHaveLength(2);
});

describe("many pods at once", () => {
  it("have one request each under way, within the slots", async () => {
    const { api, post } = setUp();
    let open = () => {};
    const gate = new Promise<number>((resolve) => (open = () => resolve(201)));
    api.script = () => gate;
    const all = Array.from({ length: 100 }, (_, i) => post(`web-${i}`, {}, "m", `ns-${i % 10}`));
    await settle();
    expect(api.mostUnderWay).toBe(8);
    open();
    expect((await Promise.all(all)).every(({ kind }) => kind === "stored")).toBe(true);
  });

  it("end as to come again when the sink stops, and nothing is left under way", async () => {
    const { api, poster, post, stop, clock } = setUp();
    api.script = () => new Promise(() => {});
    const all = Array.from({ length: 30 }, (_, i) => post(`web-${i}`, {}));
    await settle();
    stop.abort(new Error("stop"));
    expect((await Promise.all(all)).every((posted) => posted.kind === "retry" && posted.why === "stopping")).toBe(true);
    await poster.idle();
    expect(clock.sleeping).toBe(0);
  });
});

class SteppingClock extends FakeClock {
  #offset = 0;
  setBack(millis: number): void {
    this.#offset += millis;
  }
  override now(): number {
    return super.now() - this.#offset;
  }
}

function setUp() {
  const clock = new SteppingClock();
  const api = new ScriptedApiServer();
  const stop = new AbortController();
  const observed: Outcome[] = [];
  const combined = { notices: 0 };
  const parts = {
    api,
    clock,
    memory: new SeriesMemory<Waiting>({ maxSeries: 1000, maxDistinct: 3, distinctMillis: 600_000 }),
    budget: new RequestBudget({ requestsPerSecond: 1000, burst: 1000 }, clock),
    slots: new RequestSlots({ inAll: 8, perNamespace: 4 }),
    refusals: new Refusals(clock),
    origin: { reason: "PacketDrop", sourceComponent: "test", host: undefined },
    eventTtlMillis: hour,
    observe: (_verb: unknown, _namespace: unknown, outcome: Outcome) => void observed.push(outcome),
    combined: (notices: number) => {
      combined.notices += notices;
    },
  };
  const poster = new Poster(parts, stop.signal);
  const post = (pod: string, packets: Partial<Packets>, message = "m", namespace = "shop") => {
    const notice: Notice = { pod: { namespace, name: pod, uid: `uid-${pod}` }, message };
    return poster.post(notice, { count: 1, firstMillis: 0, lastMillis: 0, ...packets });
  };
  return { api, clock, parts, poster, post, stop, observed, combined };
}
