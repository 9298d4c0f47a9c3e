import { afterEach, beforeEach, expect, test } from "vitest";
import { GrpcReceiver } from "../../core/otlp/testdata/grpc-receiver.ts";
import { partialSuccess } from "../../core/otlp/testdata/otlp-receiver.ts";
import { dropReport, packetDrop } from "../../core/testkit/drops.ts";
import { settle } from "../../core/testkit/fake-clock.ts";
import { makeSink, never, rejection, startSink, stopSinks } from "./testdata/sink-under-test.ts";

let receiver: GrpcReceiver;

beforeEach(async () => {
  receiver = await new GrpcReceiver().listen();
});

afterEach(async () => {
  await stopSinks();
  await receiver.close();
});

const reports = (count: number) =>
  Array.from({ length: count }, (_, i) => dropReport({ drop: packetDrop({ sourcePort: i + 1 }) }));
const start = (more: Readonly<Record<string, unknown>> = {}) =>
  startSink({ endpoint: receiver.url, protocol: "grpc", metrics: false, ...more });

test.each(["none", "gzip"])("one record a report, packed with %s, with headers", async (compression) => {
  const { sink } = await start({ compression, headers: { "X-Tenant": "net" } });
  await sink.deliver(reports(3), never);
  expect(receiver.records).toHaveLength(3);
  expect(receiver.calls[0]?.get("x-tenant")).toEqual(["net"]);
  expect(receiver.calls[0]?.get("user-agent").join()).toMatch(/^droplens\/\d/);
});

test("metrics go to their own service", async () => {
  const { sink } = await start({ logs: false, metrics: true });
  await sink.deliver(reports(3), never);
  expect(receiver.points).toMatchObject([{ metric: "droplens.packet.dropped", value: 3 }]);
});

test.each([
  ["CANCELLED", 1],
  ["DEADLINE_EXCEEDED", 4],
  ["ABORTED", 10],
  ["OUT_OF_RANGE", 11],
  ["UNAVAILABLE", 14],
  ["DATA_LOSS", 15],
])("%s comes again", async (name, code) => {
  receiver.answer = () => ({ code, details: "busy" });
  const { sink } = await start();
  const error = await rejection(sink.deliver(reports(1), never));
  expect(error).toMatchObject({ retryable: true });
  expect(error.message).toContain(`answered ${name} (grpc, from endpoint): busy`);
  receiver.answer = () => ({});
  await sink.deliver(reports(1), never);
  expect(receiver.records).toHaveLength(1);
});

test.each([
  ["UNAVAILABLE", 14],
  ["RESOURCE_EXHAUSTED", 8],
])("%s with RetryInfo comes again after the time that it names", async (_name, code) => {
  receiver.answer = () => ({ code, retrySeconds: 9 });
  const { sink } = await start();
  expect(await rejection(sink.deliver(reports(1), never))).toMatchObject({ retryable: true, retryAfterMillis: 9000 });
});

test.each([
  ["INVALID_ARGUMENT", 3, "bad_request"],
  ["PERMISSION_DENIED", 7, "unauthorized"],
  ["RESOURCE_EXHAUSTED without RetryInfo", 8, "refused"],
  ["UNIMPLEMENTED", 12, "not_found"],
  ["INTERNAL", 13, "refused"],
  ["UNAUTHENTICATED", 16, "unauthorized"],
])("%s discards the batch", async (_name, code, reason) => {
  receiver.answer = () => ({ code });
  const { sink } = await start();
  const batch = reports(2);
  expect(await sink.deliver(batch, never)).toEqual({ discarded: batch.map((report) => ({ report, reason })) });
});

test.each(["grpc: received message larger than max (5000 vs. 4096)", "gRPC message exceeds maximum size 4096: 5000"])(
  "%s: goes in halves",
  async (details) => {
    const { sink } = await start();
    let requests = 0;
    receiver.answer = () => (requests++ === 0 ? { code: 8, details } : {});
    expect(await sink.deliver(reports(5), never)).toEqual({ discarded: [] });
    expect([requests, receiver.records.length]).toEqual([3, 5]);
    receiver.answer = () => ({ code: 8, details });
    const batch = reports(2);
    const discarded = batch.map((report) => ({ report, reason: "too_large" }));
    expect(await sink.deliver(batch, never)).toEqual({ discarded });
  },
);

test("partial success discards as many reports as records were refused", async () => {
  receiver.answer = () => ({ body: partialSuccess(1, "too old") });
  const { sink } = await start();
  expect((await sink.deliver(reports(3), never))?.discarded).toHaveLength(1);
});

test("a Collector that is gone, and comes back on the same port", async () => {
  const { sink } = await start();
  await sink.deliver(reports(1), never);
  await receiver.close();
  const error = await rejection(sink.deliver(reports(2), never));
  expect(error).toMatchObject({ retryable: true });
  await receiver.listen();
  await sink.deliver(reports(2), never);
  expect(receiver.records).toHaveLength(3);
});

test("no answer within the timeout comes again, over a new connection", async () => {
  receiver.answer = () => ({ silent: true });
  const { sink, context } = await start({ timeout: "3s" });
  const delivery = rejection(sink.deliver(reports(1), never));
  while (receiver.calls.length === 0) await settle();
  await context.clock.advance(3000);
  expect((await delivery).message).toContain("within 3000 ms");
  receiver.answer = () => ({});
  await sink.deliver(reports(1), never);
  expect(receiver.records).toHaveLength(1);
});

test("an abort ends a delivery that hangs", async () => {
  receiver.answer = () => ({ silent: true });
  const { sink } = await start();
  const abort = new AbortController();
  const delivery = rejection(sink.deliver(reports(1), abort.signal));
  while (receiver.calls.length === 0) await settle();
  abort.abort(new Error("the deadline"));
  expect((await delivery).message).toBe("the deadline");
});

test("check asks both services, and says when nobody is there", async () => {
  const { sink } = makeSink({ endpoint: receiver.url, protocol: "grpc" });
  expect(await sink.check(never)).toMatchObject([{ ok: true }, { ok: true }]);
  await receiver.close();
  const findings = await sink.check(never);
  expect(findings).toMatchObject([{ ok: false }, { ok: false }]);
  expect(findings[0]?.problem).toContain("nothing listens there");
});
