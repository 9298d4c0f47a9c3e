import { afterEach, beforeEach, expect, test } from "vitest";
import { OtlpReceiver, partialSuccess, type Request } from "../../core/otlp/testdata/otlp-receiver.ts";
import { dropReport, packetDrop } from "../../core/testkit/drops.ts";
import { settle } from "../../core/testkit/fake-clock.ts";
import { db, web } from "./testdata/ends.ts";
import { never, rejection, type SinkUnderTest, startSink, stopSinks } from "./testdata/sink-under-test.ts";

let receiver: OtlpReceiver;

beforeEach(async () => {
  receiver = await new OtlpReceiver().listen();
});

afterEach(async () => {
  await stopSinks();
  await receiver.close();
});

const of = (prefix: string, count: number) =>
  dropReport({ drop: packetDrop({ logPrefix: prefix }), source: web, destination: db, count });
const both = (more: Readonly<Record<string, unknown>> = {}) =>
  startSink({ endpoint: receiver.url, interval: "10s", ...more });
const alone = (more: Readonly<Record<string, unknown>> = {}) => both({ logs: false, ...more });

/** Values of each stored export, by reason. */
function exported(): Record<string, number>[] {
  const requests = receiver.stored.filter(({ signal }) => signal === "metrics");
  return requests.map(({ points }) =>
    Object.fromEntries(points.map(({ attributes, value }) => [String(attributes["droplens.drop.reason"]), value])),
  );
}

/** Lets the clock run through an interval, and waits until the export that is due was answered. */
async function anInterval({ context }: SinkUnderTest, millis = 10_000): Promise<void> {
  const before = metricRequests();
  await context.clock.advance(millis);
  while (metricRequests() === before) await settle();
  // Until the sink sleeps again, its answer has come.
  while (context.clock.sleeping === 0) await settle();
}

const metricRequests = () => receiver.requests.filter(({ signal }) => signal === "metrics").length;
const failMetrics = (status: number) => {
  receiver.answer = ({ signal }: Request) => (signal === "metrics" ? { status } : {});
};

test("at the interval, the packets of all stored records as a cumulative counter", async () => {
  const made = await both();
  await made.sink.deliver([of("a", 1), of("a", 36), of("b", 2)], never);
  expect(exported()).toEqual([]);
  await anInterval(made);
  await made.sink.deliver([of("a", 3)], never);
  await anInterval(made);
  expect(exported()).toEqual([
    { a: 37, b: 2 },
    { a: 40, b: 2 },
  ]);
  expect(receiver.points[0]).toMatchObject({
    metric: "droplens.packet.dropped",
    unit: "{packet}",
    temporality: 2,
    monotonic: true,
    startTimeUnixNano: "1795204800000000000",
    timeUnixNano: "1795204810000000000",
    resource: { "service.name": "droplens" },
    attributes: { "k8s.src.owner.name": "web", "k8s.dst.namespace": "data" },
  });
});

test("delta: only what was not stored yet; a failed export goes with the next", async () => {
  const made = await both({ temporality: "delta" });
  await made.sink.deliver([of("a", 5)], never);
  failMetrics(503);
  await anInterval(made);
  expect(made.context.logger.messages("warn")).toEqual(["export failed: trying again"]);
  await made.sink.deliver([of("a", 1)], never);
  receiver.answer = () => ({});
  await anInterval(made);
  await made.sink.deliver([of("b", 7)], never);
  await anInterval(made);
  expect(exported()).toEqual([{ a: 6 }, { b: 7 }]);
  expect(receiver.points[0]?.temporality).toBe(1);
});

test("records that were not stored are not counted", async () => {
  const made = await both();
  receiver.answer = ({ signal }) => (signal === "logs" ? { body: partialSuccess(1, "no") } : {});
  await made.sink.deliver([of("a", 1), of("b", 2)], never);
  receiver.answer = ({ signal }) => (signal === "logs" ? { status: 400 } : {});
  await made.sink.deliver([of("c", 4)], never);
  receiver.answer = ({ signal }) => (signal === "logs" ? { status: 503 } : {});
  await rejection(made.sink.deliver([of("d", 8)], never));
  await anInterval(made);
  expect(exported()).toEqual([{ a: 1 }]);
});

test("a Collector that refuses metrics holds up no logs, and is a problem", async () => {
  const made = await both();
  failMetrics(404);
  await made.sink.deliver([of("a", 1)], never);
  await anInterval(made);
  await made.sink.deliver([of("a", 1)], never);
  expect(receiver.records).toHaveLength(2);
  expect(made.sink.problems()).toEqual([expect.stringContaining("metrics are not stored")]);
  const labels = { pipeline: "drops", sink: "sink-otel" };
  expect(made.context.metrics.value("droplens_otel_unsettled_packets", labels)).toBe(2);
});

test("the stop sends what the interval has not sent", async () => {
  const made = await both();
  await made.sink.deliver([of("a", 3)], never);
  await made.sink.stop(never);
  expect(exported()).toEqual([{ a: 3 }]);
  expect(made.context.logger.messages("error")).toEqual([]);
});

test("a stop that cannot send them tells how many packets the metrics lack", async () => {
  const made = await both();
  await made.sink.deliver([of("a", 3)], never);
  failMetrics(400);
  await made.sink.stop(never);
  const errors = made.context.logger.lines.filter(({ level }) => level === "error");
  expect(errors.at(-1)).toMatchObject({ fields: { packets: 3 } });
});

test("alone: a report is stored when the Collector has its sum", async () => {
  const made = await alone();
  expect(await made.sink.deliver([of("a", 3), of("b", 1)], never)).toEqual({ discarded: [] });
  expect(exported()).toEqual([{ a: 3, b: 1 }]);
});

test("alone: what comes again is not counted twice", async () => {
  const made = await alone();
  const report = of("a", 3);
  failMetrics(503);
  expect(await rejection(made.sink.deliver([report], never))).toMatchObject({ retryable: true });
  receiver.answer = () => ({});
  const again = made.sink.deliver([report], never);
  await made.context.clock.advance(1000);
  await again;
  expect(exported()).toEqual([{ a: 3 }]);
});

test("alone: what is refused is discarded and never counted", async () => {
  const made = await alone();
  failMetrics(400);
  const refused = of("a", 3);
  expect(await made.sink.deliver([refused], never)).toEqual({
    discarded: [{ report: refused, reason: "bad_request" }],
  });
  receiver.answer = () => ({});
  const next = made.sink.deliver([of("b", 1)], never);
  await made.context.clock.advance(1000);
  await next;
  expect(exported()).toEqual([{ b: 1 }]);
});

test("alone: points that a Collector refuses discard the reports of as many series", async () => {
  const made = await alone();
  receiver.answer = () => ({ body: partialSuccess(1, "no") });
  const [a, b, more] = [of("a", 1), of("b", 2), of("b", 4)];
  expect(await made.sink.deliver([a, b, more], never)).toEqual({
    discarded: [b, more].map((report) => ({ report, reason: "partial_success" })),
  });
  receiver.answer = () => ({});
  const next = made.sink.deliver([of("a", 8)], never);
  await made.context.clock.advance(1000);
  await next;
  expect(exported().at(-1)).toEqual({ a: 9 });
});

test("alone: exports have a second between them, whatever the load", async () => {
  const made = await alone();
  await made.sink.deliver([of("a", 1)], never);
  let stored = false;
  const next = made.sink.deliver([of("a", 1)], never).then(() => {
    stored = true;
  });
  await made.context.clock.advance(999);
  expect([stored, metricRequests()]).toEqual([false, 1]);
  await made.context.clock.advance(1);
  await next;
  expect(exported()).toEqual([{ a: 1 }, { a: 2 }]);
});

test("beyond maxSeries the rest is one series", async () => {
  const made = await alone({ maxSeries: 3 });
  await made.sink.deliver(
    ["a", "b", "c", "d"].map((prefix) => of(prefix, 1)),
    never,
  );
  expect(receiver.points.map(({ attributes, value }) => [attributes["otel.metric.overflow"], value])).toEqual([
    [undefined, 1],
    [undefined, 1],
    [true, 2],
  ]);
});
