import fc from "fast-check";
import { expect, test } from "vitest";
import { dropReport, packetDrop } from "../../core/testkit/drops.ts";
import { PacketSums } from "./packet-sums.ts";

const of = (prefix: string, count: number) => dropReport({ drop: packetDrop({ logPrefix: prefix }), count });
const make = (temporality: "cumulative" | "delta", maxSeries = 2000) =>
  new PacketSums({ temporality, maxSeries, startMillis: 1000 });

function values(sums: PacketSums, nowMillis = 2000): Record<string, unknown> {
  const points = sums.take(nowMillis)?.dataPoints ?? [];
  return Object.fromEntries(
    points.map(({ attributes, value }) => [attributes["droplens.drop.reason"] ?? JSON.stringify(attributes), value]),
  );
}

test("cumulative: a value counts from the start, with what was never stored", () => {
  const sums = make("cumulative");
  sums.add(of("a", 2));
  expect(values(sums)).toEqual({ a: 2 });
  sums.putBack();
  sums.add(of("a", 3));
  expect(values(sums)).toEqual({ a: 5 });
  sums.settle();
  sums.add(of("b", 1));
  expect(values(sums)).toEqual({ a: 5, b: 1 });
});

test("delta: a value counts since it was last stored, and an export that failed goes with the next", () => {
  const sums = make("delta");
  sums.add(of("a", 2));
  values(sums);
  sums.settle();
  sums.add(of("a", 3));
  values(sums);
  sums.putBack();
  sums.add(of("b", 1));
  expect(values(sums)).toEqual({ a: 3, b: 1 });
  sums.settle();
  expect([values(sums), sums.size]).toEqual([{}, 0]);
});

test("delta: times of successive exports join, a failed one's are within the next", () => {
  const sums = make("delta");
  const times = (now: number) => {
    sums.add(of("a", 1));
    const [point] = sums.take(now)?.dataPoints ?? [];
    return [point?.startTime, point?.endTime];
  };
  expect(times(2000)).toEqual([
    [1, 0],
    [2, 0],
  ]);
  sums.settle();
  expect(times(3000)).toEqual([
    [2, 0],
    [3, 0],
  ]);
  sums.putBack();
  expect(times(4000)).toEqual([
    [2, 0],
    [4, 0],
  ]);
  sums.settle();
  // A clock that was set back.
  expect(times(3500)).toEqual([
    [4, 0],
    [4, 0],
  ]);
});

test("what is forgotten was never counted", () => {
  const sums = make("cumulative");
  sums.add(of("a", 2));
  values(sums);
  sums.forget();
  sums.add(of("b", 1));
  expect(values(sums)).toEqual({ b: 1 });
});

test("packets that come during an export are not settled by it", () => {
  const sums = make("delta");
  sums.add(of("a", 2));
  values(sums);
  sums.add(of("a", 5));
  sums.settle();
  expect(sums.unsettled).toBe(5);
  expect(values(sums)).toEqual({ a: 5 });
});

test("beyond the limit, new attribute sets share one series; known ones go on", () => {
  const sums = make("cumulative", 3);
  for (const prefix of ["a", "b", "c", "d", "a"]) sums.add(of(prefix, 1));
  expect(sums.size).toBe(3);
  expect(values(sums)).toEqual({ a: 2, b: 1, '{"otel.metric.overflow":true}': 2 });
});

test("whatever fails in between, the deltas that were stored and what is unsettled make up what was counted", () => {
  const steps = fc.array(
    fc.record({
      prefix: fc.constantFrom("a", "b", "c", "d"),
      count: fc.nat(9),
      answer: fc.constantFrom("stored", "failed", "none"),
    }),
  );
  fc.assert(
    fc.property(steps, fc.constantFrom(2, 3, 10), (all, maxSeries) => {
      const sums = make("delta", maxSeries);
      let counted = 0;
      let stored = 0;
      for (const { prefix, count, answer } of all) {
        sums.add(of(prefix, count));
        counted += count;
        if (answer === "none") continue;
        const sent = Object.values(values(sums)).reduce((sum: number, value) => sum + Number(value), 0);
        if (answer === "stored") stored += sent;
        if (answer === "stored") sums.settle();
        else sums.putBack();
      }
      expect(stored + sums.unsettled).toBe(counted);
    }),
  );
});
