/** Times: Go's layouts with all their tokens, the automatic detection, and what fills in a missing year or zone. */
import { describe, expect, it } from "vitest";
import { ClockReader } from "../../core/netfilter/clock-reader.ts";
import { compileLayout } from "../../core/netfilter/time-layout.ts";
import { TimeZone } from "../../core/netfilter/time-zone.ts";
import { options } from "./config.ts";

const now = Date.parse("2026-11-20T20:00:00Z");

function read(
  text: string,
  settings: { timeLayout?: string; timeZone?: string; now?: number } = {},
): string | undefined {
  const reader = new ClockReader({ timeLayout: settings.timeLayout, timeZone: settings.timeZone ?? "UTC" });
  const stamp = reader.read(text, 0, settings.now ?? now);
  if (stamp === undefined) return undefined;
  return `${new Date(stamp.millis).toISOString()} ${stamp.fraction}`.trim();
}

/** Layout, a time of it, what it means. All of the reference tokens of Go's time package. */
const layouts = [
  ["2006-01-02T15:04:05.000000-07:00", "2019-02-04T10:10:12.345678-07:00", "2019-02-04T17:10:12.345Z 345678"],
  ["2006-01-02T15:04:05Z07:00", "2019-02-04T10:10:12Z", "2019-02-04T10:10:12.000Z"],
  ["2006-01-02T15:04:05Z07:00", "2019-02-04T10:10:12.9+02:00", "2019-02-04T08:10:12.900Z 9"],
  ["2006-01-02T15:04:05Z0700", "2019-02-04T10:10:12+0200", "2019-02-04T08:10:12.000Z"],
  ["2006-01-02T15:04:05Z07", "2019-02-04T10:10:12+02", "2019-02-04T08:10:12.000Z"],
  ["2006-01-02T15:04:05Z070000", "2019-02-04T10:10:12+020000", "2019-02-04T08:10:12.000Z"],
  ["2006-01-02T15:04:05Z07:00:00", "2019-02-04T10:10:12+02:00:00", "2019-02-04T08:10:12.000Z"],
  ["2006-01-02T15:04:05-0700", "2019-02-04T10:10:12-0230", "2019-02-04T12:40:12.000Z"],
  ["2006-01-02T15:04:05-07", "2019-02-04T10:10:12-02", "2019-02-04T12:10:12.000Z"],
  ["2006-01-02T15:04:05-070000", "2019-02-04T10:10:12-020000", "2019-02-04T12:10:12.000Z"],
  ["2006-01-02T15:04:05-07:00:00", "2019-02-04T10:10:12-02:00:00", "2019-02-04T12:10:12.000Z"],
  ["Mon Jan _2 15:04:05 2006", "Mon Feb  4 10:10:12 2019", "2019-02-04T10:10:12.000Z"],
  ["Mon Jan _2 15:04:05 MST 2006", "Mon Feb  4 10:10:12 UTC 2019", "2019-02-04T10:10:12.000Z"],
  ["Monday, 02-Jan-06 15:04:05 MST", "Monday, 04-Feb-19 10:10:12 GMT", "2019-02-04T10:10:12.000Z"],
  ["January 2, 2006 at 3:04:05pm", "February 4, 2019 at 3:10:12pm", "2019-02-04T15:10:12.000Z"],
  ["Jan 2 2006 03:04:05 PM", "Feb 4 2019 12:10:12 AM", "2019-02-04T00:10:12.000Z"],
  ["2006/1/2 15:4:5", "2019/2/4 9:1:2", "2019-02-04T09:01:02.000Z"],
  ["06-01-02 15:04:05,000", "69-02-04 10:10:12,345", "1969-02-04T10:10:12.345Z 345"],
  ["2006-002 15:04:05.999", "2019-035 10:10:12.12345", "2019-02-04T10:10:12.123Z 12345"],
  ["2006-002 15:04:05.999", "2019-035 10:10:12", "2019-02-04T10:10:12.000Z"],
  ["2006 __2 15:04:05", "2019  35 10:10:12", "2019-02-04T10:10:12.000Z"],
  ["15:04:05_2006_01_02", "10:10:12_2019_02_04", "2019-02-04T10:10:12.000Z"],
  ["Jan 2 15:04:05", "Feb   4 10:10:12", "2026-02-04T10:10:12.000Z"],
  ["[02/Jan/2006:15:04:05 -0700]", "[04/Feb/2019:10:10:12 +0100]", "2019-02-04T09:10:12.000Z"],
] as const;

describe("a Go layout", () => {
  it.each(layouts)("%s reads %s", (timeLayout, text, expected) => {
    expect(read(text, { timeLayout })).toBe(expected);
    expect(read(`${text} host`, { timeLayout })).toBe(expected);
  });

  it.each([
    ["2006-01-02T15:04:05Z07:00", "2019-13-04T10:10:12Z"],
    ["2006-01-02T15:04:05Z07:00", "2019-02-30T10:10:12Z"],
    ["2006-01-02T15:04:05Z07:00", "2019-02-04T24:10:12Z"],
    ["2006-01-02T15:04:05.000Z07:00", "2019-02-04T10:10:12.12Z"],
    ["Jan 2 15:04:05", "Feb4 10:10:12"],
    ["Jan 2 15:04:05", "Foo 4 10:10:12"],
    ["2006-01-02 15:04:05", "2019-02-04 10:10:123"],
  ])("%s does not read %s", (timeLayout, text) => {
    expect(read(text, { timeLayout })).toBeUndefined();
  });

  it.each([
    ["15:04:05", "no month and day"],
    ["2006-01-02", "no hour and minute"],
    ["yyyy-MM-dd HH:mm:ss", "no hour and minute"],
  ])("%s is refused by the config: %s", (timeLayout, problem) => {
    expect(compileLayout(timeLayout)).toContain(problem);
    expect(options.safeParse({ timeLayout }).error?.issues[0]?.message).toContain(problem);
  });

  it("takes words that only begin like a token as words", () => {
    expect(read("Monthly 2019-02-04 10:10:12", { timeLayout: "Monthly 2006-01-02 15:04:05" })).toBe(
      "2019-02-04T10:10:12.000Z",
    );
  });
});

describe("a time without a year", () => {
  it.each([
    ["is of this year when that is past", "Nov 20 19:56:42", "2026-11-20T20:00:00Z", "2026-11-20T19:56:42.000Z"],
    ["may be a day ahead, as clocks differ", "Nov 21 19:56:42", "2026-11-20T20:00:00Z", "2026-11-21T19:56:42.000Z"],
    [
      "is of last year when it would be further ahead",
      "Nov 22 19:56:42",
      "2026-11-20T20:00:00Z",
      "2025-11-22T19:56:42.000Z",
    ],
    ["is of last year on New Year's morning", "Dec 31 23:59:59", "2027-01-01T00:00:05Z", "2026-12-31T23:59:59.000Z"],
    ["is of next year on New Year's Eve", "Jan  1 00:00:01", "2026-12-31T23:59:59Z", "2027-01-01T00:00:01.000Z"],
    ["is of the last leap year on February 29", "Feb 29 12:00:00", "2026-11-20T20:00:00Z", "2024-02-29T12:00:00.000Z"],
    ["is today on February 29", "Feb 29 12:00:00", "2028-02-29T12:00:01Z", "2028-02-29T12:00:00.000Z"],
    [
      "finds February 29 across a century without one",
      "Feb 29 12:00:00",
      "2103-06-01T00:00:00Z",
      "2096-02-29T12:00:00.000Z",
    ],
  ])("%s: %s at %s", (_, text, clock, expected) => {
    expect(read(text, { now: Date.parse(clock) })).toBe(expected);
  });
});

describe("a time without a zone", () => {
  it.each([
    ["Europe/Berlin", "Jan 10 12:00:00", "2026-01-10T11:00:00.000Z"],
    ["Europe/Berlin", "Jul 10 12:00:00", "2026-07-10T10:00:00.000Z"],
    ["America/St_Johns", "Jul 10 12:00:00", "2026-07-10T14:30:00.000Z"],
    // 02:30 did not exist on March 29: it is told as if the clocks had not been changed yet.
    ["Europe/Berlin", "Mar 29 02:30:00", "2026-03-29T01:30:00.000Z"],
  ])("is of the zone %s: %s", (timeZone, text, expected) => {
    expect(read(text, { timeZone })).toBe(expected);
  });

  it("in the hour that exists twice is the one nearer now", () => {
    const settings = { timeZone: "Europe/Berlin" };

    expect(read("Oct 25 02:30:00", { ...settings, now: Date.parse("2026-10-25T00:30:10Z") })).toBe(
      "2026-10-25T00:30:00.000Z",
    );
    expect(read("Oct 25 02:30:00", { ...settings, now: Date.parse("2026-10-25T01:30:10Z") })).toBe(
      "2026-10-25T01:30:00.000Z",
    );
  });

  it("is of the process's own zone when none is named", () => {
    const local = new Date(2026, 5, 10, 12, 0, 0).getTime();
    const civil = { month: 6, day: 10, hour: 12, minute: 0, second: 0 };

    expect(new TimeZone("local").millis(civil, now)).toBe(local);
    const written = "2026-06-10T12:00:00";
    const unzoned = new ClockReader(options.parse({}));
    expect(unzoned.read(written, 0, now)?.millis).toBe(local);
  });

  it("refuses a zone that does not exist", () => {
    expect(options.safeParse({ timeZone: "Mars/Olympus" }).error?.issues[0]?.message).toContain("no time zone");
  });
});
