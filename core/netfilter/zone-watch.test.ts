/** A zone that is missing from the config is told from old lines by the clock alone. */
import { describe, expect, it } from "vitest";
import { testContext } from "../testkit/test-context.ts";
import { ZoneWatch } from "./zone-watch.ts";

const minute = 60_000;
const hour = 60 * minute;
const now = Date.parse("2026-11-20T20:00:00Z");

/** What is said when lines are written `offsets` from the clock, ten seconds apart. */
function said(offsets: readonly number[]): readonly string[] {
  const context = testContext();
  const watch = new ZoneWatch(context);
  offsets.forEach((offset, i) => {
    watch.look("Nov 20 19:58:59", now + i * 10_000 + offset, now + i * 10_000);
  });
  return context.logger.messages("error");
}

const fortyMinutes = Array.from({ length: 240 }, (_, i) => i);

describe("times without a zone", () => {
  it("that have not come yet are of another zone: told at once", () => {
    const [message, ...more] = said([hour - 1500, hour, hour]);

    expect(more).toEqual([]);
    expect(message).toContain('times like "Nov 20 19:58:59" name no zone; read as ');
    expect(message).toContain("they are 1h00m ahead of the clock");
    expect(message).toContain('set "timeZone" to the zone of who writes them, like timeZone: Europe/Berlin');
  });

  it("that stay behind by whole quarters of an hour are of another zone: told after a minute", () => {
    expect(said([-5.5 * hour, -5.5 * hour])).toEqual([]);
    const [message] = said(fortyMinutes.map(() => -5.5 * hour - 900));

    expect(message).toContain('5h30m behind the clock, so drops older than "maxAge" are discarded as expired');
  });

  it("of the same zone are not worth a word", () => {
    expect(said(fortyMinutes.map((i) => -(i % 50) * 1000))).toEqual([]);
  });

  it("of last year, which lack the year, are not taken for tomorrow's", () => {
    expect(said([20 * hour, 20 * hour])).toEqual([]);
  });

  it("of old lines that are read anew are not either", () => {
    expect(said(fortyMinutes.map((i) => -5 * hour + i * 20_000))).toEqual([]);
  });
});
