/** pods10k, pods100k, ready: what a cluster's pods cost the program, at its start and then. All pods, `scope: cluster`. */
import { setTimeout as sleep } from "node:timers/promises";
import { runTailer, tailer } from "../reference/tailer.ts";
import { type Cost, type Goal, notMeasured, type Row, referenceRow, rowOf } from "../row.ts";
import { RunningDroplens } from "../running-droplens.ts";
import { spread } from "../spread.ts";
import { interleaved, type Stage } from "../stage.ts";
import type { Work } from "../work.ts";
import { startPodServer } from "./pod-server.ts";

const restSeconds = 30;

/** As the DaemonSet has it, but that all nodes of a cluster would not start at one time: no spread. */
export function startWithPods(stage: Stage, server: string): RunningDroplens {
  return RunningDroplens.start(stage, {
    log: stage.write("kern.log", ""),
    resolvers: [{ use: "resolver-k8s", scope: "cluster", server, startSpread: "0s" }],
    sinks: [{ use: "sink-k8s-events", server }, { use: "sink-prometheus" }],
  });
}

function memory(name: string, pods: number, restLimit: number): Work {
  const load = `${pods.toLocaleString("en-US")} pods of 2 KB: listed, then ${restSeconds} s of rest`;
  return {
    name,
    about: load,
    async measure(stage) {
      const server = await startPodServer(stage, pods);
      const program = startWithPods(stage, server.url);
      await program.ready();
      const cost = program.daemon.cost();
      await sleep(restSeconds * 1000, undefined, { signal: stage.signal });
      const rest = program.daemon.residentMegabytes();
      const peak = program.daemon.peakMegabytes();
      await program.daemon.stop();
      const yardstick = { to: "N" as const, cpuSeconds: await stage.nodeSeconds() };
      const rows = [
        rowOf("droplens run until ready", [{ ...cost, peakMegabytes: peak }], yardstick),
        await tailerRow(stage, server.url, yardstick),
      ];
      await server.daemon.stop();
      const goals: Goal[] = [
        { name: `RSS after ${restSeconds} s of rest`, measured: rest, limit: restLimit, unit: "MB" },
        { name: "peak RSS while listing", measured: peak, limit: 130, unit: "MB" },
      ];
      return { work: name, load, rows, goals, notes: [] };
    },
  };
}

async function tailerRow(stage: Stage, server: string, yardstick: { to: "N"; cpuSeconds: number }): Promise<Row> {
  const what = "kube-iptables-tailer until quiet";
  const found = tailer(stage);
  if ("missing" in found) return notMeasured(what, found.missing);
  const { cost, restMegabytes } = await runTailer(stage, found.program, { log: stage.write("quiet.log", ""), server });
  return referenceRow(`${what} (at rest ${Math.round(restMegabytes)} MB)`, [cost], yardstick);
}

export const pods10k = memory("pods10k", 10_000, 85);
export const pods100k = memory("pods100k", 100_000, 100);

export const ready: Work = {
  name: "ready",
  about: "from the start until /readyz answers 200, 10,000 pods",
  async measure(stage) {
    const server = await startPodServer(stage, 10_000);
    const runs = await interleaved(stage.options.rounds, {
      droplens: () => untilReady(stage, server.url),
      node: () => stage.run([process.execPath, "-e", "0"]),
    });
    const cpuSeconds = spread(runs.node.map((run) => run.cpuSeconds)).median;
    const yardstick = { to: "N" as const, cpuSeconds };
    const droplens = rowOf("droplens run until ready", runs.droplens, yardstick);
    const peer = await tailerRow(stage, server.url, yardstick);
    await server.daemon.stop();
    const rows = [droplens, rowOf("node -e 0 (N)", runs.node, yardstick), peer];
    // Half of the peer's where there is one.
    const limit = peer.ratio === undefined ? 6 : peer.ratio.value / 2;
    const goal: Goal = { name: "CPU until ready", measured: droplens.ratio?.value ?? 0, limit, unit: "N" };
    return { work: "ready", load: this.about, rows, goals: [goal], notes: [] };
  },
};

async function untilReady(stage: Stage, server: string): Promise<Cost> {
  const program = startWithPods(stage, server);
  await program.ready();
  const cost = program.daemon.cost();
  await program.daemon.stop();
  return cost;
}
