/** The process is killed at any moment, and the next one goes on. Nothing may be missing; what comes twice is bounded. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { difference, type PacketCounts } from "../support/flow-load.ts";
import { NodeStage, told } from "../support/node-stage.ts";
import { seeded, tellFigures, tries } from "../support/trial.ts";
import { LogStage } from "./log-stage.ts";
import { SizeWatch } from "./size-watch.ts";

const flowsPerSecond = 300;
/** Further messages of one pod share an event, which does not tell the ports apart. */
const distinctMessages = 20;

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
  tellFigures({ trial: "kill -9: at random moments under load", tries: kills.length, of: "kills", ...figures, note });
  expect([ended, figures.lost]).toEqual([0, 0]);
  expect(excess).toEqual([]);
});

it("counts each packet at least once in the events on the pods, whenever it is killed", async ({ onTestFinished }) => {
  const stage = new NodeStage(onTestFinished);
  const kubernetes = await stage.startKubernetes();
  stage.copyBundle();
  const environment = stage.environment(kubernetes.url);
  const random = seeded();
  const kills = tries({ long: 100, short: 5 });
  const written = new Map<string, number>();
  const counted = () => countedOnSender(told(kubernetes));
  for (let kill = 0; kill < kills; kill++) {
    const packets = 1 + Math.floor(random() * 100);
    const port = 8000 + (kill % distinctMessages);
    stage.drop(port, packets);
    written.set(String(port), (written.get(String(port)) ?? 0) + packets);
    const program = stage.run(environment);
    await program.port();
    await sleep(random() * 1500);
    await program.child.stop("SIGKILL");
  }
  const last = stage.run(environment);
  await last.ready();
  const first = (counts: PacketCounts) => [...written.keys()].every((port) => counts.has(port));
  await last.child.until("an event for each port", async () => first(counted()), 60_000);
  const ended = await last.child.stop();
  const packets = [...written.values()].reduce((sum, count) => sum + count, 0);
  const figures = difference(written, counted());
  tellFigures({ trial: "kill -9: counted in the events", tries: kills, of: "kills", packets, ...figures });
  expect([ended, figures.lost]).toEqual([0, 0]);
});

/** By port: what the events on the pod that sent say. */
function countedOnSender(events: ReturnType<typeof told>): PacketCounts {
  const counts = new Map<string, number>();
  for (const { message, count } of events) {
    const [, port] = /when sending traffic to .* on port (\d+)\/TCP$/.exec(message) ?? [];
    if (port !== undefined) counts.set(port, (counts.get(port) ?? 0) + count);
  }
  return counts;
}

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
