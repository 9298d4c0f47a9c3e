import { expect, test } from "vitest";
import { AnswerCache } from "./answer-cache.ts";

const unknownUntil = (expiresMillis: number) => ({ endpoint: undefined, expiresMillis });

test("an answer is there until its time is over, and not at that moment", () => {
  const cache = new AnswerCache(2);
  cache.set("192.0.2.1", unknownUntil(1000));
  expect(cache.get("192.0.2.1", 999)).toEqual(unknownUntil(1000));
  expect(cache.get("192.0.2.1", 1000)).toBeUndefined();
  expect(cache.size).toBe(0);
});

test("the answer unused for longest makes room", () => {
  const cache = new AnswerCache(2);
  cache.set("192.0.2.1", unknownUntil(1000));
  cache.set("192.0.2.2", unknownUntil(1000));
  cache.get("192.0.2.1", 0);
  cache.set("192.0.2.3", unknownUntil(1000));
  expect(cache.size).toBe(2);
  expect(cache.get("192.0.2.2", 0)).toBeUndefined();
  expect(cache.get("192.0.2.1", 0)).toBeDefined();
});

test("a newer answer replaces the older one without taking more room", () => {
  const cache = new AnswerCache(2);
  cache.set("192.0.2.1", unknownUntil(1000));
  cache.set("192.0.2.2", unknownUntil(1000));
  cache.set("192.0.2.1", unknownUntil(2000));
  expect(cache.get("192.0.2.1", 1500)).toEqual(unknownUntil(2000));
  expect(cache.get("192.0.2.2", 500)).toBeDefined();
});
