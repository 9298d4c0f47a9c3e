/** The log is rotated under load in every way, while the program reads it and while it is stopped or killed. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { seeded, tellFigures, tries } from "../support/trial.ts";
import { type LogStage, withLogStage } from "./log-stage.ts";
import { type Rotation, rotations } from "./rotations.ts";

const flowsPerSecond = 200;
const counts = { running: tries({ long: 40, short: 6 }), stopped: tries({ long: 20, short: 3 }) };

describe.concurrent("the log is rotated under load", { timeout: 600_000 }, () => {
  it.each(rotations)("by $name: no line is lost, none comes twice without a kill", (rotation) =>
    withLogStage({}, (stage) => rotateAndRestart(stage, rotation)),
  );
});

async function rotateAndRestart(stage: LogStage, rotation: Rotation): Promise<void> {
  const random = seeded();
  stage.load.write(1);
  const first = stage.start();
  // Without any checkpoint, what was rotated before the start is not read.
  await stage.arrived(first);
  stage.beginLoad(flowsPerSecond);
  for (let i = 0; i < counts.running; i++) {
    await sleep(random() * 400);
    await rotation.rotate(stage);
  }
  const running = await stage.finish(first);
  const afterRunning = stage.figures();
  await rotateWhileStopped(stage, rotation);
  await stage.endLoad();
  const ended = await stage.finish(stage.start());
  const figures = stage.figures();
  const rotationsTried = counts.running + counts.stopped;
  tellFigures({ trial: `rotation: ${rotation.name}`, tries: rotationsTried, of: "rotations", ...figures });
  expect([running, ended, figures.lost]).toEqual([0, 0, 0]);
  // The load goes on during the stop: what came in its last moments is not yet counted here.
  expect(afterRunning.overCounted).toBe(0);
}

/** Every other stop is a kill. */
async function rotateWhileStopped(stage: LogStage, rotation: Rotation): Promise<void> {
  const random = seeded();
  for (let i = 0; i < counts.stopped; i++) {
    const program = stage.start();
    await sleep(300 + random() * 500);
    if (rotation.removes === true) {
      await stage.endLoad();
      await stage.arrived(program);
    }
    if (i % 2 === 0 || rotation.removes === true) await program.child.stop();
    else await stage.kill(program);
    await rotation.rotate(stage);
    if (rotation.removes === true) stage.beginLoad(flowsPerSecond);
    await sleep(100);
  }
}
