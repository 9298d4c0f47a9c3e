/**
 * sink-otel against a real Collector: what it has written to its file is what Droplens' books say was delivered, record
 * by record, through whatever the Collector does meanwhile. OTELCOL names the Collector's program.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { CollectorStage } from "./collector-stage.ts";
import { attributesOf, type Collector, type WrittenPoint, type WrittenRecord } from "./otel-collector.ts";
import type { Program } from "./program.ts";
import { systemTest } from "./system-test.ts";

const delivered = "droplens_packets_delivered_total";
const metric = "droplens.packet.dropped";

systemTest("sink-otel and a real Collector", () => {
  let stage: CollectorStage;
  let collector: Collector;
  let flows: number;

  beforeEach(async () => {
    stage = await CollectorStage.make();
    collector = stage.collector;
    flows = 0;
  });

  afterEach(() => stage.end());

  function start(options: Readonly<Record<string, unknown>>, main?: string): Promise<Program> {
    const pipeline = {
      repeatInterval: "2s",
      parser: { use: "parser-iptables", prefix: "otel-drop:" },
      sinks: [{ use: "sink-otel", queue: { capacity: 100_000 }, interval: "1s", ...options }],
    };
    const environment = { POD_NAME: "droplens-x", POD_NAMESPACE: "kube-system" };
    return stage.start({ pipeline, environment }, main);
  }

  /** `count` flows that nobody had before, each with one packet; every tenth with two. Returns the number of packets. */
  async function drop(count: number): Promise<number> {
    const lines: string[] = [];
    for (let i = 0; i < count; i++) {
      const line = kernelLine(flows++);
      lines.push(line);
      if (i % 10 === 0) lines.push(line);
    }
    await stage.append(lines.join(""));
    return lines.length;
  }

  /** Waits until the books show `packets` delivered. */
  const allDelivered = (running: Program, packets: number) =>
    running.measures(
      `${packets} packets delivered`,
      (now) => now.sum(delivered, { sink: "sink-otel" }) === packets,
      60_000,
    );

  it.each([
    ["http/protobuf", "core/main.ts"],
    ["http/json", "core/main.ts"],
    ["grpc", "core/main.ts"],
    // What `npm run build` made: a bundle treats the gRPC library, which is CommonJS, in its own way.
    ["http/protobuf", "dist/droplens.js"],
    ["grpc", "dist/droplens.js"],
  ])("writes every report and its sum over %s, from %s", async (protocol, main) => {
    await collector.start();
    const running = await start({ protocol, endpoint: collector.endpoint(protocol), compression: "gzip" }, main);
    const packets = await drop(3000);
    await allDelivered(running, packets);
    expect(await running.stop()).toBe(0);
    await collector.stop();
    const records = await collector.records();
    expect(sumOf(records)).toBe(packets);
    expect(new Set(records.map(flowOf)).size).toBe(3000);
    expect(sumOfLast(await collector.points(metric))).toBe(packets);
  });

  it("has lost and doubled nothing when the Collector is restarted in the middle", async () => {
    await collector.start();
    const running = await start({ endpoint: collector.endpoint("http") });
    let packets = 0;
    for (let round = 0; round < 40; round++) {
      packets += await drop(500);
      if (round === 10) await collector.stop();
      if (round === 25) await collector.start();
      await sleep(100);
    }
    const books = await allDelivered(running, packets);
    expect(books.sum("droplens_packets_discarded_total", { sink: "sink-otel" })).toBe(0);
    expect(books.sum("droplens_delivery_retries_total", { sink: "sink-otel" })).toBeGreaterThan(0);
    expect(await running.stop()).toBe(0);
    await collector.stop();
    const records = await collector.records();
    expect(sumOf(records)).toBe(packets);
    const opening = records.map((record) => `${flowOf(record)} ${record.timeUnixNano}`);
    expect(new Set(opening).size).toBe(opening.length);
    expect(sumOfLast(await collector.points(metric))).toBe(packets);
  });

  it.each(["http/protobuf", "grpc"])("begins with a Collector that is not there yet, over %s", async (protocol) => {
    const running = await start({ protocol, endpoint: collector.endpoint(protocol) });
    const packets = await drop(1000);
    const down = await running.answers("/readyz", 503);
    expect(down).toContain("logs are not stored");
    await collector.start();
    await allDelivered(running, packets);
    await running.answers("/readyz", 200);
    expect(await running.stop()).toBe(0);
    await collector.stop();
    expect(sumOf(await collector.records())).toBe(packets);
    expect(sumOfLast(await collector.points(metric))).toBe(packets);
  });

  it("adds up to the books in deltas, with no log record, through a restart of the Collector", async () => {
    await collector.start();
    const running = await start({ logs: false, temporality: "delta", endpoint: collector.endpoint("http") });
    let packets = await drop(500);
    await allDelivered(running, packets);
    await collector.stop();
    packets += await drop(500);
    await running.answers("/readyz", 503);
    await collector.start();
    await allDelivered(running, packets);
    await collector.stop();
    const points = await collector.points(metric);
    expect(points.reduce((sum, { asInt }) => sum + Number(asInt), 0)).toBe(packets);
    expect(points.every((point) => point.metric.sum.aggregationTemporality === 1)).toBe(true);
  });

  it("sends what is too large for the Collector in halves", async () => {
    collector.maxRequestBytes = 20_000;
    await collector.start();
    const running = await start({ endpoint: collector.endpoint("http") });
    const packets = await drop(2000);
    const books = await allDelivered(running, packets);
    expect(books.sum("droplens_otel_exports_total", { outcome: "divided" })).toBeGreaterThan(0);
    expect(books.sum("droplens_packets_discarded_total", { sink: "sink-otel" })).toBe(0);
    expect(await running.stop()).toBe(0);
    await collector.stop();
    expect(sumOf(await collector.records())).toBe(packets);
  });

  it("tells of each packet what the note's table says", async () => {
    await collector.start();
    const running = await start({ metrics: false, endpoint: collector.endpoint("http") });
    await allDelivered(running, await drop(1));
    await running.stop();
    await collector.stop();
    const [record] = await collector.records();
    expect(record?.eventName).toBe("droplens.packet.dropped");
    expect(record?.severityNumber).toBe(13);
    expect(record?.body.stringValue).toBe("TCP packet from 10.0.0.0:40000 to 10.99.0.9:5432 dropped by otel-drop:");
    expect(attributesOf(record ?? {})).toMatchObject({
      "source.address": "10.0.0.0",
      "source.port": "40000",
      "network.transport": "tcp",
      "droplens.rule": "otel-drop:",
      "droplens.drop.count": "1",
    });
    expect((await collector.resources())[0]).toMatchObject({
      "service.name": "droplens",
      "k8s.node.name": "node-1",
      "service.instance.id": "kube-system.droplens-x.droplens",
    });
  });
});

/** As rsyslog writes it; the source address tells flows apart. */
function kernelLine(flow: number): string {
  const source = `10.${(flow >> 16) & 63}.${(flow >> 8) & 255}.${flow & 255}`;
  const time = new Date().toISOString().replace("Z", "123+00:00");
  return `${time} node-1 kernel: [ 1234.567890] otel-drop: IN=eth0 OUT=cali1 MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=${source} DST=10.99.0.9 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1 DF PROTO=TCP SPT=40000 DPT=5432 WINDOW=64240 RES=0x00 SYN URGP=0 \n`;
}

function flowOf(record: WrittenRecord): string {
  return String(attributesOf(record)["source.address"]);
}

function sumOf(records: readonly WrittenRecord[]): number {
  return records.reduce((sum, record) => sum + Number(attributesOf(record)["droplens.drop.count"]), 0);
}

/** The last value of each cumulative series, summed. */
function sumOfLast(points: readonly WrittenPoint[]): number {
  const last = new Map(points.map((point) => [JSON.stringify(point.attributes ?? []), Number(point.asInt)]));
  return [...last.values()].reduce((sum, value) => sum + value, 0);
}
