/**
 * Floods that a stranger can make: packets from random addresses, prefixes without end, drops in every namespace. Memory
 * and series stay bounded, the API server is spared, and the flows of real pods are told meanwhile.
 */
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { FakeKubernetes } from "../../core/testkit/fake-kubernetes/index.ts";
import { db, imbalance, kernelLine, NodeStage, type RunningProgram, told, web } from "../support/node-stage.ts";
import { memoryOf } from "../support/process-figures.ts";
import { seeded, tellFigures, tries } from "../support/trial.ts";
import type { MetricSamples } from "../system/program.ts";

const requestsPerSecond = 150;
const burst = 300;
const maxSeries = 500;
/** As the image starts it in a container of 256 MiB (deploy/Dockerfile). */
const maxRssMegabytes = 256;
const NODE_OPTIONS = "--max-semi-space-size=2 --max-old-space-size=128";
const realFlows = 20;
const namespaces = tries({ long: 2000, short: 400 });

interface Flood {
  readonly name: string;
  /** The line of packet `i`: between whom, by which rule. */
  readonly line: (i: number, random: () => number) => FloodLine;
  /** Pods beside web and db. */
  readonly pods?: number;
}

interface FloodLine {
  readonly source: string;
  readonly destination: string;
  readonly prefix?: string;
}

const floods: readonly Flood[] = [
  { name: "random source addresses", line: (_, random) => ({ source: anyAddress(random), destination: db }) },
  {
    name: "random addresses on both sides",
    line: (_, random) => ({ source: anyAddress(random), destination: anyAddress(random) }),
  },
  {
    name: "a prefix that nobody had before in each line",
    line: (i) => ({ source: web, destination: db, prefix: `rule-${i.toString(36)}: ` }),
  },
  {
    name: "drops in a thousand namespaces",
    pods: namespaces,
    line: (i) => ({ source: podAddress(i % namespaces), destination: podAddress((i * 7 + 1) % namespaces) }),
  },
];

it.each(floods)("a flood of $name leaves memory, series and the API server in their bounds", async (flood) => {
  const stage = new NodeStage(onTestFinished);
  const kubernetes = await stage.startKubernetes();
  for (let i = 0; i < (flood.pods ?? 0); i++) kubernetes.put(floodPod(i));
  const program = start(stage, kubernetes);
  await program.ready();
  const begin = performance.now();
  const packets = await pour(stage, flood);
  const samples = await allSettled(program, packets);
  const seconds = (performance.now() - begin) / 1000;
  const metrics = (await program.get("/metrics")).text;
  const series = metrics.split("\n").filter((line) => /^(droplens_packet_drops_total|packet_drops_count)\{/.test(line));
  const requests = eventRequests(kubernetes);
  const rss = memoryOf(program.child.processId).peakMegabytes;
  const real = told(kubernetes).filter(({ message }) => /on port 70[01]\d\/TCP/.test(message));
  tellFigures({
    trial: `a flood: ${flood.name}`,
    tries: packets,
    of: "packets",
    packets,
    lost: Object.values(imbalance(samples)).reduce((sum, missing) => sum + Math.abs(missing), 0),
    discarded: { queue_full: samples.sum("droplens_packets_discarded_total", { reason: "queue_full" }) },
    peakRssMegabytes: Math.round(rss),
    note: `${series.length} series, ${requests} requests for events in ${seconds.toFixed(0)} s, ${real.length} real flows told`,
  });

  expect(samples.sum("droplens_lines_matched_total")).toBe(packets);
  expect(imbalance(samples)).toEqual(Object.fromEntries(Object.keys(imbalance(samples)).map((sink) => [sink, 0])));
  expect(series.length).toBeLessThanOrEqual(2 * (maxSeries + 1));
  expect(requests).toBeLessThanOrEqual(burst + requestsPerSecond * (seconds + 1));
  expect(rss).toBeLessThan(maxRssMegabytes);
  expect(real.length).toBeGreaterThan(0);
  expect(await program.child.stop()).toBe(0);
});

/** The flood, and among it the flows of real pods; returns how many packets that was. */
async function pour(stage: NodeStage, flood: Flood): Promise<number> {
  const random = seeded();
  const packets = tries({ long: 300_000, short: 20_000 });
  const step = Math.floor(packets / realFlows);
  for (let flow = 0; flow < realFlows; flow++) {
    const lines = Array.from({ length: step }, (_, i) => {
      const { source, destination, prefix } = flood.line(flow * step + i, random);
      const line = floodLine().replace(/SRC=\S+ DST=\S+/, `SRC=${source} DST=${destination}`);
      return prefix === undefined ? line : line.replace("kl-drop: ", prefix);
    });
    appendFileSync(stage.log, `${lines.join("")}${kernelLine(7000 + flow)}`);
  }
  return step * realFlows + realFlows;
}

let line = "";
function floodLine(): string {
  line ||= kernelLine(7);
  return line;
}

function anyAddress(random: () => number): string {
  const part = () => Math.floor(random() * 256);
  return `198.${part()}.${part()}.${part()}`;
}

function podAddress(i: number): string {
  return `10.90.${Math.floor(i / 250)}.${(i % 250) + 1}`;
}

function floodPod(i: number) {
  const startTime = `${new Date(Date.now() - 3_600_000).toISOString().slice(0, 19)}Z`;
  const ip = podAddress(i);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: `flood-${i}`, name: `web-${i}` },
    spec: { nodeName: "node-1", containers: [{ name: "main", image: "none" }] },
    status: { phase: "Running", startTime, podIP: ip, podIPs: [{ ip }] },
  };
}

function start(stage: NodeStage, kubernetes: FakeKubernetes): RunningProgram {
  const config = join(stage.folder, "droplens.json");
  const server = kubernetes.url;
  const pipeline = {
    maxFlows: 10_000,
    repeatInterval: "2s",
    source: { use: "source-file", path: stage.log, pollInterval: "1s" },
    parser: { use: "parser-iptables" },
    resolvers: [{ use: "resolver-k8s", server, startSpread: "0s" }],
    sinks: [
      { use: "sink-k8s-events", server, requestsPerSecond, burst },
      { use: "sink-prometheus", maxSeries },
      { use: "sink-jsonl", path: join(stage.folder, "drops.jsonl") },
    ],
  };
  const operations = { host: "127.0.0.1", port: 0 };
  writeFileSync(stage.log, "");
  writeFileSync(
    config,
    JSON.stringify({
      version: 1,
      stateFolder: join(stage.folder, "state"),
      operations,
      pipelines: { drops: pipeline },
    }),
  );
  return stage.run({ NODE_OPTIONS }, { words: ["--config", config] });
}

function allSettled(program: RunningProgram, packets: number): Promise<MetricSamples> {
  const ask = async () => {
    const now = await program.metrics();
    return settled(now, packets) && now;
  };
  return program.child.until("all settled", ask, 600_000);
}

function settled(now: MetricSamples, packets: number): boolean {
  return ["sink-k8s-events", "sink-prometheus", "sink-jsonl"].every((sink) => {
    const done = now.sum("droplens_packets_delivered_total", { sink });
    const discarded = now.sum("droplens_packets_discarded_total", { sink });
    return done + discarded + now.sum("droplens_packets_discarded_total", { sink: "" }) >= packets;
  });
}

/** The fake API keeps its latest 10,000 requests. */
function eventRequests(kubernetes: FakeKubernetes): number {
  return kubernetes.requests.filter(({ path }) => path.includes("/events")).length;
}
