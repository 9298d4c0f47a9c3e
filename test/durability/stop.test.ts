/** SIGTERM under load, with a sink that is far behind: the rest is kept and told, and a second signal ends at once. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { RunningProgram } from "../support/node-stage.ts";
import { tellFigures, tries } from "../support/trial.ts";
import { type LogStage, type LogStageParts, withLogStage } from "./log-stage.ts";
import { ReceivedDrops } from "./received-drops.ts";

const flowsPerSecond = 100;
const crawling = { CRAWL_MILLIS: "50" };
const quick = { CRAWL_MILLIS: "0" };

interface CrawlStage {
  readonly stage: LogStage;
  /** What the sink that is behind has stored. */
  readonly crawled: ReceivedDrops;
}

it("drains to the deadline, keeps the rest for the next start, and says how much it is", async () => {
  await withCrawlingSink({ stopTimeout: "300ms" }, async ({ stage, crawled }) => {
    const stops = tries({ long: 50, short: 4 });
    stage.beginLoad(flowsPerSecond);
    for (let stop = 0; stop < stops; stop++) {
      const program = await runAMoment(stage);
      await stage.noteDiscards(program);
      expect(await program.child.stop()).toBe(0);
      const warned = program.child.logged("warn").filter(({ msg }) => msg.includes("the rest is in the checkpoint"));
      expect(warned.at(-1)).toMatchObject({ sink: "crawl", reports: expect.any(Number) });
    }
    await stage.endLoad();
    await deliverAll(stage, crawled);
    for (const received of [stage.received, crawled]) {
      const sink = received === crawled ? "a sink far behind" : "the sink beside it";
      const figures = stage.figures(received);
      tellFigures({ trial: `SIGTERM: under load, ${sink}`, tries: stops, of: "stops", ...figures });
      expect([figures.lost, figures.overCounted]).toEqual([0, 0]);
    }
  });
});

it("ends at once at the second signal, and loses nothing by it", async () => {
  await withCrawlingSink({ stopTimeout: "1h" }, async ({ stage, crawled }) => {
    const stops = tries({ long: 50, short: 4 });
    stage.beginLoad(flowsPerSecond);
    for (let stop = 0; stop < stops; stop++) {
      const program = await runAMoment(stage);
      program.child.kill("SIGTERM");
      // One that comes within half a second counts as the same: npm passes Ctrl-C on.
      await sleep(700);
      expect(program.child.running).toBe(true);
      expect(await program.child.stop("SIGTERM")).toBe(1);
    }
    await stage.endLoad();
    await deliverAll(stage, crawled);
    const figures = stage.figures(crawled);
    tellFigures({ trial: "SIGTERM: a second one under load", tries: stops, of: "stops", ...figures });
    expect([figures.lost, stage.figures().lost]).toEqual([0, 0]);
  });
});

it("says how many packets it gives up when there is no place for a checkpoint", async () => {
  await withCrawlingSink({ stopTimeout: "300ms" }, async ({ stage, crawled }) => {
    // Where a file is nobody can make a folder, not even root.
    writeFileSync(stage.stateFolder, "");
    stage.load.write(flowsPerSecond);
    const program = stage.start(crawling);
    await stage.arrived(program);
    stage.noteMemory(program);
    expect(await program.child.stop()).toBe(0);
    const told = program.child.logged("error").filter(({ msg }) => msg.includes("the rest is discarded"));
    stage.discarded.shutdown_deadline = told.reduce((sum, { packets }) => sum + Number(packets), 0);
    const figures = stage.figures(crawled);
    tellFigures({ trial: "SIGTERM: without a place for a checkpoint", tries: 1, of: "stops", ...figures });
    expect(told.length).toBeGreaterThan(0);
    expect([figures.lost, figures.overCounted]).toEqual([0, 0]);
  });
});

async function runAMoment(stage: LogStage): Promise<RunningProgram> {
  const program = stage.start(crawling);
  await program.port();
  await program.measures("packets that wait", (now) => now.sum("droplens_packets_open", { sink: "crawl" }) > 0);
  await sleep(400);
  stage.noteMemory(program);
  return program;
}

async function deliverAll(stage: LogStage, crawled: ReceivedDrops): Promise<void> {
  const program = stage.start(quick);
  await stage.arrived(program);
  await stage.arrived(program, { at: crawled });
  await stage.noteDiscards(program);
  expect(await program.child.stop()).toBe(0);
}

async function withCrawlingSink(
  parts: Omit<LogStageParts, "finish">,
  play: (stage: CrawlStage) => Promise<void>,
): Promise<void> {
  const plugin = join(import.meta.dirname, "testdata/crawling-sink.mjs");
  const sinks = `- { use: ${plugin}, name: crawl, path: crawled.jsonl, millis: "\${env:CRAWL_MILLIS}" }`;
  await withLogStage({ ...parts, sinks }, async (stage) => {
    await play({ stage, crawled: new ReceivedDrops(join(stage.node.folder, "crawled.jsonl")) });
  });
}
