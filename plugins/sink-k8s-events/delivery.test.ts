import { describe, expect, it } from "vitest";
import type { DeliveryResult, DropReport, Endpoint } from "../../core/plugin/index.ts";
import { dropReport } from "../../core/testkit/drops.ts";
import { settle } from "../../core/testkit/fake-clock.ts";
import { testContext } from "../../core/testkit/test-context.ts";
import { Delivery } from "./delivery.ts";
import { Journal } from "./journal.ts";
import { Ledger, settledBy } from "./ledger.ts";
import type { Outcome, Verb } from "./outcome.ts";
import { Poster, type Waiting } from "./poster.ts";
import { Refusals } from "./refusals.ts";
import { RequestBudget } from "./request-budget.ts";
import { RequestSlots } from "./request-slots.ts";
import { SeriesMemory } from "./series.ts";
import { response, ScriptedApiServer } from "./testdata/scripted-api-server.ts";

const { signal } = new AbortController();
const web = pod("web", "shop");
const db = pod("db", "bank");
const nothing = { discarded: [], retry: [] };

describe("delivering a report", () => {
  it("stores an event on both pods", async () => {
    const { api, delivery } = setUp();
    expect(await delivery.deliver([dropReport({ source: web, destination: db })], signal)).toEqual(nothing);
    expect(api.calls.sort()).toEqual(["POST bank", "POST shop"]);
  });

  it("is done at once when no side is a pod", async () => {
    const { api, delivery } = setUp();
    expect(await delivery.deliver([dropReport()], signal)).toEqual(nothing);
    expect(api.requests).toEqual([]);
  });

  it("counts a stored side once when the other must come again", async () => {
    const { api, ledger, clock, delivery } = setUp();
    const report = dropReport({ source: web, destination: db, count: 5 });
    api.script = ({ path }) => (path.includes("/bank/") ? 503 : undefined);
    const first = await delivery.deliver([report], signal);
    expect(first.retry).toEqual([{ report, retryAfterMillis: expect.any(Number) }]);
    api.script = () => undefined;
    await clock.advance(1000);
    expect(await delivery.deliver([report], signal)).toEqual(nothing);
    expect(api.counts).toEqual([5, 5]);
    expect(ledger.size).toBe(0);
  });

  it("is stored when one side is, and discarded only when none can be; each event given up is counted", async () => {
    const { api, metrics, delivery } = setUp();
    const half = dropReport({ source: web, destination: db });
    const whole = dropReport({ destination: db });
    api.script = ({ path }) => (path.includes("/bank/") ? 422 : undefined);
    expect(await delivery.deliver([half], signal)).toEqual(nothing);
    expect(await delivery.deliver([whole], signal)).toEqual({
      discarded: [{ report: whole, reason: "invalid" }],
      retry: [],
    });
    expect(metrics.value("droplens_events_discarded_total", { reason: "invalid" })).toBe(2);
  });

  it("counts a side that is given up once although the report comes again for the other", async () => {
    const { api, clock, metrics, delivery } = setUp();
    const report = dropReport({ source: web, destination: db });
    api.script = ({ path }) => (path.includes("/bank/") ? 422 : 503);
    await delivery.deliver([report], signal);
    api.script = () => undefined;
    await clock.advance(1000);
    expect(await delivery.deliver([report], signal)).toEqual(nothing);
    expect(metrics.value("droplens_events_discarded_total", { reason: "invalid" })).toBe(1);
    expect(api.counts).toEqual([1]);
  });

  it("rejects when its signal aborts, and counts nothing twice when the batch comes again", async () => {
    const { api, delivery } = setUp();
    const report = dropReport({ source: web, destination: db, count: 3 });
    let open = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    api.script = (_request, apply) => gate.then(apply);
    const call = new AbortController();
    const first = delivery.deliver([report], call.signal);
    await settle();
    call.abort(new Error("deadline"));
    await expect(first).rejects.toThrow("deadline");
    open();
    expect(await delivery.deliver([report], signal)).toEqual(nothing);
    expect(api.counts).toEqual([3, 3]);
  });
});

describe("a server that is away", () => {
  const reports = Array.from({ length: 30 }, (_, i) => dropReport({ source: pod(`web-${i}`, "shop") }));
  const refused = () => new Error("connect ECONNREFUSED");

  /** With the time that a batch waits for its slowest event. */
  async function deliverSlowly({ delivery, clock }: ReturnType<typeof setUp>, batch: readonly DropReport[]) {
    const outcome = delivery.deliver(batch, signal).catch((error: unknown) => error);
    await settle();
    await clock.advance(2000);
    return await outcome;
  }

  it("makes the queue wait: the batch comes again as a whole, and each packet is told once", async () => {
    const parts = setUp();
    parts.api.script = refused;
    const message = expect.stringContaining("ECONNREFUSED");
    expect(await deliverSlowly(parts, reports)).toMatchObject({ retryable: true, message });
    const tried = parts.api.requests.length;
    expect(await deliverSlowly(parts, reports.slice(0, 1))).toMatchObject({ retryable: true, message });
    expect(parts.api.requests.length - tried).toBeLessThan(reports.length);
    parts.api.script = () => undefined;
    await parts.clock.advance(60_000);
    for (let rest: readonly DropReport[] = reports; rest.length > 0; ) {
      const { retry = [] } = (await deliverSlowly(parts, rest)) as DeliveryResult;
      rest = retry.map(({ report }) => report);
    }
    expect(parts.api.counts).toEqual(reports.map(() => 1));
  });

  it("is away too when it answers every request with an error", async () => {
    const parts = setUp();
    parts.api.script = () => 503;
    expect(await deliverSlowly(parts, reports)).toMatchObject({ retryable: true });
  });

  it("is not away when it stored something in between: the others come again one by one", async () => {
    const parts = setUp();
    parts.api.script = () => (parts.api.requests.length % 5 === 0 ? undefined : 503);
    expect(await deliverSlowly(parts, reports)).toMatchObject({ retry: expect.any(Array) });
  });
});

describe("a slow event", () => {
  it("does not hold up the others of its batch for long, and is not sent twice", async () => {
    const { api, clock, delivery } = setUp();
    let open = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    api.script = ({ path }, apply) => (path.includes("/bank/") ? gate.then(apply) : undefined);
    const fast = dropReport({ source: web });
    const slow = dropReport({ source: db });
    const first = delivery.deliver([fast, slow], signal);
    await settle();
    await clock.advance(2000);
    expect(await first).toEqual({ discarded: [], retry: [{ report: slow, retryAfterMillis: 1000 }] });
    const second = delivery.deliver([slow], signal);
    open();
    expect(await second).toEqual(nothing);
    expect(api.calls).toEqual(["POST shop", "POST bank"]);
  });

  it("leaves a pod in another namespace its way while a hundred wait for it", async () => {
    const { api, delivery } = setUp();
    api.script = ({ path }) => (path.includes("/bank/") ? new Promise<number>(() => {}) : undefined);
    for (let i = 0; i < 100; i++) {
      delivery.deliver([dropReport({ source: pod(`db-${i}`, "bank") })], signal).catch(() => {});
    }
    await settle();
    expect(await delivery.deliver([dropReport({ source: web })], signal)).toEqual(nothing);
  });
});

describe("a port scan on one pod", () => {
  it("makes a bounded number of events in which every packet is counted", async () => {
    const { api, metrics, delivery } = setUp();
    for (let batch = 0; batch < 50; batch++) {
      const reports = Array.from({ length: 20 }, (_, i) => scanned(batch * 20 + i));
      expect(await delivery.deliver(reports, signal)).toEqual(nothing);
    }
    expect(api.events.size).toBe(21);
    expect(api.counts.reduce((sum, count) => sum + count, 0)).toBe(1000);
    expect(metrics.value("droplens_events_combined_total")).toBe(980);
    expect(api.requests.length).toBeLessThan(120);
  });

  function scanned(port: number): DropReport {
    const report = dropReport({ destination: db });
    return { ...report, drop: { ...report.drop, destinationPort: port } };
  }
});

describe("the ledger", () => {
  it("forgets the report that nobody touched for longest beyond its capacity", () => {
    const ledger = new Ledger(2);
    for (const id of [1, 2]) ledger.keep(id, []);
    ledger.keep(1, []);
    ledger.keep(3, []);
    expect([1, 2, 3].map((id) => ledger.find(id) !== undefined)).toEqual([true, false, true]);
  });

  it("calls a report without any pod stored", () => {
    expect(settledBy([])).toEqual({ kind: "stored" });
  });
});

it("an overloaded server gets fewer requests, and all of them in the end", async () => {
  const { api, budget, clock, delivery } = setUp();
  api.script = () => response(429, {}, 1000);
  const reports = Array.from({ length: 10 }, (_, i) => dropReport({ source: pod(`web-${i}`, "shop") }));
  const refused = delivery.deliver(reports, signal).catch((error: unknown) => error);
  await settle();
  await clock.advance(900);
  expect(await refused).toMatchObject({ retryable: true });
  expect(budget.perSecond).toBe(50);
  api.script = () => undefined;
  await clock.advance(5000);
  const stored = delivery.deliver(reports, signal);
  await settle();
  await clock.advance(900);
  expect(await stored).toEqual(nothing);
  expect(api.counts).toEqual(Array.from({ length: 10 }, () => 1));
});

function pod(name: string, namespace: string): Endpoint {
  return { kind: "pod", address: "10.0.0.7", displayName: namespace, name, namespace, uid: `uid-${name}` };
}

function setUp() {
  const context = testContext();
  const { clock, metrics } = context;
  const api = new ScriptedApiServer();
  const journal = new Journal(context, api.address);
  const budget = new RequestBudget({ requestsPerSecond: 100, burst: 5000 }, clock);
  const parts = {
    api,
    clock,
    memory: new SeriesMemory<Waiting>({ maxSeries: 1000, maxDistinct: 20, distinctMillis: 600_000 }),
    budget,
    slots: new RequestSlots({ inAll: 28, perNamespace: 12 }),
    refusals: new Refusals(clock),
    origin: { reason: "PacketDrop", sourceComponent: "test", host: undefined },
    eventTtlMillis: 3_600_000,
    observe: (verb: Verb, _namespace: string, outcome: Outcome) => journal.answered(verb, outcome),
    combined: (notices: number) => journal.combined(notices),
  };
  const ledger = new Ledger(1000);
  const poster = new Poster(parts, new AbortController().signal);
  return {
    api,
    clock,
    metrics,
    budget,
    ledger,
    delivery: new Delivery({ poster, ledger, journal, clock, notices: { sides: "both", namePolicy: true } }),
  };
}
