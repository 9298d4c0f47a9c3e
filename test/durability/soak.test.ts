/**
 * Half an hour of everything, one trouble after the other, with packets coming in all the time: `npm run test:soak`. The
 * program is one process from beginning to end, and neither its memory nor its open files grow. OTELCOL names a real
 * Collector; without it a stand-in takes its place.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { connectApiServer } from "../../core/kubernetes/connect.ts";
import { startFakeKubernetes } from "../../core/testkit/fake-kubernetes/index.ts";
import { DnsServer } from "../../plugins/resolver-dns/testdata/dns-server.ts";
import { ClusterAtStake } from "../support/cluster-at-stake.ts";
import { realCollector, standInCollector } from "../support/collector-at-stake.ts";
import { difference, FlowLoad, strangers, sumOf } from "../support/flow-load.ts";
import { named } from "../support/name-server-replies.ts";
import type { RunningProgram } from "../support/node-stage.ts";
import { tellFigures, tries } from "../support/trial.ts";
import { booksOf, podMegabytes, TrialNode } from "../support/trial-node.ts";
import { type Growth, growthOf, heapGrowth, Watchman } from "../support/watchman.ts";
import { Wire } from "../support/wire.ts";
import { type Surroundings, troublesOf } from "./soak-troubles.ts";

type Finish = (clean: () => void | Promise<void>) => void;

const pairs = 20;
const sinks = ["sink-k8s-events", "sink-otel", "sink-jsonl", "sink-prometheus"];
const troubleMillis = tries({ long: 30_000, short: 5000 });
const calmMillis = tries({ long: 21_000, short: 2500 });
const rounds = tries({ long: 2, short: 1 });
const sampleMillis = tries({ long: 5000, short: 1000 });
const flowsPerSecond = 15;
/** Until caches and tables are full; deleted pods are remembered for 11 minutes. */
const warmUp = 0.45;
/** How much more is still flat. In minutes nothing is warm. */
const flat = (limit: number) => tries({ long: limit, short: 10 * limit });

it("loses nothing and does not grow, whatever happens around it", async ({ onTestFinished }) => {
  const node = new TrialNode(onTestFinished, { pairs });
  const around = await surroundings(node, onTestFinished);
  const program = run(node, around);
  await program.ready();
  const watchman = new Watchman(program.child.processId, sampleMillis);
  onTestFinished(() => watchman.end());
  node.beginLoad(flowsPerSecond);
  const begin = performance.now();
  const troubles = await allInTurn(around, watchman);
  await node.endLoad();
  const samples = await atRest(program);
  watchman.end();
  const minutes = Math.round((performance.now() - begin) / 60_000);
  const books = sinks.map((sink) => booksOf(program, samples, sink));
  expect(await program.child.stop()).toBe(0);
  await around.collector.kill();

  const written = new Map([...node.load.written, ...around.flood.written]);
  const { sending, receiving } = await around.cluster.eventCounts();
  const differences = {
    sending: difference(node.load.written, sending),
    receiving: difference(node.load.written, receiving),
    records: difference(written, await around.collector.packetCounts()),
    lines: difference(written, node.linesWritten()),
  };
  const lost = Object.values(differences).reduce((sum, one) => sum + one.lost, 0);
  const discarded = Object.assign({}, ...books.map((book) => book.discarded));
  const memory = memoryFigures(node, watchman);
  tellFigures({
    trial: `${minutes} minutes of all troubles in turn, one process`,
    tries: troubles,
    of: "troubles",
    packets: sumOf(written),
    lost,
    overCounted: Math.max(...Object.values(differences).map((one) => one.overCounted)),
    discarded,
    peakRssMegabytes: books[0]?.peakRssMegabytes ?? 0,
    note: memory.note,
  });
  expect(books[0]?.imbalance).toEqual(Object.fromEntries(sinks.map((sink) => [sink, 0])));
  expect(books[0]?.matched).toBe(sumOf(written));
  expect({ lost, discarded }).toEqual({ lost: 0, discarded: {} });
  expect(books[0]?.peakRssMegabytes, "more memory than its pod has").toBeLessThan(podMegabytes);
  expect(memory.grown.heap, "alive in the heap, MB").toBeLessThanOrEqual(flat(10));
  // V8 keeps the pages of its fullest moment, which on a busy machine comes late.
  expect(memory.grown.resident, "resident, MB").toBeLessThanOrEqual(flat(40));
  expect(memory.grown.files, "open files").toBeLessThanOrEqual(flat(10));
});

async function surroundings(node: TrialNode, finish: Finish): Promise<Surroundings> {
  const kubernetes = await startFakeKubernetes();
  finish(() => kubernetes.stop());
  const cluster = new ClusterAtStake(connectApiServer({ server: kubernetes.url }, {}));
  await cluster.createPods(pairs);
  const collector = await (process.env.OTELCOL ? realCollector(node.stage.folder, finish) : standInCollector(finish));
  await collector.start();
  const dns = await DnsServer.start(named);
  finish(() => dns.stop());
  return {
    log: node.stage.log,
    kubernetes,
    cluster,
    pairs,
    apiWire: await Wire.to(Number(new URL(kubernetes.url).port), finish),
    collector,
    collectorWire: await Wire.to(collector.port, finish),
    dns,
    flood: new FlowLoad({ path: node.stage.log, pairs: 1, ...strangers() }),
  };
}

function run(node: TrialNode, { apiWire, collectorWire, dns }: Surroundings): RunningProgram {
  const server = `http://127.0.0.1:${apiWire.port}`;
  return node.run({
    resolvers: [
      { use: "resolver-k8s", server, startSpread: "0s", podNetworks: ["10.77.0.0/16"] },
      { use: "resolver-dns", servers: [dns.address] },
    ],
    sinks: [
      { use: "sink-k8s-events", server, distinctMessages: 1000 },
      { use: "sink-otel", endpoint: `http://127.0.0.1:${collectorWire.port}`, interval: "5s" },
    ],
  });
}

/** How many troubles there were. */
async function allInTurn(around: Surroundings, watchman: Watchman): Promise<number> {
  const troubles = troublesOf(around);
  for (let round = 0; round < rounds; round++) {
    for (const trouble of troubles) {
      console.log(`${new Date().toISOString()} ${trouble.name}; before it ${watchman.latest}`);
      await trouble.begin();
      await sleep(troubleMillis);
      await trouble.end();
      await sleep(calmMillis);
    }
  }
  return rounds * troubles.length;
}

function atRest(program: RunningProgram) {
  const isAtRest = async () => {
    const now = await program.metrics();
    const open = now.sum("droplens_packets_open") + now.sum("droplens_source_lag_bytes");
    return open === 0 && now;
  };
  return program.child.until("all settled", isAtRest, 300_000);
}

function memoryFigures(node: TrialNode, watchman: Watchman) {
  const resident = growthOf(watchman.rss, warmUp);
  const files = growthOf(watchman.descriptors, warmUp);
  const heap = heapGrowth(node.heapLog, warmUp);
  const told = ({ first, last }: Growth) => `${first.toFixed(0)} to ${last.toFixed(0)}`;
  const slope = watchman.megabytesPerHour(Math.floor(watchman.rss.length * warmUp)).toFixed(0);
  return {
    grown: { resident: resident.last - resident.first, heap: heap.last - heap.first, files: files.last - files.first },
    note: `from warm-up to the end: resident ${told(resident)} MB (${slope} MB an hour), alive in the heap ${told(heap)} MB, open files ${told(files)}`,
  };
}
