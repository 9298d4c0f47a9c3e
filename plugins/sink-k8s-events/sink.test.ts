/** The whole sink, through its definition, against the embedded Kubernetes API on loopback. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Endpoint } from "../../core/plugin/index.ts";
import { dropReport, packetDrop } from "../../core/testkit/drops.ts";
import { type FakeKubernetes, startFakeKubernetes } from "../../core/testkit/fake-kubernetes/index.ts";
import { testContext } from "../../core/testkit/test-context.ts";
import sinkK8sEvents from "./index.ts";

const { signal } = new AbortController();
const nothing = { discarded: [], retry: [] };
const sinks: { stop?(signal: AbortSignal): Promise<void> }[] = [];
let server: FakeKubernetes;
let web: Endpoint;
let db: Endpoint;

beforeEach(async () => {
  server = await startFakeKubernetes();
  web = pod("web", "shop", "10.0.0.7");
  db = pod("db", "bank", "10.0.0.9");
});

afterEach(async () => {
  for (const sink of sinks.splice(0)) await sink.stop?.(signal);
  await server.stop();
});

describe("a drop", () => {
  it("is told to both pods in the tailer's words, and its repeats raise the counts", async () => {
    const { sink, context } = await start({ host: "node-1" });
    const first = dropReport({ source: web, destination: db });
    await sink.deliver([first], signal);
    await sink.deliver([{ ...first, id: first.id + 1_000_000, count: 36, repeat: true }], signal);
    expect(told()).toEqual([
      "db x37 Packet dropped when receiving traffic from web (10.0.0.7) on port 80/TCP",
      "web x37 Packet dropped when sending traffic to db (10.0.0.9) on port 80/TCP",
    ]);
    expect(server.list("Event", "shop")[0]).toMatchObject({
      reason: "PacketDrop",
      type: "Warning",
      source: { component: "kube-iptables-tailer", host: "node-1" },
      involvedObject: { kind: "Pod", name: "web", uid: web.uid },
    });
    expect(context.metrics.value("droplens_events_posted_total", { verb: "create" })).toBe(2);
    expect(context.metrics.value("droplens_events_posted_total", { verb: "patch" })).toBe(2);
    expect(sink.status?.()).toMatchObject({ server: server.url, series: 2, requestsPerSecond: 150, underWay: 0 });
  });

  it("is not told to a pod in the node's own network", async () => {
    const { sink } = await start({});
    const report = dropReport({ source: { ...web, hostNetwork: true }, destination: { ...db, kind: "node" } });
    expect(await sink.deliver([report], signal)).toEqual(nothing);
    expect(told()).toEqual([]);
  });
});

describe("a server in trouble", () => {
  it("that is down at the start is no reason not to start: it is said, and reports come again", async () => {
    await server.stop();
    const { sink, context } = await start({});
    const report = dropReport({ source: web });
    const problem = expect.stringContaining(`cannot reach the Kubernetes API server ${server.url}`);
    await expect.poll(() => sink.problems?.(), { interval: 5 }).toEqual([problem]);
    await expect(sink.deliver([report], signal)).rejects.toMatchObject({ retryable: true, message: problem });
    expect(context.logger.messages("error")).toEqual([]);
  });

  for (const kind of ["lost-answer", "cut"] as const) {
    it(`whose connection breaks (${kind}) has each packet once in the end`, async () => {
      const { sink, context } = await start({});
      const report = dropReport({ source: web, destination: db, count: 5 });
      server.fault({ method: "POST", path: /shop\/events$/, answer: { kind } });
      expect((await sink.deliver([report], signal))?.retry).toHaveLength(1);
      await context.clock.advance(1000);
      expect(await sink.deliver([report], signal)).toEqual(nothing);
      expect(told()).toEqual([expect.stringContaining("db x5 "), expect.stringContaining("web x5 ")]);
    });
  }

  it("that says 429 is asked again when it wanted, and at half the rate", async () => {
    const { sink } = await start({});
    server.fault({ method: "POST", path: /shop\/events$/, answer: { kind: "status", status: 429, retryAfter: "7" } });
    const result = await sink.deliver([dropReport({ source: web, destination: db })], signal);
    expect(result?.retry?.[0]?.retryAfterMillis).toBeGreaterThanOrEqual(7000);
    expect(told()).toEqual([expect.stringContaining("db x1 ")]);
    expect(sink.status?.()).toMatchObject({ lastError: { problem: expect.stringContaining("429") } });
  });

  it("leaves nothing of a pod's namespace to retry once it is terminating or gone", async () => {
    const { sink, context } = await start({});
    server.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" }, status: { phase: "Terminating" } });
    const terminating = dropReport({ source: web });
    const missing = dropReport({ source: { ...web, namespace: "nowhere", uid: "other" } });
    expect(await sink.deliver([terminating, missing], signal)).toEqual({
      discarded: [
        { report: terminating, reason: "namespace_terminating" },
        { report: missing, reason: "not_found" },
      ],
      retry: [],
    });
    expect(context.metrics.value("droplens_events_discarded_total", { reason: "namespace_terminating" })).toBe(1);
  });
});

describe("without the right to create events", () => {
  it("it is named with the rule to add, and drops are discarded by reason without asking for each", async () => {
    server.setRights(({ verb, resource }) => verb !== "create" || resource !== "events");
    const { sink, context } = await start({});
    for (let i = 0; i < 5; i++) {
      const report = dropReport({ source: web });
      expect(await sink.deliver([report], signal)).toMatchObject({ discarded: [{ report, reason: "missing_right" }] });
    }
    expect(posts()).toHaveLength(1);
    expect(sink.problems?.()).toEqual([expect.stringContaining('resources: ["events"], verbs: ["create", "patch"]')]);
    expect(context.logger.messages("error")).toHaveLength(1);
    expect(context.metrics.value("droplens_events_discarded_total", { reason: "missing_right" })).toBe(5);
  });

  it("events are posted again soon after it is granted", async () => {
    server.setRights(({ verb, resource }) => verb !== "create" || resource !== "events");
    const { sink, context } = await start({});
    await sink.deliver([dropReport({ source: web })], signal);
    server.setRights(() => true);
    await context.clock.advance(10_000);
    expect(await sink.deliver([dropReport({ source: web })], signal)).toEqual(nothing);
    expect(sink.problems?.()).toEqual([]);
  });
});

describe("check, without start", () => {
  it("tries the server and each right", async () => {
    server.setRights(({ verb }) => verb !== "patch");
    const findings = await create({}).sink.check?.(signal);
    expect(findings?.map(({ ok }) => ok)).toEqual([true, true, false]);
    expect(findings?.[2]?.problem).toContain("missing right: events: patch");
  });

  it("finds fault with a server that is down, without rejecting", async () => {
    await server.stop();
    const findings = await create({}).sink.check?.(signal);
    expect(findings).toEqual([
      { ok: false, what: expect.any(String), problem: expect.stringContaining("ECONNREFUSED") },
    ]);
  });

  it("says what is wrong with the credentials", async () => {
    server.fault({ path: /selfsubject/, times: 9, answer: { kind: "status", status: 401, message: "Unauthorized" } });
    const findings = await create({}).sink.check?.(signal);
    expect(findings?.[1]?.problem).toContain("401");
  });

  it("says where it looked for a server when there is none", async () => {
    const findings = await create({ server: "" }).sink.check?.(signal);
    expect(findings?.[0]?.problem).toContain("no Kubernetes API server to talk to");
  });
});

describe("the life of the sink", () => {
  it("does not start without a way to log in", async () => {
    const { sink } = create({ server: "" });
    await expect(sink.start?.(signal)).rejects.toMatchObject({ code: "KUBERNETES_NO_CREDENTIALS" });
  });

  it("stops before start, twice, and with requests under way, and leaves nothing running", async () => {
    const unstarted = create({}).sink;
    await unstarted.stop?.(signal);
    const { sink, context } = await start({});
    server.fault({ path: /shop\/events$/, answer: { kind: "hang" } });
    const report = dropReport({ source: web });
    const delivery = sink.deliver([report], signal);
    await expect.poll(() => posts().length, { interval: 5 }).toBe(1);
    await Promise.all([sink.stop?.(signal), sink.stop?.(signal)]);
    expect((await delivery)?.retry?.map((one) => one.report)).toEqual([report]);
    expect(context.clock.sleeping).toBe(0);
  });

  it("uses few connections for many events", async () => {
    const { sink } = await start({});
    for (let port = 1; port <= 60; port++) {
      const drop = packetDrop({ destinationPort: port });
      await sink.deliver([dropReport({ drop, source: web, destination: db })], signal);
    }
    expect(posts()).toHaveLength(42);
    expect(server.connections).toBeLessThanOrEqual(4);
  });
});

describe("the options", () => {
  it("need nothing, and are the tailer's by default", () => {
    expect(parse({})).toMatchObject({ value: { reason: "PacketDrop", sourceComponent: "kube-iptables-tailer" } });
  });

  it("refuse unknown keys, a reason with a line feed, a bare number as a duration, an unknown side", () => {
    for (const wrong of [{ reasn: "X" }, { reason: "Packet\nDrop" }, { eventTtl: 3600 }, { sides: "sender" }]) {
      expect(parse(wrong), JSON.stringify(wrong)).toHaveProperty("issues");
    }
  });
});

function parse(written: object) {
  return sinkK8sEvents.options["~standard"].validate(written);
}

function create(written: object) {
  const parsed = parse({ server: server.url, ...written });
  if (parsed instanceof Promise || parsed.issues !== undefined) throw new Error("the options are wrong");
  const context = testContext();
  const sink = sinkK8sEvents.create(parsed.value, context);
  sinks.push(sink);
  return { sink, context };
}

/** Started, and its first questions about the rights answered. */
async function start(written: object) {
  const { sink, context } = create(written);
  await sink.start?.(signal);
  await expect.poll(() => context.clock.sleeping, { interval: 5 }).toBe(1);
  return { sink, context };
}

function pod(name: string, namespace: string, address: string): Endpoint {
  const { metadata } = server.put({ apiVersion: "v1", kind: "Pod", metadata: { name, namespace } });
  return { kind: "pod", address, displayName: name, name, namespace, uid: String(metadata.uid) };
}

/** "pod xCOUNT message" of each event, in order. */
function told(): string[] {
  return server
    .list("Event")
    .map((event) => event as unknown as { involvedObject: { name: string }; count: number; message: string })
    .map(({ involvedObject, count, message }) => `${involvedObject.name} x${count} ${message}`)
    .sort();
}

function posts(): readonly object[] {
  return server.requests.filter(({ method, path }) => method === "POST" && path.endsWith("/events"));
}
