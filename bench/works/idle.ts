/** idle: nothing happens; what does the program cost? 60 s, or 10 minutes with --long. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Goal, rowOf } from "../row.ts";
import type { Work } from "../work.ts";
import { startPodServer } from "./pod-server.ts";
import { startWithPods } from "./pods.ts";

/** After the start's garbage has been collected. */
const settleSeconds = 15;

export const idle: Work = {
  name: "idle",
  about: "10,000 pods and not a line: 60 s, 10 minutes with --long",
  async measure(stage) {
    const server = await startPodServer(stage, 10_000);
    const program = startWithPods(stage, server.url);
    await program.ready();
    await sleep(settleSeconds * 1000, undefined, { signal: stage.signal });
    const { idleSeconds } = stage.options;
    const before = program.daemon.cpuSeconds();
    await sleep(idleSeconds * 1000, undefined, { signal: stage.signal });
    const cpuSeconds = program.daemon.cpuSeconds() - before;
    const peakMegabytes = program.daemon.peakMegabytes();
    await program.daemon.stop();
    await server.daemon.stop();
    const yardstick = { to: "N" as const, cpuSeconds: await stage.nodeSeconds() };
    const cost = { cpuSeconds: (cpuSeconds * 60) / idleSeconds, wallSeconds: 60, peakMegabytes };
    const percent = (cpuSeconds / idleSeconds) * 100;
    const goal: Goal = { name: `CPU over ${idleSeconds} s`, measured: percent, limit: 0.1, unit: "% of a core" };
    const load = `10,000 pods and not a line for ${idleSeconds} s; no one asks /metrics`;
    return {
      work: "idle",
      load,
      rows: [rowOf("droplens run, a minute of it", [cost], yardstick)],
      goals: [goal],
      notes: [],
    };
  },
};
