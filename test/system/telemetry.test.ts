/**
 * `telemetry.otlp` against a real Collector: what it has written to its file at the end is what /metrics showed, series by
 * series, whatever the Collector did meanwhile. OTELCOL names the Collector's program.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { kernelLine, prefix } from "../support/node-stage.ts";
import { CollectorStage } from "./collector-stage.ts";
import { attributesOf, type Collector, type WrittenMetric } from "./otel-collector.ts";
import type { MetricSamples, Program } from "./program.ts";
import { systemTest } from "./system-test.ts";

systemTest("telemetry.otlp and a real Collector", () => {
  let stage: CollectorStage;
  let collector: Collector;
  let lines: number;

  beforeEach(async () => {
    stage = await CollectorStage.make();
    collector = stage.collector;
    lines = 0;
  });

  afterEach(() => stage.end());

  function start(otlp: Readonly<Record<string, unknown>>, main?: string): Promise<Program> {
    const pipeline = {
      repeatInterval: "1s",
      parser: { use: "parser-iptables", prefix },
      sinks: [{ use: "sink-prometheus" }],
    };
    return stage.start({ pipeline, config: { telemetry: { otlp: { interval: "200ms", ...otlp } } } }, main);
  }

  async function drop(count: number): Promise<void> {
    const text = Array.from({ length: count }, (_, i) => kernelLine(1 + ((lines + i) % 60_000))).join("");
    lines += count;
    await stage.append(text);
  }

  /** Waits until every packet is delivered and every window closed: nothing will be counted any more. */
  const allCounted = (running: Program) =>
    running.measures(
      `${lines} packets delivered`,
      (now) => now.sum("droplens_packets_delivered_total") === lines && now.sum("droplens_packets_open") === 0,
      60_000,
    );

  async function expectWhatMetricsShowed(samples: MetricSamples): Promise<void> {
    const written = lastValues(await collector.metrics());
    const shown = seriesIn(samples.text);
    expect(shown.size).toBeGreaterThan(15);
    expect(Object.fromEntries([...shown.keys()].map((series) => [series, written.get(series)]))).toEqual(
      Object.fromEntries(shown),
    );
  }

  it.each([
    ["http/protobuf", "core/main.ts"],
    ["http/json", "core/main.ts"],
    ["grpc", "core/main.ts"],
    ["http/protobuf", "dist/droplens.js"],
    ["grpc", "dist/droplens.js"],
  ])("has at the end what /metrics showed, over %s, from %s", async (protocol, main) => {
    await collector.start();
    const running = await start({ protocol, endpoint: collector.endpoint(protocol), compression: "gzip" }, main);
    await drop(1000);
    const samples = await allCounted(running);
    expect(samples.sum("droplens_packet_drops_total")).toBe(1000);
    expect(await running.stop()).toBe(0);
    await collector.stop();
    await expectWhatMetricsShowed(samples);
    const resources = await collector.resources("metrics");
    expect(resources[0]).toMatchObject({ "service.name": "droplens", "k8s.node.name": "node-1" });
  });

  it("with a Collector that comes late and is restarted in mid-load", async () => {
    const running = await start({ endpoint: collector.endpoint("http") });
    for (let round = 0; round < 20; round++) {
      await drop(100);
      if (round === 4 || round === 12) await collector.start();
      if (round === 8) await collector.stop();
      await sleep(100);
    }
    const samples = await allCounted(running);
    expect(samples.sum("droplens_telemetry_exports_total", { outcome: "again" })).toBeGreaterThan(0);
    expect(await running.stop()).toBe(0);
    await collector.stop();
    await expectWhatMetricsShowed(samples);
  });
});

/** What changes by itself, from one look to the next, or by the export that sends it. */
const moving = /^(process_cpu|process_resident|droplens_telemetry_)|_bucket$|_sum$/;

/** Series and value of each line of /metrics; of a histogram, how many values it has. */
function seriesIn(text: string): Map<string, number> {
  const found = text.matchAll(/^(?<name>\w+)(?:\{(?<inner>.*)\})? (?<value>\S+)$/gm);
  const series = [...found].flatMap(({ groups: { name = "", inner = "", value = "" } = {} }): [string, number][] => {
    if (moving.test(name)) return [];
    const labels = [...inner.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = "", text = ""]): Label => [label, text]);
    return [[seriesOf(name, labels), Number(value)]];
  });
  return new Map(series);
}

type Label = readonly [label: string, text: string];

function seriesOf(name: string, labels: readonly Label[]): string {
  return `${name} ${JSON.stringify(labels.toSorted(([a], [b]) => (a < b ? -1 : 1)))}`;
}

function lastValues(metrics: readonly WrittenMetric[]): Map<string, number> {
  const values = new Map<string, number>();
  for (const metric of metrics) {
    const name = metric.histogram === undefined ? metric.name : `${metric.name}_count`;
    const points = (metric.sum ?? metric.gauge ?? metric.histogram)?.dataPoints ?? [];
    for (const point of points) {
      const labels = Object.entries(attributesOf(point)).map(([label, text]): Label => [label, String(text)]);
      values.set(seriesOf(name, labels), Number(point.asDouble ?? point.count));
    }
  }
  return values;
}
