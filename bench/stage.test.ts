/** The harness against real processes: that it counts what they use, ends what it started and leaves nothing behind. */
import { existsSync, readdirSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { commandLine } from "./command-line.ts";
import { booksOf, booksText } from "./replay.ts";
import { times } from "./run-to-end.ts";
import { interleaved, Stage } from "./stage.ts";

const node = process.execPath;

function openStage(signal: AbortSignal = new AbortController().signal): Stage {
  const stage = new Stage({ program: "none", rounds: 1, idleSeconds: 1, environment: {}, signal });
  onTestFinished(() => stage.close());
  return stage;
}

describe("a run to the end", () => {
  it("costs CPU time when it computes, and none while it sleeps", async () => {
    const stage = openStage();
    const busy = "let x = 0; while (process.cpuUsage().user < 3e5) for (let i = 0; i < 1e6; i++) x += i % 7;";
    const runs = [await stage.run([node, "-e", busy]), await stage.run([node, "-e", "setTimeout(() => {}, 300)"])];
    const [busySeconds = 0, sleepingSeconds = 0] = runs.map(({ cpuSeconds }) => cpuSeconds);
    expect(busySeconds - sleepingSeconds).toBeGreaterThan(0.15);
  });

  it("has the peak of its memory, its own words and nobody else's", async () => {
    const text =
      'const kept = Buffer.alloc(2e8, 1); setTimeout(() => console.error(kept.length), 60); console.log("out")';
    const run = await openStage().run([node, "-e", text]);
    expect(run.peakMegabytes).toBeGreaterThan(200);
    expect([run.stdout, run.stderr]).toEqual(["out\n", "200000000\n"]);
  });

  it("that fails tells what it said", async () => {
    await expect(openStage().run([node, "-e", "console.error('why'); process.exit(3)"])).rejects.toThrow(
      /ended with 3:\nwhy/,
    );
  });

  it("is killed by the signal", async () => {
    const stopping = new AbortController();
    const run = openStage(stopping.signal).run([node, "-e", "setTimeout(() => {}, 60_000)"]);
    setTimeout(() => stopping.abort(new Error("enough")), 200);
    await expect(run).rejects.toThrow("enough");
  });

  it("refuses times that it does not understand", () => {
    expect(times("12\n0.500 0.250 0.125\n")).toEqual({ wallSeconds: 0.5, cpuSeconds: 0.375 });
    expect(() => times("12\n")).toThrow("bash's time said");
  });
});

describe("a stage", () => {
  it("ends what it started and removes its folder", async () => {
    const stage = openStage();
    const daemon = stage.start([node, "-e", "console.log('here'); setInterval(() => {}, 1000)"]);
    await daemon.says(/here/, stage.signal);
    expect(daemon.cpuSeconds()).toBeGreaterThan(0.005);
    expect(daemon.peakMegabytes()).toBeGreaterThanOrEqual(daemon.residentMegabytes());
    await stage.close();
    expect([daemon.running, existsSync(stage.folder), existsSync(`/proc/${daemon.pid}`)]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it("gives up on a program that has ended, and shows what it said", async () => {
    const stage = openStage();
    const daemon = stage.start([node, "-e", "console.log('no port')"]);
    await expect(daemon.says(/never/, stage.signal)).rejects.toThrow(/it has ended\nno port/);
  });

  it("removes a load after its use", async () => {
    const stage = openStage();
    const drops = await stage.withLoad("sparse", 1000, async (file) => file.drops);
    expect(drops).toBe(10);
    expect(readdirSync(stage.folder)).toEqual([]);
  });

  it("runs programs in turn", async () => {
    const order: string[] = [];
    const ran = (name: string) => async () => order.push(name);
    expect(await interleaved(2, { a: ran("a"), b: ran("b") })).toEqual({ a: [1, 3], b: [2, 4] });
    expect(order).toEqual(["a", "b", "a", "b"]);
  });
});

it("reads the books of a replay, and finds a packet that is in none of them", () => {
  const summary = [
    "pipeline drops",
    "  lines read                                            1000",
    "  lines matched                                         1000",
    "  packets discarded: expired                              10",
    "  packets delivered to sink-prometheus                   980",
    "  packets discarded by sink-prometheus: queue_full         9",
    "",
  ].join("\n");
  expect(booksOf(summary)).toMatchObject({ matched: 1000, delivered: 980, missing: 1 });
  expect(booksText(booksOf(summary))).toBe(
    "1,000 matched = 980 delivered + discarded (10 expired, 9 queue_full); 1 missing",
  );
});

describe("the command line", () => {
  it("measures everything for a minute of idling if not told otherwise", () => {
    expect(commandLine([], ["dense"])).toMatchObject({ works: [], rounds: 5, idleSeconds: 60, check: false });
    expect(commandLine(["dense", "--long"], ["dense"])).toMatchObject({ works: ["dense"], idleSeconds: 600 });
  });

  it.each([
    [["dens"], "no such work: dens; there are dense"],
    [["--rounds", "0"], "--rounds 0: a whole number from 1 on"],
    [["--fast"], "--fast"],
  ])("says what is wrong with %j", (words, message) => {
    expect(() => commandLine(words, ["dense"])).toThrow(message);
  });
});
