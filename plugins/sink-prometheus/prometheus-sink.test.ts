import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import type { DropReport, Endpoint } from "../../core/plugin/index.ts";
import { FakeClock } from "../../core/testkit/fake-clock.ts";
import { type MemoryMetrics, testContext } from "../../core/testkit/test-context.ts";
import { options } from "./config.ts";
import { PrometheusSink } from "./prometheus-sink.ts";
import {
  barePod,
  db,
  host,
  nodeAgent,
  nodeB,
  outside,
  type ReportParts,
  report,
  service,
  web,
} from "./testdata/reports.ts";

const total = "droplens_packet_drops_total";
const legacy = "packet_drops_count";
const hour = 3_600_000;
const sinks: PrometheusSink[] = [];

afterEach(async () => {
  for (const sink of sinks.splice(0)) await sink.stop();
});

function makeSink(written: Record<string, unknown> = {}) {
  const context = testContext({ clock: new FakeClock() });
  const sink = new PrometheusSink(options.parse(written), context);
  sinks.push(sink);
  return { sink, metrics: context.metrics, clock: context.clock };
}

async function seriesOf(parts: ReportParts, labels?: readonly string[]): Promise<string[]> {
  const { sink, metrics } = makeSink({ legacy: false, ...(labels && { labels }) });
  await sink.deliver([report(parts)]);
  return metrics.series().filter((series) => series.startsWith(total));
}

/** The sum over all series of a metric. */
function sumOf(metrics: MemoryMetrics, name: string): number {
  const own = metrics.series().filter((series) => series.startsWith(`${name}{`));
  return own.reduce((sum, series) => sum + metrics.value(name, labelsOf(series)), 0);
}

function labelsOf(series: string): Record<string, string> {
  const pairs = series.matchAll(/([a-z_]+)=("(?:[^"\\]|\\.)*")/g);
  return Object.fromEntries([...pairs].map(([, label, value]) => [label, JSON.parse(String(value))]));
}

test("a report counts all its packets under namespaces, workloads, protocol, port and prefix", async () => {
  const { sink, metrics } = makeSink();
  await sink.deliver([report({ count: 1 }), report({ count: 36, repeat: true })]);
  const labels = {
    source_namespace: "shop",
    source_workload: "web",
    destination_namespace: "data",
    destination_workload: "db",
    protocol: "TCP",
    destination_port: "5432",
    log_prefix: "calico-drop:",
  };
  expect(metrics.value(total, labels)).toBe(37);
});

test("packet_drops_count counts as kube-iptables-tailer does: by display names, repeats left out", async () => {
  const { sink, metrics } = makeSink();
  await sink.deliver([
    report(),
    report({ count: 36, repeat: true }),
    report({ source: host }),
    report({ source: outside }),
  ]);
  expect(metrics.series().filter((series) => series.startsWith(legacy))).toEqual([
    'packet_drops_count{dst="data",src="203.0.113.9"}',
    'packet_drops_count{dst="data",src="api.example"}',
    'packet_drops_count{dst="data",src="shop"}',
  ]);
  expect(metrics.value(legacy, { src: "shop", dst: "data" })).toBe(1);
});

test("flows of other ports, in other batches, are the same series of packet_drops_count", async () => {
  const { sink, metrics } = makeSink();
  await sink.deliver([report({ destinationPort: 80 })]);
  await sink.deliver([report({ destinationPort: 443 })]);
  expect(metrics.value(legacy, { src: "shop", dst: "data" })).toBe(2);
  expect(metrics.value("droplens_prometheus_series", { metric: legacy })).toBe(1);
});

test("without `legacy` there is no packet_drops_count", async () => {
  const { sink, metrics } = makeSink({ legacy: false });
  await sink.deliver([report()]);
  expect(metrics.series().filter((series) => series.includes(legacy))).toEqual([]);
});

const ends: { name: string; endpoint: Endpoint; labels: string }[] = [
  {
    name: "a pod of a Deployment",
    endpoint: web,
    labels: 'source_kind="pod",source_namespace="shop",source_workload="web"',
  },
  {
    name: "a pod without an owner",
    endpoint: barePod,
    labels: 'source_kind="pod",source_namespace="data",source_workload="shell"',
  },
  {
    name: "a hostNetwork pod, which counts as its node",
    endpoint: nodeAgent,
    labels: 'source_kind="node",source_namespace="",source_workload="node-a"',
  },
  { name: "a node", endpoint: nodeB, labels: 'source_kind="node",source_namespace="",source_workload="node-b"' },
  {
    name: "a service",
    endpoint: service,
    labels: 'source_kind="service",source_namespace="shop",source_workload="cart"',
  },
  {
    name: "a host, whose name a stranger chose",
    endpoint: host,
    labels: 'source_kind="host",source_namespace="",source_workload=""',
  },
  { name: "an address", endpoint: outside, labels: 'source_kind="address",source_namespace="",source_workload=""' },
];

for (const row of ends) {
  test(`the labels of ${row.name}`, async () => {
    const labels = ["source_namespace", "source_workload", "source_kind"];
    expect(await seriesOf({ source: row.endpoint }, labels)).toEqual([`${total}{${row.labels}}`]);
  });
}

test("the labels are those of the options, in any number", async () => {
  expect(await seriesOf({}, ["protocol"])).toEqual([`${total}{protocol="TCP"}`]);
  expect(await seriesOf({ source: outside }, ["source_name", "destination_name"])).toEqual([
    `${total}{destination_name="data",source_name="203.0.113.9"}`,
  ]);
});

test("policy and verdict are labels for who names them", async () => {
  const bare = report();
  const drop = { ...bare.drop, verdict: "REJECT", policy: "shop/deny-all" } as const;
  const { sink, metrics } = makeSink({ labels: ["policy", "verdict"] });
  await sink.deliver([{ ...bare, drop }, bare]);
  expect(metrics.value(total, { policy: "shop/deny-all", verdict: "REJECT" })).toBe(1);
  expect(metrics.value(total, { policy: "", verdict: "" })).toBe(1);
});

test("what a packet does not have is an empty label", async () => {
  const bare = report();
  const { protocol: _p, destinationPort: _d, logPrefix: _l, ...drop } = bare.drop;
  const { sink, metrics } = makeSink({ labels: ["protocol", "destination_port", "log_prefix"] });
  await sink.deliver([{ ...bare, drop }]);
  expect(metrics.value(total, { protocol: "", destination_port: "", log_prefix: "" })).toBe(1);
});

test("control characters and endless names never reach a label", async () => {
  const { sink, metrics } = makeSink();
  const evil = { ...outside, displayName: `a\u001b[31m\n"b"\u202e${"x".repeat(10_000)}` };
  await sink.deliver([report({ source: evil, logPrefix: 'p"\r\n# HELP fake' })]);
  for (const series of metrics.series()) {
    for (const value of Object.values(labelsOf(series))) {
      expect(value).not.toMatch(/[\p{Cc}\u202e]/u);
      expect(Buffer.byteLength(value)).toBeLessThanOrEqual(253);
    }
  }
  expect([sumOf(metrics, total), sumOf(metrics, legacy)]).toEqual([1, 1]);
});

test("beyond maxSeries new flows are summed under overflow, in each metric by itself", async () => {
  const { sink, metrics } = makeSink({ maxSeries: 3 });
  const scan = Array.from({ length: 100 }, (_, i) => report({ destinationPort: 1000 + i, count: 2 }));
  await sink.deliver(scan);
  const all = Object.fromEntries(options.parse({}).labels.map((label) => [label, "overflow"]));
  expect(metrics.value(total, all)).toBe(2 * 97);
  expect(metrics.value(legacy, { src: "shop", dst: "data" })).toBe(100);
  expect(metrics.value("droplens_prometheus_series", { metric: total })).toBe(3);
  expect(metrics.value("droplens_prometheus_series", { metric: legacy })).toBe(1);
  expect(sink.status()).toEqual({ [total]: { series: 3 }, [legacy]: { series: 1 } });
});

test("a series to which nothing is added is removed after staleAfter, also when no report comes any more", async () => {
  const { sink, metrics, clock } = makeSink({ legacy: false });
  await sink.start();
  await sink.deliver([report({ count: 5 }), report({ destinationPort: 53 })]);
  await clock.advance(hour / 2);
  await sink.deliver([report({ destinationPort: 53 })]);
  await clock.advance(hour / 2 + hour / 10);
  expect(sumOf(metrics, total)).toBe(2);
  expect(metrics.value("droplens_prometheus_removed_packets_total", { metric: total })).toBe(5);
  await clock.advance(hour);
  expect(metrics.series().filter((series) => series.startsWith(total))).toEqual([]);
  expect(metrics.value("droplens_prometheus_series", { metric: total })).toBe(0);
});

test("a series is not removed before staleAfter", async () => {
  const { sink, metrics, clock } = makeSink();
  await sink.start();
  await sink.deliver([report()]);
  await clock.advance(hour - 1);
  expect(sumOf(metrics, total)).toBe(1);
});

test("stop ends the sweeping, twice and before start too", async () => {
  const { sink, clock } = makeSink();
  await sink.start();
  expect(clock.sleeping).toBe(1);
  await sink.stop();
  await sink.stop();
  expect(clock.sleeping).toBe(0);
  await makeSink().sink.stop();
});

test("reports are not changed, nor the batch", async () => {
  const { sink } = makeSink();
  const batch = Object.freeze([report(), report({ source: host })]);
  const before = structuredClone(batch);
  expect(await sink.deliver(batch)).toBeUndefined();
  expect(batch).toEqual(before);
});

function isOverflow(series: string): boolean {
  return Object.values(labelsOf(series)).every((value) => value === "overflow");
}

const anyText = fc.oneof(fc.constantFrom("a", "b", "overflow", ""), fc.string({ unit: "binary", maxLength: 300 }));
const anyEnd = fc.oneof(
  fc.constantFrom(web, db, barePod, nodeAgent, nodeB, service, host, outside),
  anyText.map((name): Endpoint => ({ kind: "host", address: "203.0.113.5", displayName: name, name })),
  anyText.map((name): Endpoint => ({ ...web, namespace: name, workload: { kind: "Deployment", name } })),
);
const anyReport: fc.Arbitrary<DropReport> = fc
  .record({
    source: anyEnd,
    destination: anyEnd,
    protocol: fc.constantFrom("TCP", "UDP", "SCTP"),
    destinationPort: fc.integer({ min: 0, max: 65_535 }),
    logPrefix: anyText,
    count: fc.integer({ min: 1, max: 1_000_000 }),
    repeat: fc.boolean(),
  })
  .map(report);
const anySteps = fc.array(fc.oneof(fc.array(anyReport, { maxLength: 20 }), fc.integer({ min: 0, max: 90 })), {
  maxLength: 12,
});

test("at any time the sum over the series and what was removed is the packets delivered", async () => {
  await fc.assert(
    fc.asyncProperty(anySteps, fc.integer({ min: 1, max: 8 }), async (steps, maxSeries) => {
      const { sink, metrics, clock } = makeSink({ maxSeries });
      await sink.start();
      const delivered = { [total]: 0, [legacy]: 0 };
      for (const step of steps) {
        if (typeof step === "number") await clock.advance(step * 60_000);
        else await sink.deliver(step);
        for (const one of typeof step === "number" ? [] : step) {
          delivered[total] += one.count;
          delivered[legacy] += one.repeat ? 0 : 1;
        }
        for (const metric of [total, legacy] as const) {
          const removed = metrics.value("droplens_prometheus_removed_packets_total", { metric });
          expect(sumOf(metrics, metric) + removed).toBe(delivered[metric]);
          const series = metrics.series().filter((one) => one.startsWith(`${metric}{`));
          expect(series.length).toBeLessThanOrEqual(maxSeries + 1);
        }
      }
      await sink.stop();
    }),
    { numRuns: 150 },
  );
});

test("the gauge of series says how many there are, whatever came and went", async () => {
  await fc.assert(
    fc.asyncProperty(anySteps, async (steps) => {
      const { sink, metrics, clock } = makeSink({ maxSeries: 50 });
      await sink.start();
      for (const step of steps) await (typeof step === "number" ? clock.advance(step * 60_000) : sink.deliver(step));
      for (const metric of [total, legacy]) {
        const shown = metrics.series().filter((one) => one.startsWith(`${metric}{`) && !isOverflow(one));
        expect(metrics.value("droplens_prometheus_series", { metric })).toBe(shown.length);
      }
      await sink.stop();
    }),
    { numRuns: 50 },
  );
});

test("100,000 different flows keep to the cap and are all counted", async () => {
  const { sink, metrics } = makeSink();
  for (let batch = 0; batch < 50; batch++) {
    const flows = Array.from({ length: 2000 }, (_, i) => {
      const address = `203.${batch}.${i >> 8}.${i & 255}`;
      return report({ source: { kind: "address", address, displayName: address }, destinationPort: i });
    });
    await sink.deliver(flows);
  }
  expect([sumOf(metrics, total), sumOf(metrics, legacy)]).toEqual([100_000, 100_000]);
  expect(metrics.value("droplens_prometheus_series", { metric: legacy })).toBe(2000);
  expect(metrics.value("droplens_prometheus_series", { metric: total })).toBe(2000);
});

const refused = [
  { name: "a label that does not exist", written: { labels: ["pod_ip"] }, path: "labels.0" },
  { name: "a label named twice", written: { labels: ["protocol", "protocol"] }, path: "labels" },
  { name: "no labels", written: { labels: [] }, path: "labels" },
  { name: "room for no series", written: { maxSeries: 0 }, path: "maxSeries" },
  { name: "a series that goes between two scrapes", written: { staleAfter: "5s" }, path: "staleAfter" },
  { name: "an unknown key", written: { maxseries: 5 }, path: "" },
];

for (const row of refused) {
  test(`the options refuse ${row.name}`, () => {
    const issues = options.safeParse(row.written).error?.issues ?? [];
    expect(issues.map((issue) => issue.path.join("."))).toEqual([row.path]);
  });
}
