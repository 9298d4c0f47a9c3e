import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type Answer,
  OtlpReceiver,
  partialSuccess,
  partialSuccessJson,
} from "../../core/otlp/testdata/otlp-receiver.ts";
import { settle } from "../../core/testkit/fake-clock.ts";
import { countedReports, makeSink, never, rejection, startSink, stopSinks } from "./testdata/sink-under-test.ts";

let receiver: OtlpReceiver;

beforeEach(async () => {
  receiver = await new OtlpReceiver().listen();
});

afterEach(async () => {
  await stopSinks();
  await receiver.close();
});

const logsOnly = (more: Readonly<Record<string, unknown>> = {}) =>
  startSink({ endpoint: receiver.url, metrics: false, ...more });
const answerAlways = (answer: Answer) => {
  receiver.answer = () => answer;
};

describe.each(["http/protobuf", "http/json"] as const)("%s", (protocol) => {
  test.each(["none", "gzip"])("one record a report, packed with %s", async (compression) => {
    const { sink } = await logsOnly({
      protocol,
      compression,
      headers: { "X-Tenant": "net" },
      resource: { team: "net" },
    });
    expect(await sink.deliver(countedReports(3), never)).toEqual({ discarded: [] });
    expect(receiver.requests).toHaveLength(1);
    const [request] = receiver.requests;
    expect(request?.path).toBe("/v1/logs");
    expect(request?.headers).toMatchObject({
      "content-type": protocol === "http/json" ? "application/json" : "application/x-protobuf",
      "x-tenant": "net",
      "user-agent": expect.stringMatching(/^droplens\/\d/),
    });
    expect(request?.headers["content-encoding"]).toBe(compression === "gzip" ? "gzip" : undefined);
    const [record] = receiver.records;
    expect(receiver.records.map(({ attributes }) => attributes["droplens.drop.count"])).toEqual([1, 2, 3]);
    expect(record).toMatchObject({
      timeUnixNano: "1795204800000000000",
      severityNumber: 13,
      eventName: "droplens.packet.dropped",
      attributes: { "source.port": 1, "droplens.rule": "drop:" },
      resource: { "service.name": "droplens", team: "net" },
      scope: { name: "droplens", attributes: { "droplens.pipeline": "drops", "droplens.sink": "sink-otel" } },
    });
  });

  test("partial success: as many reports are discarded as records were refused, counted and told once a minute", async () => {
    answerAlways({ body: protocol === "http/json" ? partialSuccessJson("logs", 2) : partialSuccess(2, "too old") });
    const { sink, context } = await logsOnly({ protocol });
    const batch = countedReports(5);
    const result = await sink.deliver(batch, never);
    expect(result?.discarded).toEqual(batch.slice(3).map((report) => ({ report, reason: "partial_success" })));
    await sink.deliver(batch, never);
    const labels = { pipeline: "drops", sink: "sink-otel", signal: "logs" };
    expect(context.metrics.value("droplens_otel_refused_total", labels)).toBe(4);
    expect(context.metrics.value("droplens_otel_exports_total", { ...labels, outcome: "partial" })).toBe(2);
    expect(context.logger.lines.filter(({ level }) => level === "error")).toMatchObject([
      { fields: { refused: 2, message: "too old" } },
    ]);
  });
});

test("more records refused than sent discards the batch and no more", async () => {
  answerAlways({ body: partialSuccess(100, "no") });
  const { sink } = await logsOnly();
  expect((await sink.deliver(countedReports(2), never))?.discarded).toHaveLength(2);
});

test.each([429, 502, 503, 504])("%s comes again, Retry-After honoured", async (status) => {
  answerAlways({ status, headers: { "retry-after": "7" } });
  const { sink } = await logsOnly();
  const error = await rejection(sink.deliver(countedReports(2), never));
  expect(error).toMatchObject({ retryable: true, retryAfterMillis: 7000 });
  expect(error.message).toContain(`${receiver.url}/v1/logs answered ${status} (http/protobuf, from endpoint)`);
  expect(receiver.requests).toHaveLength(1);
  expect(sink.problems()).toEqual([`logs are not stored: ${error.message}`]);
  answerAlways({});
  await sink.deliver(countedReports(2), never);
  expect(sink.problems()).toEqual([]);
});

test("Retry-After may be a date", async () => {
  const headers = { date: "Fri, 20 Nov 2026 20:00:00 GMT", "retry-after": "Fri, 20 Nov 2026 20:00:05 GMT" };
  answerAlways({ status: 503, headers });
  const { sink } = await logsOnly();
  expect(await rejection(sink.deliver(countedReports(1), never))).toMatchObject({ retryAfterMillis: 5000 });
});

test.each([
  [400, "bad_request", "could not read"],
  [401, "unauthorized", "check headers"],
  [403, "unauthorized", "check headers"],
  [404, "not_found", "check the path"],
  [415, "bad_request", "try the other"],
  [500, "refused", "answered 500"],
  [418, "refused", "answered 418"],
])("%s discards the batch as %s, and says what to do", async (status, reason, says) => {
  answerAlways({ status, body: partialSuccess(0, "") });
  const { sink, context } = await logsOnly();
  const batch = countedReports(2);
  expect(await sink.deliver(batch, never)).toEqual({ discarded: batch.map((report) => ({ report, reason })) });
  expect(sink.problems().join()).toContain(says);
  const labels = { pipeline: "drops", sink: "sink-otel", signal: "logs" };
  expect(context.metrics.value("droplens_otel_refused_total", labels)).toBe(2);
});

test("a redirect is not followed: the log says where to go", async () => {
  answerAlways({ status: 308, headers: { location: "https://otel.example/v1/logs" } });
  const { sink } = await logsOnly();
  expect((await sink.deliver(countedReports(1), never))?.discarded).toHaveLength(1);
  expect(sink.problems().join()).toContain("write https://otel.example/v1/logs as the endpoint");
});

test.each([
  { name: "a web page", answer: { headers: { "content-type": "text/html" }, body: "<html>welcome</html>" } },
  { name: "no protobuf", answer: { body: Buffer.from([0x0f, 0xff]) } },
  { name: "an endless answer", answer: { body: Buffer.alloc(2 << 20) } },
])("200 with $name is no ack", async ({ answer }) => {
  answerAlways(answer);
  const { sink } = await logsOnly();
  expect(await rejection(sink.deliver(countedReports(1), never))).toMatchObject({ retryable: true });
});

test("no JSON is no ack of http/json", async () => {
  answerAlways({ body: "OK" });
  const { sink } = await logsOnly({ protocol: "http/json" });
  expect(await rejection(sink.deliver(countedReports(1), never))).toMatchObject({ retryable: true });
});

test("a Collector that is gone, and comes back on the same port", async () => {
  const { sink } = await logsOnly();
  await sink.deliver(countedReports(1), never);
  await receiver.close();
  const error = await rejection(sink.deliver(countedReports(2), never));
  expect(error).toMatchObject({ retryable: true });
  expect((await rejection(sink.deliver(countedReports(2), never))).message).toContain("nothing listens there");
  await receiver.listen();
  await sink.deliver(countedReports(2), never);
  expect(receiver.records).toHaveLength(3);
});

test("no answer within the timeout comes again, over a new connection", async () => {
  answerAlways({ silent: true });
  const { sink, context } = await logsOnly({ timeout: "3s" });
  const delivery = rejection(sink.deliver(countedReports(1), never));
  while (receiver.requests.length === 0) await settle();
  await context.clock.advance(3000);
  const error = await delivery;
  expect(error).toMatchObject({ retryable: true });
  expect(error.message).toContain("within 3000 ms");
  answerAlways({});
  await sink.deliver(countedReports(1), never);
  expect(receiver.records).toHaveLength(1);
});

test("an abort ends a delivery that hangs", async () => {
  answerAlways({ silent: true });
  const { sink } = await logsOnly();
  const abort = new AbortController();
  const delivery = rejection(sink.deliver(countedReports(1), abort.signal));
  while (receiver.requests.length === 0) await settle();
  abort.abort(new Error("the deadline"));
  expect((await delivery).message).toBe("the deadline");
});

test("one of several deliveries that hangs takes none of the others with it", async () => {
  const { sink } = await logsOnly();
  answerAlways({ silent: true });
  const abort = new AbortController();
  const hanging = rejection(sink.deliver(countedReports(1), abort.signal));
  while (receiver.requests.length === 0) await settle();
  answerAlways({});
  const others = Promise.all([sink.deliver(countedReports(1), never), sink.deliver(countedReports(2), never)]);
  abort.abort(new Error("the deadline"));
  await Promise.all([hanging, others]);
  expect(receiver.records).toHaveLength(3);
});

test("a connection that is closed in the middle of an answer comes again", async () => {
  const sockets: Socket[] = [];
  const broken = createServer((socket) => {
    sockets.push(socket);
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"));
  }).listen(0, "127.0.0.1");
  await once(broken, "listening");
  const { port } = broken.address() as AddressInfo;
  const { sink } = await startSink({ endpoint: `http://127.0.0.1:${port}`, metrics: false });
  expect(await rejection(sink.deliver(countedReports(1), never))).toMatchObject({ retryable: true });
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => broken.close(resolve));
});

test("an answer that stops in the middle is waited for until the timeout", async () => {
  let asked = false;
  const slow = createServer((socket) =>
    socket
      .on("error", () => undefined)
      .once("data", () => {
        asked = true;
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc");
      }),
  );
  await once(slow.listen(0, "127.0.0.1"), "listening");
  const { port } = slow.address() as AddressInfo;
  const { sink, context } = await startSink({ endpoint: `http://127.0.0.1:${port}`, metrics: false });
  const delivery = rejection(sink.deliver(countedReports(1), never));
  while (!asked) await settle();
  await context.clock.advance(10_000);
  expect(await delivery).toMatchObject({ retryable: true, message: expect.stringContaining("within 10000 ms") });
  await new Promise((resolve) => slow.close(resolve));
});

test("an HTTP/2 server, as a gRPC port is, is told as such", async () => {
  const grpc = createServer((socket) =>
    socket.once("data", () => socket.end(Buffer.from("000006040000000000000000", "hex"))),
  );
  await once(grpc.listen(0, "127.0.0.1"), "listening");
  const { port } = grpc.address() as AddressInfo;
  const { sink } = await startSink({ endpoint: `http://127.0.0.1:${port}`, metrics: false });
  expect((await rejection(sink.deliver(countedReports(1), never))).message).toContain(
    "it does not speak HTTP/1.1: write protocol: grpc",
  );
  await new Promise((resolve) => grpc.close(resolve));
});

test("a port that is the other protocol's by custom is warned of at the start, and named when it fails", async () => {
  const { sink, context } = await startSink({ endpoint: "http://127.0.0.1:4317", metrics: false });
  expect(context.logger.messages("warn")).toEqual([
    "4317 is a Collector's usual port for gRPC: write protocol: grpc, or port 4318",
  ]);
  const [finding] = await sink.check(never);
  expect(finding).toMatchObject({ what: "send logs to http://127.0.0.1:4317/v1/logs (http/protobuf)" });
  const other = await startSink({ endpoint: "http://127.0.0.1:4318", protocol: "grpc", logs: false });
  expect(other.context.logger.messages("warn").join()).toContain("write protocol: http/protobuf, or port 4317");
});

test("check sends an empty request for each signal", async () => {
  const { sink } = makeSink({ endpoint: receiver.url });
  expect(await sink.check(never)).toEqual([
    { ok: true, what: `send logs to ${receiver.url}/v1/logs (http/protobuf)` },
    { ok: true, what: `send metrics to ${receiver.url}/v1/metrics (http/protobuf)` },
  ]);
  expect(receiver.requests.map(({ path, records, points }) => [path, records.length, points.length])).toEqual([
    ["/v1/logs", 0, 0],
    ["/v1/metrics", 0, 0],
  ]);
});

test("check says what of the environment is wrong", async () => {
  const { sink } = makeSink({}, { OTEL_EXPORTER_OTLP_ENDPOINT: "otel:4318" });
  expect(await sink.check(never)).toMatchObject([
    {
      ok: false,
      problem: 'OTEL_EXPORTER_OTLP_ENDPOINT: "otel:4318" has no scheme: write "http://otel:4318", or https:// for TLS',
    },
  ]);
});

test("two sinks of one process share nothing", async () => {
  const one = await logsOnly();
  const other = await new OtlpReceiver().listen();
  const two = await startSink({ endpoint: other.url, metrics: false, protocol: "http/json" });
  await one.sink.deliver(countedReports(1), never);
  await one.sink.stop(never);
  await two.sink.deliver(countedReports(2), never);
  expect([receiver.records.length, other.records.length]).toEqual([1, 2]);
  await two.sink.stop(never);
  await other.close();
});
