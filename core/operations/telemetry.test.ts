/** `telemetry.otlp` against a small Collector: what it has is what /metrics shows, and nothing waits for it. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { configSchema } from "../config/core-schema.ts";
import type { OtlpOptions } from "../otlp/options.ts";
import { OtlpReceiver, partialSuccess } from "../otlp/testdata/otlp-receiver.ts";
import { FakeClock, settle } from "../testkit/fake-clock.ts";
import { MemoryLogger } from "../testkit/test-context.ts";
import { PrometheusMetrics } from "./metrics.ts";
import { checkTelemetry, Telemetry } from "./telemetry.ts";

let receiver: OtlpReceiver;
let made: Telemetry[];

beforeEach(async () => {
  receiver = await new OtlpReceiver().listen();
  made = [];
});

afterEach(async () => {
  for (const telemetry of made) await telemetry.stop(AbortSignal.timeout(1000));
  await receiver.close();
});

async function begun(otlp: Readonly<Record<string, unknown>> = {}) {
  const parts = {
    options: optionsOf({ endpoint: receiver.url, interval: "5s", ...otlp }),
    environment: { NODE_NAME: "node-1" },
    metrics: new PrometheusMetrics(),
    logger: new MemoryLogger(),
    clock: new FakeClock(),
  };
  const telemetry = await Telemetry.make(parts);
  made.push(telemetry);
  telemetry.begin();
  return { ...parts, telemetry };
}

function optionsOf(otlp: Readonly<Record<string, unknown>>): OtlpOptions {
  const pipelines = { drops: { source: { use: "s" }, parser: { use: "p" }, sinks: [{ use: "k" }] } };
  const { telemetry } = configSchema.parse({ version: 1, telemetry: { otlp }, pipelines });
  if (telemetry?.otlp === undefined) throw new Error("no options");
  return telemetry.otlp;
}

type Begun = Awaited<ReturnType<typeof begun>>;

/** Lets the clock run until the next export was answered. */
async function anExport({ clock, metrics }: Pick<Begun, "clock" | "metrics">): Promise<void> {
  const before = await exportsOf(metrics);
  await clock.advance(5000);
  while ((await exportsOf(metrics)) === before) await settle();
  while (clock.sleeping === 0) await settle();
}

/** Exports with an answer, or of one outcome. */
async function exportsOf(metrics: PrometheusMetrics, outcome?: string): Promise<number> {
  const family = await metrics.registry.getSingleMetric("droplens_telemetry_exports_total")?.get();
  const values = family?.values.filter(({ labels }) => outcome === undefined || labels.outcome === outcome) ?? [];
  return values.reduce((sum, { value }) => sum + value, 0);
}

const stop = ({ telemetry }: Begun) => telemetry.stop(AbortSignal.timeout(5000));
const pointsOf = (name: string) => receiver.points.filter(({ metric }) => metric === name);

test.each(["http/protobuf", "http/json"])("what /metrics shows, over %s, under the same names", async (protocol) => {
  const all = await begun({ protocol, headers: { "X-Tenant": "ops" }, resource: { team: "net" } });
  const { metrics } = all;
  metrics.counter({ name: "packets_total", help: "Packets", labels: ["sink"] }).add({ sink: "a" }, 3);
  metrics.gauge({ name: "lag_bytes", help: "Lag" }).set({}, 1.5);
  const took = metrics.histogram({ name: "took_seconds", help: "Time", labels: ["sink"], buckets: [0.1, 1] });
  for (const seconds of [0.05, 0.05, 0.5, 7]) took.observe({ sink: "a" }, seconds);
  await anExport(all);
  const resource = { "service.name": "droplens", "k8s.node.name": "node-1", team: "net" };
  expect(receiver.requests[0]).toMatchObject({ path: "/v1/metrics", headers: { "x-tenant": "ops" } });
  expect(pointsOf("packets_total")).toMatchObject([
    { value: 3, monotonic: true, temporality: 2, attributes: { sink: "a" }, resource },
  ]);
  expect(pointsOf("lag_bytes")).toMatchObject([{ value: 1.5, monotonic: false, unit: "By", attributes: {} }]);
  expect(pointsOf("took_seconds")).toMatchObject([
    { value: 4, unit: "s", histogram: { sum: 7.6, bounds: [0.1, 1], counts: [2, 1, 1] }, attributes: { sink: "a" } },
  ]);
});

test("a counter says since when it counts: from the start, or since the export before which it was not there", async () => {
  const all = await begun();
  const counter = all.metrics.counter({ name: "c_total", help: "c", labels: ["l"] });
  counter.add({ l: "old" }, 5);
  await anExport(all);
  counter.add({ l: "old" }, 1);
  counter.add({ l: "new" }, 2);
  await anExport(all);
  counter.remove({ l: "old" });
  counter.add({ l: "old" }, 1);
  await anExport(all);
  const of = (label: string) => pointsOf("c_total").filter(({ attributes }) => attributes.l === label);
  const [first, second, third] = of("old");
  expect([first?.value, second?.value, third?.value]).toEqual([5, 6, 1]);
  expect(Number(first?.startTimeUnixNano)).toBeLessThan(Number(first?.timeUnixNano));
  expect(second?.startTimeUnixNano).toBe(first?.startTimeUnixNano);
  expect(third?.startTimeUnixNano).toBe(second?.timeUnixNano);
  expect(of("new").map(({ startTimeUnixNano }) => startTimeUnixNano)).toEqual([
    first?.timeUnixNano,
    first?.timeUnixNano,
  ]);
});

test.each([
  { answer: { status: 503 }, outcome: "again", says: "answered 503" },
  { answer: { status: 401 }, outcome: "refused", says: "check headers" },
  { answer: { body: partialSuccess(2, "too old") }, outcome: "partial", says: "2 points are refused: too old" },
])("$outcome: counted, logged once a minute, and the next export holds it all", async ({ answer, outcome, says }) => {
  receiver.answer = () => answer;
  const all = await begun();
  const counter = all.metrics.counter({ name: "c_total", help: "c" });
  counter.add({}, 1);
  await anExport(all);
  await anExport(all);
  expect(await exportsOf(all.metrics, outcome)).toBe(2);
  const warnings = all.logger.lines.filter(({ level }) => level === "warn");
  expect(warnings).toMatchObject([{ fields: { outcome }, message: "Droplens' own metrics are not stored" }]);
  expect(JSON.stringify(warnings)).toContain(says);
  expect(JSON.stringify(all.telemetry.status())).toContain(says);
  receiver.answer = () => ({});
  counter.add({}, 1);
  await anExport(all);
  expect(pointsOf("c_total").at(-1)?.value).toBe(2);
  expect(all.telemetry.status()).toMatchObject({ url: `${receiver.url}/v1/metrics`, lastError: undefined });
});

test("a Collector that wants to be left alone is left alone", async () => {
  receiver.answer = () => ({ status: 429, headers: { "retry-after": "20" } });
  const all = await begun();
  await anExport(all);
  await all.clock.advance(19_000);
  expect(receiver.requests).toHaveLength(1);
  await anExport(all);
  expect(receiver.requests).toHaveLength(2);
});

test("a Collector that never answers holds one request, and a stop no longer than its deadline", async () => {
  receiver.answer = () => ({ silent: true });
  const all = await begun({ timeout: "50s" });
  await all.clock.advance(5000);
  while (receiver.requests.length === 0) await settle();
  await all.clock.advance(40_000);
  expect(receiver.requests).toHaveLength(1);
  const deadline = new AbortController();
  const stopped = all.telemetry.stop(deadline.signal);
  while (receiver.requests.length === 1) await settle();
  deadline.abort(new Error("the deadline"));
  await stopped;
  expect(await exportsOf(all.metrics, "failed")).toBe(1);
  expect(all.logger.lines.at(-1)).toMatchObject({ fields: { error: "the deadline", isLast: true } });
});

test("the stop sends what has come since the last export, once", async () => {
  const all = await begun();
  await anExport(all);
  all.metrics.counter({ name: "c_total", help: "c" }).add({}, 7);
  await stop(all);
  await stop(all);
  expect(pointsOf("c_total").map(({ value }) => value)).toEqual([7]);
  expect(all.clock.sleeping).toBe(0);
});

test("what is too large for one request goes in halves; a metric that is too large alone is left out", async () => {
  const all = await begun();
  for (const name of ["a", "b", "c", "d"]) all.metrics.gauge({ name, help: name }).set({}, 1);
  const has = (name: string) => (point: { readonly metric: string }) => point.metric === name;
  receiver.answer = ({ points }) => (points.length > 2 || points.some(has("c")) ? { status: 413 } : {});
  await stop(all);
  expect(receiver.points.map(({ metric }) => metric).toSorted()).toEqual(["a", "b", "d"]);
  expect(await exportsOf(all.metrics, "refused")).toBe(1);
});

test("the environment says what the config leaves out", async () => {
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_METRICS_HEADERS: "x-tenant=env" };
  const parts = { environment, metrics: new PrometheusMetrics(), logger: new MemoryLogger(), clock: new FakeClock() };
  parts.metrics.gauge({ name: "g", help: "g" }).set({}, 1);
  const telemetry = await Telemetry.make({ ...parts, options: optionsOf({}) });
  made.push(telemetry);
  telemetry.begin();
  await telemetry.stop(AbortSignal.timeout(5000));
  expect(receiver.requests[0]?.headers["x-tenant"]).toBe("env");
});

test.each([
  {
    otlp: { tls: { caFile: "/nowhere/ca.pem" } },
    environment: {},
    says: "telemetry.otlp: tls.caFile: cannot use /nowhere/ca.pem",
  },
  {
    otlp: {},
    environment: { OTEL_EXPORTER_OTLP_ENDPOINT: "otel:4318" },
    says: 'telemetry.otlp: OTEL_EXPORTER_OTLP_ENDPOINT: "otel:4318" has no scheme: write "http://otel:4318"',
  },
])("$otlp $environment cannot be used: a person is told", async ({ otlp, environment, says }) => {
  const parts = { metrics: new PrometheusMetrics(), logger: new MemoryLogger(), clock: new FakeClock() };
  await expect(Telemetry.make({ ...parts, environment, options: optionsOf(otlp) })).rejects.toThrow(says);
});

test("validate asks with an empty request, and says what is wrong", async () => {
  const ask = (otlp: Readonly<Record<string, unknown>>) =>
    checkTelemetry({ options: optionsOf(otlp), environment: {}, clock: new FakeClock() }, AbortSignal.timeout(5000));
  expect(await ask({ endpoint: receiver.url })).toEqual({
    ok: true,
    what: `send metrics to ${receiver.url}/v1/metrics (http/protobuf)`,
  });
  expect(receiver.points).toEqual([]);
  await receiver.close();
  expect((await ask({ endpoint: receiver.url })).problem).toContain("nothing listens there");
});
