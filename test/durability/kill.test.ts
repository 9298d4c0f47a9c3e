/** The process is killed at any moment, and the next one goes on. Nothing may be missing; what comes twice is bounded. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { difference } from "../support/flow-load.ts";
import { seeded, tellFigures, tries } from "../support/trial.ts";
import { LogStage } from "./log-stage.ts";
import { SizeWatch } from "./size-watch.ts";

const flowsPerSecond = 300;

interface Kill {
  /** Packets that had come since the checkpoint was written. */
  readonly sinceCheckpoint: number;
  /** Packets too many, of all kills up to this one. */
  readonly overCounted: number;
}

it("loses nothing to kill -9 at random moments, and tells twice only what came since the checkpoint", async ({
  onTestFinished,
}) => {
  const stage = new LogStage({ finish: onTestFinished });
  const sizes = new SizeWatch(stage.received);
  onTestFinished(() => sizes.stop());
  const begin = performance.now();
  stage.beginLoad(flowsPerSecond);
  const kills = await killAtRandom(stage, sizes);
  await stage.endLoad();
  const seconds = (performance.now() - begin) / 1000;
  const ended = await stage.finish(stage.start());
  const figures = stage.figures();
  const excess = beyondCheckpoint([...kills, { sinceCheckpoint: 0, overCounted: figures.overCounted }]);
  const mean = Math.round(figures.overCounted / kills.length);
  const perSecond = Math.round(figures.packets / seconds);
  const note = `${mean} packets twice a kill on average; ${perSecond} were written a second`;
  tellFigures({ trial: "kill -9 at random moments under load", tries: kills.length, of: "kills", ...figures, note });
  expect([ended, figures.lost]).toEqual([0, 0]);
  expect(excess).toEqual([]);
});

async function killAtRandom(stage: LogStage, sizes: SizeWatch): Promise<Kill[]> {
  const random = seeded();
  const kills: Kill[] = [];
  for (let kill = tries({ long: 1000, short: 25 }); kill > 0; kill--) {
    // Some lives begin with another file.
    if (random() < 0.1) rotate(stage);
    const program = stage.start();
    // Some end before they have begun.
    if (random() > 0.1) await program.port();
    await sleep(random() * 1500);
    await stage.kill(program);
    const sinceCheckpoint = stage.received.packetsBehind(sizes.ackedAt(stage.checkpointMillis ?? 0));
    const { overCounted } = difference(stage.written, stage.received.counts());
    kills.push({ sinceCheckpoint, overCounted });
  }
  return kills;
}

/** Many generations are kept: on a slow machine a row of short lives may be far behind. */
function rotate({ writer }: LogStage): void {
  writer.rename(99);
  writer.reopen();
}

/** Kills up to which more had come twice than was received after the checkpoints that they left; none, if all is well. */
function beyondCheckpoint(kills: readonly Kill[]): readonly Kill[] {
  let allowed = 0;
  return kills.filter(({ sinceCheckpoint, overCounted }) => {
    const isBeyond = overCounted > allowed;
    // A repeat that came since then comes again when its window closes: not always in the very next life.
    allowed += sinceCheckpoint;
    return isBeyond;
  });
}
