import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RetryableError } from "../../core/plugin/index.ts";
import { settle } from "../../core/testkit/fake-clock.ts";
import { type TestContext, testContext } from "../../core/testkit/test-context.ts";
import { PodTable } from "./pod-table.ts";
import { PodWatch } from "./pod-watch.ts";
import { ScriptedApi } from "./testdata/scripted-api.ts";

const errors = "droplens_kubernetes_watch_errors_total";
/** Longer than any back-off. */
const backoffMillis = 61_000;

let api: ScriptedApi;
let table: PodTable;
let context: TestContext;
let watch: PodWatch;
let stop: AbortController;
let running: Promise<void>;

function podJson(name: string, address: string, resourceVersion = "1"): object {
  return {
    metadata: { name, namespace: "shop", uid: `uid-${name}`, resourceVersion },
    spec: { nodeName: "node-a" },
    status: { podIP: address, startTime: "2026-11-20T10:00:00Z" },
  };
}

function start(parts: { nodeName?: string; startSpreadMillis?: number } = {}): void {
  const { metrics, clock, logger } = context;
  watch = new PodWatch({
    api,
    table,
    clock,
    logger,
    errors: metrics.counter({ name: errors }),
    relists: metrics.counter({ name: "relists" }),
    labelKey: undefined,
    nodeName: parts.nodeName,
    startSpreadMillis: parts.startSpreadMillis ?? 0,
    onPod: () => {},
    onSynced: () => {},
  });
  running = watch.run(stop.signal);
}

const owner = (address: string): string | undefined => table.find(address, context.clock.now())?.name;
const parameter = (name: string): string | null | undefined => api.asked.at(-1)?.searchParams.get(name);

/** Started, with web-1 in the table and a watch that is open at resourceVersion 10. */
async function synced() {
  start();
  await context.clock.advance(0);
  const stream = api.next().open();
  stream.sendEvent("ADDED", podJson("web-1", "10.0.0.1")).sendInitialEnd("10");
  await settle();
  return stream;
}

/** The next request, which is made after a back-off. */
async function afterBackoff() {
  await settle();
  for (let waited = 0; api.waiting === 0 && waited < backoffMillis; waited += 500) await context.clock.advance(500);
  return api.next();
}

beforeEach(() => {
  api = new ScriptedApi();
  table = new PodTable(600_000);
  context = testContext();
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort(new Error("end of the test"));
  await running;
  expect(api.waiting).toBe(0);
  expect(context.clock.sleeping).toBe(0);
});

describe("the watch of pods", () => {
  it("is synced by the initial events of one watch and goes on from their end", async () => {
    const stream = await synced();
    expect([...(api.asked[0]?.searchParams.keys() ?? [])].sort()).toEqual([
      "allowWatchBookmarks",
      "resourceVersionMatch",
      "sendInitialEvents",
      "timeoutSeconds",
      "watch",
    ]);
    expect(watch.isSynced).toBe(true);
    stream.sendEvent("ADDED", podJson("web-2", "10.0.0.2", "11"));
    stream.sendEvent("DELETED", podJson("web-1", "10.0.0.1", "12"));
    await settle();
    await context.clock.advance(2000);
    expect(owner("10.0.0.2")).toBe("web-2");
    expect(owner("10.0.0.1")).toBeUndefined();
  });

  it("asks for its own node's pods only, when told so", async () => {
    start({ nodeName: "node-a" });
    await context.clock.advance(0);
    expect(parameter("fieldSelector")).toBe("spec.nodeName=node-a");
    api.next();
  });

  it("does not ask at once when it is to spread its start", async () => {
    start({ startSpreadMillis: 1_000_000_000 });
    await context.clock.advance(0);
    expect(api.asked).toHaveLength(0);
    await context.clock.advance(1_000_000_000);
    expect(api.asked).toHaveLength(1);
    api.next();
  });

  it("is not synced before the initial events are complete, and begins again when they were cut", async () => {
    start();
    await context.clock.advance(0);
    api.next().open().sendEvent("ADDED", podJson("web-1", "10.0.0.1")).end();
    await settle();
    expect(watch.isSynced).toBe(false);
    const stream = await afterBackoff();
    expect(parameter("sendInitialEvents")).toBe("true");
    stream.open().sendEvent("ADDED", podJson("web-2", "10.0.0.2")).sendInitialEnd("10");
    await settle();
    await context.clock.advance(2000);
    expect(owner("10.0.0.1")).toBeUndefined();
    expect(owner("10.0.0.2")).toBe("web-2");
  });

  it("goes on from the last resourceVersion when the server ends a watch, without an error", async () => {
    const stream = await synced();
    stream.sendEvent("BOOKMARK", { metadata: { resourceVersion: "17" } }).end();
    const next = await afterBackoff();
    expect(parameter("resourceVersion")).toBe("17");
    next.open().sendEvent("ADDED", podJson("web-2", "10.0.0.2", "18"));
    await settle();
    expect(owner("10.0.0.2")).toBe("web-2");
    expect(context.metrics.series().filter((series) => series.startsWith(errors))).toEqual([]);
    expect(watch.problem).toBeUndefined();
  });

  it("lists anew after 410 Gone, as an event or as a status, and lets go of pods that vanished meanwhile", async () => {
    const stream = await synced();
    stream.sendEvent("ERROR", { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" });
    (await afterBackoff()).reply(410, { kind: "Status", code: 410, reason: "Gone" });
    const next = await afterBackoff();
    expect(parameter("sendInitialEvents")).toBe("true");
    next.open().sendEvent("ADDED", podJson("web-2", "10.0.0.2")).sendInitialEnd("50");
    await settle();
    await context.clock.advance(2000);
    expect(owner("10.0.0.1")).toBeUndefined();
    expect(owner("10.0.0.2")).toBe("web-2");
    expect(context.metrics.value(errors, { reason: "gone" })).toBe(2);
    expect(watch.relistCount).toBe(2);
  });

  it("answers from what it has while it lists anew", async () => {
    const stream = await synced();
    stream.sendEvent("ERROR", { kind: "Status", code: 410, reason: "Expired" });
    (await afterBackoff()).open();
    await settle();
    expect(owner("10.0.0.1")).toBe("web-1");
    expect(watch.isSynced).toBe(true);
  });

  it.each([
    ["500", 500, "server_error"],
    ["503", 503, "server_error"],
    ["429", 429, "throttled"],
    ["401", 401, "unauthorized"],
    ["403", 403, "forbidden"],
  ])("goes on from where it was after %s", async (_, status, reason) => {
    const stream = await synced();
    stream.end();
    (await afterBackoff()).reply(status, { kind: "Status", message: "no" });
    (await afterBackoff()).reply(status, { kind: "Status", message: "no" });
    const next = await afterBackoff();
    expect(parameter("resourceVersion")).toBe("10");
    expect(context.metrics.value(errors, { reason })).toBe(2);
    expect(watch.problem).toContain("no");
    next.open();
    await settle();
    expect(watch.problem).toBeUndefined();
  });

  it("waits as long as a 429 says", async () => {
    const stream = await synced();
    stream.end();
    (await afterBackoff()).reply(429, { kind: "Status" }, 600_000);
    await settle();
    await context.clock.advance(599_000);
    expect(api.waiting).toBe(0);
    await context.clock.advance(200_000);
    api.next();
  });

  it("goes on after the connection broke or fell silent", async () => {
    const stream = await synced();
    stream.fail(new RetryableError("KUBERNETES_UNREACHABLE", "silence for 150 s"));
    const next = await afterBackoff();
    expect(parameter("resourceVersion")).toBe("10");
    expect(watch.problem).toMatch(/silence for 150 s; trying again/);
    expect(context.metrics.value(errors, { reason: "unreachable" })).toBe(1);
    next.open();
  });

  it("waits longer and longer while nothing works, up to a minute, and logs once a minute", async () => {
    const stream = await synced();
    stream.end();
    const before = context.clock.now();
    for (let i = 0; i < 40; i++) {
      (await afterBackoff()).fail(new RetryableError("KUBERNETES_UNREACHABLE", "refused"));
    }
    const millis = context.clock.now() - before;
    expect(millis).toBeGreaterThan(5 * 60_000);
    expect(millis).toBeLessThan(41 * 61_000);
    expect(context.logger.messages("warn").length).toBeLessThanOrEqual(millis / 60_000 + 1);
  });

  it("does not storm a server that ends every watch at once", async () => {
    const stream = await synced();
    stream.end();
    let asked = 0;
    for (let second = 0; second < 600; second++) {
      await context.clock.advance(1000);
      while (api.waiting > 0) {
        asked++;
        api.next().open().end();
        await settle();
      }
    }
    expect(asked).toBeLessThan(60);
    expect(asked).toBeGreaterThan(5);
  });

  it("names the missing right and the rule to add, once a minute, and works as soon as it is granted", async () => {
    start();
    await context.clock.advance(0);
    const message = 'pods is forbidden: User "x" cannot watch resource "pods" in API group "" at the cluster scope';
    for (let i = 0; i < 5; i++) {
      api.next().reply(403, { kind: "Status", code: 403, reason: "Forbidden", message });
      await settle();
      if (i === 0) {
        expect(watch.problem).toBe(
          `cannot watch pods at https://scripted.test (test): 403 Forbidden: ${message}; add to the ClusterRole: ` +
            `{apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"]}`,
        );
      }
      await context.clock.advance(backoffMillis);
    }
    const logged = context.logger.messages("error");
    expect(logged.length).toBe(5);
    api.next().open().sendInitialEnd("10");
    await settle();
    expect(watch.isSynced).toBe(true);
    expect(watch.problem).toBeUndefined();
  });

  it("reads the watch again after a line that is no event, and lists anew when it stands there again and again", async () => {
    let stream = await synced();
    for (let i = 0; i < 3; i++) {
      stream.send('{"type":"ADDED","obj\n');
      stream = await afterBackoff();
      stream.open();
    }
    expect(context.metrics.value(errors, { reason: "bad_line" })).toBe(3);
    expect(parameter("sendInitialEvents")).toBe("true");
  });

  it("does not mind a line that comes in pieces", async () => {
    const stream = await synced();
    const bytes = Buffer.from(`${JSON.stringify({ type: "ADDED", object: podJson("wéb", "10.0.0.5", "11") })}\n\n`);
    for (const byte of bytes) stream.send(Uint8Array.of(byte));
    await settle();
    for (let i = 0; i < 300 && owner("10.0.0.5") === undefined; i++) await settle();
    expect(owner("10.0.0.5")).toBe("wéb");
  });

  it("counts an object that is no pod and goes on", async () => {
    const stream = await synced();
    stream.sendEvent("ADDED", { metadata: {} }).sendEvent("ADDED", podJson("web-2", "10.0.0.2", "12"));
    await settle();
    expect(owner("10.0.0.2")).toBe("web-2");
    expect(context.metrics.value(errors, { reason: "bad_object" })).toBe(1);
  });

  it("gives a line up that never ends", async () => {
    const stream = await synced();
    for (let i = 0; i < 5; i++) stream.send(new Uint8Array(1024 * 1024));
    const next = await afterBackoff();
    expect(context.metrics.value(errors, { reason: "bad_line" })).toBe(1);
    next.open();
  });

  it("lists page by page where the server refuses initial events", async () => {
    start();
    await context.clock.advance(0);
    api.next().reply(422, { kind: "Status", code: 422, reason: "Invalid", message: "sendInitialEvents is forbidden" });
    const first = await afterBackoff();
    expect(parameter("limit")).toBe("500");
    first.reply(200, {
      kind: "PodList",
      metadata: { resourceVersion: "20", continue: "more" },
      items: [podJson("web-1", "10.0.0.1"), podJson('w"e}b]\\', "10.0.0.2")],
    });
    await settle();
    expect(watch.isSynced).toBe(false);
    expect(parameter("continue")).toBe("more");
    api.next().reply(200, { metadata: { resourceVersion: "20" }, items: [podJson("web-3", "10.0.0.3")] });
    await settle();
    expect(watch.isSynced).toBe(true);
    expect(parameter("resourceVersion")).toBe("20");
    expect(["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(owner)).toEqual(["web-1", 'w"e}b]\\', "web-3"]);
    api.next().open();
  });

  it("lists page by page where the server does not mark the end of the initial events", async () => {
    start();
    await context.clock.advance(0);
    api
      .next()
      .open()
      .sendEvent("BOOKMARK", { metadata: { resourceVersion: "9" } });
    await afterBackoff();
    expect(parameter("limit")).toBe("500");
  });

  it("begins the list again when its continue token has expired", async () => {
    start();
    await context.clock.advance(0);
    api.next().reply(400, { kind: "Status", code: 400 });
    const page = { metadata: { resourceVersion: "20", continue: "old" }, items: [podJson("web-1", "10.0.0.1")] };
    (await afterBackoff()).reply(200, page);
    await settle();
    api.next().reply(410, { kind: "Status", code: 410, reason: "Expired" });
    const again = await afterBackoff();
    expect(parameter("continue")).toBeNull();
    again.reply(200, { metadata: { resourceVersion: "30" }, items: [] });
    await settle();
    expect(watch.isSynced).toBe(true);
    await context.clock.advance(2000);
    expect(owner("10.0.0.1")).toBeUndefined();
    api.next();
  });

  it("lists anew after etcd was put back to an earlier time", async () => {
    const stream = await synced();
    stream.end();
    const causes = [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }];
    (await afterBackoff()).reply(504, { kind: "Status", code: 504, reason: "Timeout", details: { causes } });
    await afterBackoff();
    expect(parameter("sendInitialEvents")).toBe("true");
  });

  it("frees the connection of a watch that it gives up", async () => {
    const stream = await synced();
    stream.send("garbage\n");
    await settle();
    expect(stream.isAborted).toBe(true);
  });
});
