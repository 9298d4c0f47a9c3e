/**
 * latency: from the writing of a line to the storing of its events at the API server, with 50 new flows a second. The
 * API server is a process of its own on the same clock; with KUBECONFIG and DROPLENS_SYSTEM=1 a real one, where an
 * event counts when a watch shows it, a little after it was stored.
 */
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { loadPrefix } from "../load.ts";
import { type Goal, rowOf } from "../row.ts";
import { RunningDroplens } from "../running-droplens.ts";
import { podAddress } from "../scale/made-up-pods.ts";
import { percentile } from "../spread.ts";
import type { Stage } from "../stage.ts";
import type { Work } from "../work.ts";
import type { EventPlace, OnEvent } from "./event-place.ts";
import { startServer } from "./pod-server.ts";
import { openRealCluster } from "./real-cluster.ts";

const flows = 1000;
const flowsPerSecond = 50;
const firstPort = 10_000;

export const latency: Work = {
  name: "latency",
  about: "a line written → its events stored, 50 new flows a second for 20 s",
  async measure(stage) {
    const written = new Map<number, number>();
    const millis: number[] = [];
    const onEvent: OnEvent = (message, atMillis) => {
      const start = written.get(Number(/ on port (\d+)\/TCP/.exec(message)?.[1]));
      if (start !== undefined) millis.push(atMillis - start);
    };
    const place = await openPlace(stage, onEvent);
    const log = stage.write("kern.log", "");
    const program = RunningDroplens.start(stage, {
      log,
      resolvers: [{ use: "resolver-k8s", scope: "cluster", startSpread: "0s", ...place.login }],
      sinks: [{ use: "sink-k8s-events", ...place.login }],
    });
    await program.ready();
    const before = program.daemon.cpuSeconds();
    await writeFlows(log, place, { written, signal: stage.signal });
    const all = async () => millis.length >= 2 * flows;
    await program.daemon.until("all events", all, { signal: stage.signal, limitSeconds: 10 }).catch(() => undefined);
    const cost = {
      ...program.daemon.cost(),
      cpuSeconds: program.daemon.cpuSeconds() - before,
      wallSeconds: flows / flowsPerSecond,
    };
    await program.daemon.stop();
    await place.close();
    const yardstick = { to: "N" as const, cpuSeconds: await stage.nodeSeconds() };
    const rows = [rowOf("droplens run, from the first line to the last event", [cost], yardstick)];
    const goals: Goal[] = [
      { name: "p50", measured: percentile(millis, 50), limit: 50, unit: "ms" },
      { name: "p99", measured: percentile(millis, 99), limit: 250, unit: "ms" },
      { name: "flows' events that never came", measured: 2 * flows - millis.length, limit: 0, unit: "packets" },
    ];
    const notes = [`${place.name}; ${millis.length} events, slowest ${Math.round(Math.max(...millis))} ms`];
    return { work: "latency", load: this.about, rows, goals, notes };
  },
};

async function openPlace(stage: Stage, onEvent: OnEvent): Promise<EventPlace> {
  const kubeconfig = stage.variable("KUBECONFIG");
  // As for the system tests: KUBECONFIG alone may be somebody's cluster that is in use.
  if (kubeconfig !== undefined && stage.variable("DROPLENS_SYSTEM") === "1")
    return openRealCluster(kubeconfig, onEvent, stage.signal);
  const pods = 10_000;
  const { url, daemon } = await startServer(stage, ["bench/event-server.ts", String(pods)], (line) => {
    const said = JSON.parse(line);
    if (said.message !== undefined) onEvent(said.message, said.at);
  });
  const name = `embedded API server with ${pods.toLocaleString("en-US")} pods`;
  return { name, login: { server: url }, pods, addressOf: podAddress, close: () => daemon.stop() };
}

/** One line each 20 ms, at the time it is due: a late one does not delay those behind it. */
async function writeFlows(
  log: string,
  place: EventPlace,
  { written, signal }: { readonly written: Map<number, number>; readonly signal: AbortSignal },
): Promise<void> {
  const start = performance.now();
  for (let flow = 0; flow < flows; flow++) {
    const due = start + (flow * 1000) / flowsPerSecond;
    await sleep(Math.max(0, due - performance.now()), undefined, { signal });
    const line = kernelLine(place, flow);
    written.set(firstPort + flow, performance.timeOrigin + performance.now());
    appendFileSync(log, line);
  }
}

/** Each pod is an end of ten flows at most: from the 21st on its events would be combined. */
function kernelLine({ pods, addressOf }: EventPlace, flow: number): string {
  const source = addressOf(flow % pods);
  const destination = addressOf((flow + pods / 2) % pods);
  const time = new Date().toISOString().replace("Z", "000+00:00");
  return (
    `${time} node-1 kernel: [86400.000000] ${loadPrefix} IN=cali0a1b2c3d4e5 OUT=eth0 ` +
    "MAC=ee:ee:ee:ee:ee:ee:5a:1f:c0:3d:77:0e:08:00 " +
    `SRC=${source} DST=${destination} LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=4711 DF PROTO=TCP ` +
    `SPT=40000 DPT=${firstPort + flow} WINDOW=64240 RES=0x00 SYN URGP=0 \n`
  );
}
