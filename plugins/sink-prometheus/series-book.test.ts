import fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryMetrics } from "../../core/testkit/test-context.ts";
import { cleanValue, SeriesBook } from "./series-book.ts";

function makeBook(maxSeries: number, labels = ["src", "dst"]) {
  const metrics = new MemoryMetrics();
  const book = new SeriesBook(metrics.counter({ name: "drops" }), labels, maxSeries);
  return { metrics, book };
}

test("cleaning twice changes nothing, and what comes out is bounded and printable", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 600 }), (text) => {
      const once = String(cleanValue(text));
      expect(cleanValue(once)).toBe(once);
      expect(Buffer.byteLength(once)).toBeLessThanOrEqual(253);
      expect(once).not.toMatch(/\p{Cc}/u);
      expect(once.isWellFormed()).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test("values that are the same once cleaned are one series", () => {
  const { metrics, book } = makeBook(10);
  book.add(["a\u0000", "b"], 1);
  book.add(["a\u0001", "b"], 2);
  book.add(["a\ufffd", "b"], 4);
  book.flush(0);
  expect(book.size).toBe(1);
  expect(metrics.value("drops", { src: "a\ufffd", dst: "b" })).toBe(7);
});

test("a known series goes on counting when there is no room for others, whose values are not clean either", () => {
  const { metrics, book } = makeBook(1);
  book.add(["a\u0000", "b"], 1);
  book.add(["c\u0000", "d"], 2);
  book.add(["a\u0000", "b"], 4);
  book.flush(0);
  expect(metrics.value("drops", { src: "a\ufffd", dst: "b" })).toBe(5);
  expect(metrics.value("drops", { src: "overflow", dst: "overflow" })).toBe(2);
});

test("a stale series is removed and its place is free for another", () => {
  const { metrics, book } = makeBook(2);
  book.add(["a", "b"], 3);
  book.flush(1000);
  book.add(["a", "c"], 5);
  book.flush(2000);
  expect(book.removeStale(1000)).toBe(3);
  expect(metrics.series()).toEqual(['drops{dst="c",src="a"}']);
  book.add(["a", "d"], 1);
  book.flush(3000);
  expect(metrics.series()).toEqual(['drops{dst="c",src="a"}', 'drops{dst="d",src="a"}']);
  expect(book.size).toBe(2);
});

test("overflow is never removed, nor what is really called so", () => {
  const { metrics, book } = makeBook(1);
  book.add(["overflow", "overflow"], 1);
  book.add(["a", "b"], 1);
  book.add(["c", "d"], 1);
  book.flush(1000);
  expect(book.removeStale(5000)).toBe(1);
  expect(metrics.value("drops", { src: "overflow", dst: "overflow" })).toBe(2);
});

test("a series that comes back begins at its own count", () => {
  const { metrics, book } = makeBook(2);
  book.add(["a", "b"], 100);
  book.flush(1000);
  book.removeStale(1000);
  book.add(["a", "b"], 2);
  book.flush(2000);
  expect(metrics.value("drops", { src: "a", dst: "b" })).toBe(2);
});

test("a port as a number and the same as text do not stand in each other's way", () => {
  const { metrics, book } = makeBook(10, ["port"]);
  book.add([80], 1);
  book.add([443], 2);
  book.flush(0);
  expect(metrics.value("drops", { port: "80" })).toBe(1);
  expect(metrics.value("drops", { port: "443" })).toBe(2);
});

test("the counter is told once a flush for each series", () => {
  const told: number[] = [];
  const add = (_: unknown, count = 1) => void told.push(count);
  const counter = { add, series: () => ({ add: () => undefined }), remove: () => undefined };
  const book = new SeriesBook(counter, ["src"], 10);
  for (let i = 0; i < 1000; i++) book.add([i % 2 === 0 ? "a" : "b"], 1);
  book.flush(0);
  book.flush(1);
  expect(told).toEqual([500, 500]);
});
