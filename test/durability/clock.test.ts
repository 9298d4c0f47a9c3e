/** The clock is set back and forward by an hour, and local times jump between a line and its reading. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { tellFigures, tries } from "../support/trial.ts";
import { type LogStage, withLogStage } from "./log-stage.ts";
import { NodeClock } from "./node-clock.ts";

const hour = 3_600_000;
const flowsPerSecond = 100;

describe.concurrent("the clock of the node", { timeout: 600_000 }, () => {
  it.each([
    { name: "back", stepMillis: -hour },
    { name: "forward", stepMillis: hour },
  ])("is set $name by an hour under load, again and again", async ({ name, stepMillis }) => {
    const clock = new NodeClock();
    await withLogStage({ time: () => clock.isoTime() }, async (stage) => {
      const program = stage.start(clock.environment(stage.node.folder));
      stage.load.write(1);
      await stage.arrived(program);
      stage.beginLoad(flowsPerSecond);
      const steps = tries({ long: 20, short: 2 });
      for (let step = 0; step < steps; step++) {
        clock.step(stepMillis);
        await goesOn(stage, program);
      }
      await stage.endLoad();
      const ended = await stage.finish(program);
      const figures = stage.figures();
      tellFigures({ trial: `the clock: set ${name} by an hour`, tries: steps, of: "steps", ...figures });
      expect([ended, figures.lost, figures.overCounted]).toEqual([0, 0, 0]);
    });
  });

  it.each([
    { name: "summer time begins", zone: "Europe/Berlin", at: "2027-03-28T01:00:00Z" },
    { name: "an hour comes twice", zone: "Europe/Berlin", at: "2026-10-25T01:00:00Z" },
    { name: "half an hour comes twice", zone: "Australia/Lord_Howe", at: "2027-04-03T15:00:00Z" },
    { name: "February 29 begins", zone: "UTC", at: "2028-02-29T00:00:00Z" },
    { name: "February 29 ends", zone: "America/New_York", at: "2028-03-01T05:00:00Z" },
    { name: "a year begins", zone: "Asia/Kolkata", at: "2026-12-31T18:30:00Z" },
  ])("$name between lines, and between a line and its reading", async ({ name, zone, at }) => {
    const clock = new NodeClock(zone);
    const change = Date.parse(at);
    await withLogStage({ time: () => clock.syslogTime() }, async (stage) => {
      clock.step(change - 1500 - clock.now());
      const environment = clock.environment(stage.node.folder);
      const first = stage.start(environment);
      stage.beginLoad(flowsPerSecond);
      while (clock.now() < change + 500) await sleep(50);
      const stopped = await stage.finish(first);
      // Written before, read behind.
      await stage.endLoad();
      clock.step(change - 60_000 - clock.now());
      stage.load.write(flowsPerSecond);
      clock.step(90_000);
      stage.load.write(flowsPerSecond);
      const ended = await stage.finish(stage.start(environment));
      const figures = stage.figures();
      const { earliestMillis, latestMillis } = stage.received;
      tellFigures({ trial: `local time: ${name}`, tries: 1, of: "changes", ...figures });
      expect([stopped, ended, figures.lost, figures.overCounted, figures.discarded]).toEqual([0, 0, 0, 0, {}]);
      expect([earliestMillis >= change - 70_000, latestMillis <= change + 60_000]).toEqual([true, true]);
    });
  });
});

/** What is written now arrives, through a rotation too, and the place is saved. */
async function goesOn(stage: LogStage, program: ReturnType<LogStage["start"]>): Promise<void> {
  const saved = stage.checkpointMillis;
  await sleep(300);
  stage.noteMemory(program);
  stage.writer.renameAndCreate();
  await stage.arrived(program);
  await program.child.until("a checkpoint", async () => stage.checkpointMillis !== saved);
}
