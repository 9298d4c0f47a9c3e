import { describe, expect, it, onTestFinished, vi } from "vitest";
import { RetryableError } from "../plugin/errors.ts";
import type { DeliveryOptions } from "../plugin/sink.ts";
import { dropReport } from "../testkit/drops.ts";
import { settle } from "../testkit/fake-clock.ts";
import { MemorySink } from "../testkit/memory-sink.ts";
import { testContext } from "../testkit/test-context.ts";
import { DeliveryBooks } from "./delivery-books.ts";
import { DeliveryQueue } from "./delivery-queue.ts";

const defaults: DeliveryOptions = {
  capacity: 100,
  whenFull: "discard",
  maxBatch: 10,
  concurrency: 1,
  timeoutMillis: 5000,
  maxAgeMillis: 600_000,
};

function makeQueue(options: Partial<DeliveryOptions> = {}) {
  const { clock, logger } = testContext();
  const sink = new MemorySink();
  const books = new DeliveryBooks();
  const acks: number[] = [];
  const onAck = (millis: number) => void acks.push(millis);
  const queue = new DeliveryQueue({
    name: "sink",
    sink,
    options: { ...defaults, ...options },
    clock,
    logger,
    books,
    onAck,
  });
  const stop = new AbortController();
  const running = queue.run(stop.signal);
  return { queue, sink, books, clock, logger, stop, running, acks };
}

/** Ends the queue and says that nothing is left running. */
async function finish({ queue, running }: ReturnType<typeof makeQueue>): Promise<void> {
  queue.close();
  await running;
}

describe("delivery queue", () => {
  it("acks what the sink has stored, in batches", async () => {
    const parts = makeQueue({ maxBatch: 2 });
    for (let i = 0; i < 5; i++) parts.queue.offer(dropReport({ count: 3 }));
    await finish(parts);
    expect(parts.sink.batches.map((batch) => batch.length)).toEqual([2, 2, 1]);
    expect(parts.books).toMatchObject({ deliveredPackets: 15, openPackets: 0 });
    expect(parts.acks).toHaveLength(3);
  });

  it("brings the same batch again after a retryable error, and not before its time", async () => {
    const parts = makeQueue();
    parts.sink.answer = () => {
      if (parts.sink.calls === 1) throw new RetryableError("BUSY", "busy", { retryAfterMillis: 10_000 });
      return undefined;
    };
    parts.queue.offer(dropReport());
    await settle();
    await parts.clock.advance(9_999);
    expect(parts.sink.calls).toBe(1);
    await parts.clock.advance(3_000);
    expect(parts.sink.calls).toBe(2);
    expect(parts.books).toMatchObject({ deliveredPackets: 1, retries: 1, openPackets: 0 });
    await finish(parts);
  });

  it("knows a retryable error by its property, not by its class", async () => {
    const parts = makeQueue();
    parts.sink.answer = () => {
      if (parts.sink.calls === 1) throw Object.assign(new Error("busy"), { retryable: true });
      return undefined;
    };
    parts.queue.offer(dropReport());
    await settle();
    await parts.clock.advance(1000);
    expect(parts.books.deliveredPackets).toBe(1);
    await finish(parts);
  });

  it("discards a batch that the sink rejects for good, counted and logged", async () => {
    const parts = makeQueue();
    parts.sink.answer = () => {
      throw new Error("bad request");
    };
    parts.queue.offer(dropReport({ count: 4 }));
    await finish(parts);
    expect(parts.books.discardedByReason).toEqual(new Map([["rejected", 4]]));
    expect(parts.logger.messages("error")).toHaveLength(1);
  });

  it("keeps apart what of a batch was stored, discarded and is to come again", async () => {
    const parts = makeQueue();
    const [stored, refused, later] = [dropReport(), dropReport(), dropReport()];
    parts.sink.answer = () =>
      parts.sink.calls === 1
        ? { discarded: [{ report: refused, reason: "gone" }], retry: [{ report: later, retryAfterMillis: 1000 }] }
        : undefined;
    for (const report of [stored, refused, later]) parts.queue.offer(report);
    await settle();
    expect(parts.sink.reports).toEqual([stored]);
    expect([...parts.queue.undelivered()]).toEqual([later]);
    await parts.clock.advance(2000);
    expect(parts.sink.reports).toEqual([stored, later]);
    expect(parts.books.deliveredPackets).toBe(2);
    expect(parts.books.discardedByReason).toEqual(new Map([["gone", 1]]));
    await finish(parts);
  });

  it.each([[{ discarded: 5 }], [{ retry: "all" }], [{ discarded: [undefined] }], [{ retry: [{}] }]])(
    "takes %j for a mistake of the plugin, and goes on",
    async (nonsense) => {
      const parts = makeQueue({ maxBatch: 1 });
      parts.sink.answer = () => (parts.sink.calls === 1 ? (nonsense as never) : undefined);
      parts.sink.deliver = async (reports, signal) => {
        parts.sink.calls++;
        return parts.sink.answer(reports, signal);
      };
      parts.queue.offer(dropReport());
      parts.queue.offer(dropReport());
      await finish(parts);
      expect(parts.queue.lastError).toContain("deliver resolved with no DeliveryResult");
      expect(parts.books).toMatchObject({ deliveredPackets: 1, openPackets: 0 });
      expect(parts.books.discardedByReason).toEqual(new Map([["rejected", 1]]));
    },
  );

  it("discards what comes when it is full, counted", async () => {
    const parts = makeQueue({ capacity: 2 });
    parts.sink.answer = () => new Promise(() => {});
    for (let i = 0; i < 5; i++) parts.queue.offer(dropReport());
    expect(parts.queue.length).toBe(2);
    expect(parts.books.discardedByReason).toEqual(new Map([["queue_full", 3]]));
    parts.stop.abort();
    await parts.running;
  });

  it("takes a sink that never answers for one that failed, and tries again", async () => {
    const parts = makeQueue({ timeoutMillis: 1000 });
    parts.sink.answer = () => (parts.sink.calls === 1 ? new Promise(() => {}) : undefined);
    parts.queue.offer(dropReport());
    await settle();
    await parts.clock.advance(2000);
    expect(parts.sink.calls).toBe(2);
    expect(parts.books.deliveredPackets).toBe(1);
    await finish(parts);
  });

  it("sends one batch at a time while the partner is away, and all when it is back", async () => {
    // Pauses as long as they may be: with shorter ones more tries fit into the same time.
    const random = vi.spyOn(Math, "random").mockReturnValue(0.999);
    onTestFinished(() => random.mockRestore());
    const parts = makeQueue({ concurrency: 8 });
    parts.sink.answer = () => {
      throw new RetryableError("DOWN", "down");
    };
    for (let i = 0; i < 100; i++) parts.queue.offer(dropReport());
    await settle();
    expect(parts.sink.calls).toBe(8);
    // What was under way when it went is one failure, not eight: the first pause is the shortest.
    await parts.clock.advance(250);
    expect(parts.sink.calls).toBe(9);
    let [underWay, most] = [0, 0];
    parts.sink.answer = async () => {
      most = Math.max(most, ++underWay);
      await settle();
      underWay--;
      throw new RetryableError("DOWN", "down");
    };
    for (let second = 0; second < 300; second++) await parts.clock.advance(1000);
    expect(most).toBe(1);
    expect(parts.sink.calls).toBeLessThan(100);
    parts.sink.answer = () => undefined;
    for (let second = 0; second < 31; second++) await parts.clock.advance(1000);
    expect(parts.books).toMatchObject({ deliveredPackets: 100, openPackets: 0 });
    await finish(parts);
  });

  it("gives a report up that could not be delivered for too long", async () => {
    const parts = makeQueue({ maxAgeMillis: 60_000 });
    parts.sink.answer = () => {
      throw new RetryableError("DOWN", "down");
    };
    parts.queue.offer(dropReport());
    await settle();
    for (let i = 0; i < 20; i++) await parts.clock.advance(10_000);
    expect(parts.books.discardedByReason).toEqual(new Map([["retry_timeout", 1]]));
    expect(parts.queue.length).toBe(0);
    await finish(parts);
  });

  it("goes on with other reports while one waits for its own retry", async () => {
    const parts = makeQueue({ maxBatch: 1 });
    const slow = dropReport();
    parts.sink.answer = (reports) => (reports.includes(slow) ? { retry: [{ report: slow }] } : undefined);
    parts.queue.offer(slow);
    for (let i = 0; i < 3; i++) parts.queue.offer(dropReport());
    await settle();
    expect(parts.books.deliveredPackets).toBe(3);
    parts.stop.abort();
    await parts.running;
    expect([...parts.queue.undelivered()]).toEqual([slow]);
  });

  it("keeps what is undelivered when it is stopped in the middle of a delivery", async () => {
    const parts = makeQueue({ maxBatch: 2 });
    parts.sink.answer = (_reports, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    for (let i = 0; i < 3; i++) parts.queue.offer(dropReport());
    await settle();
    parts.stop.abort();
    await parts.running;
    expect([...parts.queue.undelivered()]).toHaveLength(3);
    expect(parts.queue.discardRest("shutdown_deadline")).toBe(3);
    expect(parts.books).toMatchObject({ openPackets: 0, deliveredPackets: 0 });
  });

  it("tells when there is room again", async () => {
    const parts = makeQueue({ capacity: 4, maxBatch: 1 });
    let store = () => {};
    parts.sink.answer = () =>
      new Promise<undefined>((resolve) => {
        store = () => resolve(undefined);
      });
    for (let i = 0; i < 3; i++) parts.queue.offer(dropReport());
    await settle();
    expect(parts.queue.hasRoom).toBe(false);
    let told = false;
    void parts.queue.room(parts.stop.signal).then(() => {
      told = true;
    });
    await settle();
    expect(told).toBe(false);
    store();
    await settle();
    expect(told).toBe(true);
    parts.stop.abort();
    await parts.running;
  });
});
