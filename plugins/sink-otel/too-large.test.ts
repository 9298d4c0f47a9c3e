/** A batch that is too large for the Collector goes in halves; only what is too large alone is discarded. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OtlpReceiver, type Request } from "../../core/otlp/testdata/otlp-receiver.ts";
import type { DropReport } from "../../core/plugin/index.ts";
import { countedReports, never, startSink, stopSinks } from "./testdata/sink-under-test.ts";

let receiver: OtlpReceiver;

beforeEach(async () => {
  receiver = await new OtlpReceiver().listen();
});

afterEach(async () => {
  await stopSinks();
  await receiver.close();
});

const logsOnly = () => startSink({ endpoint: receiver.url, metrics: false });

const tooLarge = { name: "413", status: 413, body: "" };
const asTheCollector = { name: "the Collector's 400", status: 400, body: rpcStatus("http: request body too large") };

describe.each([tooLarge, asTheCollector])("$name", ({ status, body }) => {
  const ports = (batch: readonly DropReport[]) => batch.map(({ drop }) => drop.sourcePort);
  const recordPorts = ({ records }: Request) => records.map(({ attributes }) => Number(attributes["source.port"]));

  test("divides the batch until its parts are small enough: a record that is too large alone is discarded", async () => {
    receiver.answer = (request) =>
      request.records.length > 3 || recordPorts(request).includes(7) ? { status, body } : {};
    const { sink, context } = await logsOnly();
    const batch = countedReports(10);
    const result = await sink.deliver(batch, never);
    expect(result).toEqual({ discarded: [{ report: batch[6], reason: "too_large" }] });
    expect(receiver.stored.flatMap(recordPorts)).toEqual([1, 2, 3, 4, 5, 6, 8, 9, 10]);
    const labels = { pipeline: "drops", sink: "sink-otel", signal: "logs" };
    expect(context.metrics.value("droplens_otel_refused_total", labels)).toBe(1);
    expect(context.metrics.value("droplens_otel_exports_total", { ...labels, outcome: "divided" })).toBeGreaterThan(2);
    const warnings = context.logger.lines.filter(({ message }) => message.includes("it goes in halves"));
    expect(warnings).toMatchObject([{ level: "warn", fields: { error: expect.stringContaining("lower maxBatch") } }]);
  });

  test("then a Collector without room: what is stored is stored, the rest comes again when it says", async () => {
    receiver.answer = ({ records }, index) => {
      if (records.length > 3) return { status, body };
      return index < 4 ? {} : { status: 503, headers: { "retry-after": "9" } };
    };
    const { sink } = await logsOnly();
    const batch = countedReports(10);
    const result = await sink.deliver(batch, never);
    const retry = result?.retry ?? [];
    expect(result?.discarded).toEqual([]);
    expect(receiver.stored.flatMap(recordPorts)).toEqual([1, 2, 3, 4, 5]);
    expect(ports(retry.map(({ report }) => report))).toEqual([6, 7, 8, 9, 10]);
    expect(new Set(retry.map(({ retryAfterMillis }) => retryAfterMillis))).toEqual(new Set([9000]));
    // 10, 5, 2, 3, 5, 2 records; the last part was not even tried.
    expect(receiver.requests.map(({ records }) => records.length)).toEqual([10, 5, 2, 3, 5, 2]);
  });

  test("the packets that are stored are counted once", async () => {
    receiver.answer = (request) => (request.signal === "logs" && request.records.length > 2 ? { status, body } : {});
    const { sink } = await startSink({ endpoint: receiver.url });
    await sink.deliver(countedReports(4), never);
    await sink.stop(AbortSignal.timeout(5000));
    expect(receiver.points.reduce((sum, { value }) => sum + value, 0)).toBe(1 + 2 + 3 + 4);
  });
});

/** google.rpc.Status: 2 message. */
function rpcStatus(message: string): Uint8Array {
  return Buffer.concat([Buffer.from([0x12, message.length]), Buffer.from(message)]);
}
