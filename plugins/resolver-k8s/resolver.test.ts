import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Endpoint } from "../../core/plugin/index.ts";
import { settle } from "../../core/testkit/fake-clock.ts";
import { type TestContext, testContext } from "../../core/testkit/test-context.ts";
import { resolverK8sOptions } from "./config.ts";
import { PodResolver } from "./resolver.ts";
import { ScriptedApi } from "./testdata/scripted-api.ts";

const lookups = "droplens_kubernetes_lookups_total";
const held = "droplens_kubernetes_held_total";
const signal = new AbortController().signal;

let api: ScriptedApi;
let context: TestContext;
let resolver: PodResolver;

function podJson(name: string, address: string, startTime = "2026-11-20T10:00:00Z"): object {
  return {
    metadata: { name, namespace: "shop", uid: `uid-${name}`, resourceVersion: "11", labels: { app: "web" } },
    spec: { nodeName: "node-a" },
    status: { podIP: address, startTime },
  };
}

async function start(options: object = {}) {
  const parsed = resolverK8sOptions.parse({ startSpread: "0s", podIdentifier: "name", ...options });
  resolver = new PodResolver(parsed, context, () => api);
  await resolver.start(signal);
  await context.clock.advance(0);
  return api.next().open();
}

/** Started and synced, with web-1 at 10.0.0.1. */
async function synced(options: object = {}) {
  const stream = await start(options);
  stream.sendEvent("ADDED", podJson("web-1", "10.0.0.1")).sendInitialEnd("10");
  await settle();
  return stream;
}

/** Asks as of now; what came of it stands in `answer` once it is there. */
function ask(address: string, millisAgo = 0) {
  const question = { address, timeMillis: context.clock.now() - millisAgo };
  const asked: { answer: Endpoint | undefined | "none yet" } = { answer: "none yet" };
  const answer = resolver.resolve(question, signal);
  if (answer instanceof Promise) void answer.then((endpoint) => Object.assign(asked, { answer: endpoint }));
  else asked.answer = answer;
  return asked;
}

function nameOf({ answer }: ReturnType<typeof ask>): string | undefined {
  return typeof answer === "object" ? answer.displayName : answer;
}

beforeEach(() => {
  api = new ScriptedApi();
  context = testContext();
});

afterEach(async () => {
  await resolver.stop();
  await resolver.stop();
  await settle();
  expect(context.clock.sleeping).toBe(0);
  expect(api.isClosed).toBe(true);
});

describe("the resolver of pods", () => {
  it("answers without a promise what the table knows", async () => {
    await synced();
    expect(ask("10.0.0.1").answer).toEqual({
      kind: "pod",
      address: "10.0.0.1",
      displayName: "web-1",
      name: "web-1",
      namespace: "shop",
      uid: "uid-web-1",
      nodeName: "node-a",
    });
  });

  it("answers without a promise what cannot be a pod", async () => {
    await synced();
    for (const address of ["8.8.8.8", "127.0.0.1", "224.0.0.1", "fe80::1", "10.0.9.9"]) {
      expect(ask(address).answer).toBeUndefined();
    }
  });

  it("says that it is not synced, and lets questions wait for the first list", async () => {
    const stream = await start();
    const asked = ask("10.0.0.1");
    await settle();
    expect(asked.answer).toBe("none yet");
    expect(resolver.problems()).toEqual([
      "pods are not synced yet with https://scripted.test: drops have no pod names",
    ]);
    stream.sendEvent("ADDED", podJson("web-1", "10.0.0.1")).sendInitialEnd("10");
    await settle();
    expect(nameOf(asked)).toBe("web-1");
    expect(resolver.problems()).toEqual([]);
    expect(context.metrics.value("droplens_kubernetes_pods")).toBe(1);
  });

  it("answers nobody when the first list does not come in time, and at once from then on", async () => {
    await start({ syncTimeout: "10s" });
    const asked = ask("10.0.0.1");
    await context.clock.advance(10_000);
    expect(asked.answer).toBeUndefined();
    expect(ask("10.0.0.1").answer).toBe("none yet");
    await settle();
    expect(resolver.status().held).toBe(0);
    expect(context.metrics.value(held, { outcome: "not_synced" })).toBe(2);
  });

  it("waits for the status of a pod that has just started, and answers as soon as it comes", async () => {
    const stream = await synced();
    const asked = ask("10.0.0.2");
    await context.clock.advance(2000);
    expect(asked.answer).toBe("none yet");
    stream.sendEvent("ADDED", podJson("web-2", "10.0.0.2", "2026-11-20T19:59:59Z"));
    await settle();
    expect(nameOf(asked)).toBe("web-2");
    expect(context.metrics.value(held, { outcome: "found" })).toBe(1);
  });

  it("waits four seconds after the packet and no longer, and not again for the same address", async () => {
    await synced();
    const asked = ask("10.0.0.250", 1000);
    await context.clock.advance(2900);
    expect(asked.answer).toBe("none yet");
    await context.clock.advance(100);
    expect(asked.answer).toBeUndefined();
    expect(ask("10.0.0.250").answer).toBeUndefined();
    expect(context.metrics.value(held, { outcome: "not_found" })).toBe(1);
  });

  it("does not wait for the pod of an old packet", async () => {
    await synced();
    expect(ask("10.0.0.250", 4000).answer).toBeUndefined();
  });

  it("lets only so many questions wait, and what is known is never delayed", async () => {
    await synced({ maxHeld: 2 });
    const waiting = [ask("10.0.0.10"), ask("10.0.0.11")];
    expect(ask("10.0.0.12").answer).toBeUndefined();
    expect(nameOf(ask("10.0.0.1"))).toBe("web-1");
    expect(context.metrics.value(held, { outcome: "too_many" })).toBe(1);
    await context.clock.advance(4000);
    expect(waiting.map(nameOf)).toEqual([undefined, undefined]);
  });

  it("lets more than maxHeld wait for the first list", async () => {
    const stream = await start({ maxHeld: 2 });
    const waiting = Array.from({ length: 2500 }, () => ask("10.0.0.1"));
    stream.sendEvent("ADDED", podJson("web-1", "10.0.0.1")).sendInitialEnd("10");
    await settle();
    expect(new Set(waiting.map(nameOf))).toEqual(new Set(["web-1"]));
  });

  it("lets go of those who wait when it stops", async () => {
    await synced();
    const asked = ask("10.0.0.10");
    await resolver.stop();
    await settle();
    expect(asked.answer).toBeUndefined();
  });

  it("rejects a question whose asker gives up", async () => {
    await synced();
    const caller = new AbortController();
    const answer = resolver.resolve({ address: "10.0.0.10", timeMillis: context.clock.now() }, caller.signal);
    caller.abort(new Error("gave up"));
    await expect(answer).rejects.toThrow("gave up");
  });

  it("tells the status page what it knows", async () => {
    await synced();
    expect(resolver.status()).toMatchObject({ scope: "cluster", pods: 1, addresses: 1, synced: true, relists: 0 });
  });

  it("does nothing before its start", async () => {
    resolver = new PodResolver(resolverK8sOptions.parse({}), context, () => api);
    expect(ask("10.0.0.1").answer).toBeUndefined();
    expect(resolver.problems()).toEqual([]);
    await resolver.stop();
    expect(api.asked).toEqual([]);
    api.close();
  });
});

describe("the resolver with its own node's scope", () => {
  const node = { scope: "node", nodeName: "node-a" };

  it("watches its node and asks for another node's pod by its address, once for all who want to know", async () => {
    await synced(node);
    const asked = [ask("10.0.5.1"), ask("10.0.5.1")];
    expect(api.waiting).toBe(1);
    expect(api.asked.map((url) => url.searchParams.get("fieldSelector"))).toEqual([
      "spec.nodeName=node-a",
      "status.podIP=10.0.5.1",
    ]);
    api.next().reply(200, { items: [podJson("far-1", "10.0.5.1")] });
    await settle();
    expect(asked.map(nameOf)).toEqual(["far-1", "far-1"]);
    expect(nameOf(ask("10.0.5.1"))).toBe("far-1");
    expect(context.metrics.value(lookups, { outcome: "found" })).toBe(1);
    expect(context.metrics.value(lookups, { outcome: "cached" })).toBe(1);
  });

  it("asks again when the answer has become old, and tells the owners of a reused address apart", async () => {
    await synced(node);
    ask("10.0.5.1");
    api.next().reply(200, { items: [podJson("far-1", "10.0.5.1")] });
    await settle();
    await context.clock.advance(61_000);
    const startTime = new Date(context.clock.now() - 10_000).toISOString();
    const [now, before] = [ask("10.0.5.1"), ask("10.0.5.1", 30_000)];
    api.next().reply(200, { items: [podJson("far-2", "10.0.5.1", startTime)] });
    await settle();
    expect(nameOf(now)).toBe("far-2");
    expect(nameOf(before)).toBe("far-1");
  });

  it("remembers for a while that nobody has an address", async () => {
    await synced(node);
    ask("10.0.5.1");
    api.next().reply(200, { items: [] });
    await settle();
    expect(ask("10.0.5.1").answer).toBeUndefined();
    await context.clock.advance(31_000);
    ask("10.0.5.1");
    expect(api.waiting).toBe(1);
    expect(context.metrics.value(lookups, { outcome: "not_found" })).toBe(1);
  });

  it("asks no more than it may, and counts what it did not ask", async () => {
    await synced({ ...node, lookups: { perMinute: 6, burst: 3 } });
    const asked = Array.from({ length: 5 }, (_, i) => ask(`10.0.5.${i}`));
    await settle();
    expect(api.waiting).toBe(3);
    expect(asked.map(nameOf).slice(3)).toEqual([undefined, undefined]);
    expect(context.metrics.value(lookups, { outcome: "rate_limited" })).toBe(2);
    while (api.waiting > 0) api.next().reply(200, { items: [] });
    await context.clock.advance(10_000);
    ask("10.0.6.1");
    ask("10.0.6.2");
    await settle();
    expect(api.waiting).toBe(1);
  });

  it("leaves the server alone for as long as its 429 says", async () => {
    await synced({ ...node, lookups: { perMinute: 30 } });
    const asked = ask("10.0.5.1");
    api.next().reply(429, { kind: "Status", message: "busy" }, 60_000);
    await settle();
    expect(asked.answer).toBeUndefined();
    await context.clock.advance(59_000);
    ask("10.0.5.2");
    expect(api.waiting).toBe(0);
    await context.clock.advance(4000);
    ask("10.0.5.3");
    expect(api.waiting).toBe(1);
    expect(context.logger.messages("warn")).toEqual([
      "cannot ask https://scripted.test (test) for the pod of an address of another node: 429: busy",
    ]);
  });

  it("answers nobody when the question fails, and may ask again", async () => {
    await synced(node);
    const asked = ask("10.0.5.1");
    api.next().fail(new Error("broken"));
    await settle();
    expect(asked.answer).toBeUndefined();
    expect(context.metrics.value(lookups, { outcome: "failed" })).toBe(1);
    ask("10.0.5.1");
    expect(api.waiting).toBe(1);
  });

  it("asks only for addresses in the networks of pods, if they are given", async () => {
    await synced({ ...node, podNetworks: ["10.0.0.0/16", "fd00::/8"] });
    expect(ask("93.184.216.34").answer).toBeUndefined();
    expect(ask("2001:db8::1").answer).toBeUndefined();
    expect(api.waiting).toBe(0);
    ask("fd00::1");
    expect(api.waiting).toBe(1);
  });

  it("is chosen by itself when the node's name is given", async () => {
    await synced({ nodeName: "node-a" });
    expect(resolver.status().scope).toBe("node-a");
  });
});
