/**
 * What a Collector can do to the program: be away, die, accept and never answer, crawl, close every connection; and, by a
 * stand-in, say on order that it is too busy or that it takes a part. OTELCOL names a real one's program. In the end it
 * has a record, or records, for every packet, flow by flow.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type Answer, partialSuccess, type Request } from "../../core/otlp/testdata/otlp-receiver.ts";
import {
  type CollectorAtStake,
  type Protocol,
  realCollector,
  standInCollector,
} from "../support/collector-at-stake.ts";
import { GuardedDoor, writeAuthority } from "../support/guarded-door.ts";
import { memoryOf } from "../support/process-figures.ts";
import { ServerTrial } from "../support/server-trial.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { tries } from "../support/trial.ts";
import { Wire } from "../support/wire.ts";

type Finish = (clean: () => void | Promise<void>) => void;

const skipped = process.env.OTELCOL ? "" : " (skipped: OTELCOL names no program)";
const flowsPerSecond = 100;
const troubleMillis = tries({ long: 60_000, short: 6000 });
/** What may be under way when its answers are lost: 4 requests of 500 records, of two packets at most. */
const inFlightPackets = 4 * 500 * 2;

describe.skipIf(!process.env.OTELCOL)(`a real Collector${skipped}`, { concurrent: true }, () => {
  it.for<Protocol>(["http/protobuf", "grpc"])(
    "is down at the start, comes, is killed in mid-load, and comes back, over %s",
    async (protocol, { onTestFinished: finish }) => {
      const { trial, collector } = await begin(finish, protocol);
      await sleep(2000);
      await trial.othersAreUnhurt();
      await collector.start();
      await trial.recovers();
      const kills = tries({ long: 20, short: 2 });
      for (let kill = 0; kill < kills; kill++) {
        await collector.kill();
        await sleep(troubleMillis / 3);
        await trial.othersAreUnhurt();
        await collector.start();
        await trial.recovers();
      }
      const name = `Collector: down at the start, killed in mid-load and back, ${protocol}`;
      await trial.conclude({ trial: name, tries: kills, of: "kills" }, { mayRepeat: kills * inFlightPackets });
    },
  );

  it.for<Protocol>(["http/protobuf", "grpc"])(
    "accepts and never answers, over %s",
    async (protocol, { onTestFinished: finish }) => {
      const { trial, wire } = await beginWell(finish, protocol);
      wire.fallSilent();
      await sleep(troubleMillis);
      await trial.othersAreUnhurt();
      await wire.pass();
      await trial.recovers();
      const name = `Collector: half-open, accepts and never answers, ${protocol}`;
      await trial.conclude({ trial: name, tries: 1, of: "outages" }, { mayRepeat: inFlightPackets });
    },
  );

  it("crawls", async ({ onTestFinished: finish }) => {
    const { trial, wire } = await beginWell(finish, "http/protobuf");
    wire.crawl(2000);
    await sleep(troubleMillis);
    await trial.othersAreUnhurt();
    await wire.pass();
    await trial.recovers();
    const name = "Collector: 2,000 bytes a second";
    // A request that is given up after 10 s may have arrived by then.
    await trial.conclude({ trial: name, tries: 1, of: "outages" }, { mayRepeat: 6 * inFlightPackets });
  });

  it("closes every connection once a second", async ({ onTestFinished: finish }) => {
    const { trial, wire } = await beginWell(finish, "http/protobuf");
    const cuts = Math.round((2 * troubleMillis) / 1000);
    for (let cut = 0; cut < cuts; cut++) {
      await sleep(1000);
      wire.cut();
    }
    await trial.recovers();
    expect(wire.connections).toBeGreaterThanOrEqual(cuts);
    const name = "Collector: all connections closed every second";
    await trial.conclude({ trial: name, tries: cuts, of: "cuts" }, { mayRepeat: cuts * inFlightPackets });
  });
});

describe.concurrent("a Collector that", () => {
  it("is too busy, with Retry-After", async ({ onTestFinished: finish }) => {
    const { trial, answer } = await beginStandIn(finish);
    let refused = 0;
    answer((): Answer => ({ status: refused++ % 2 === 0 ? 429 : 503, headers: { "retry-after": "2" } }));
    await sleep(troubleMillis);
    await trial.othersAreUnhurt();
    expect(refused).toBeGreaterThan(0);
    answer(() => ({}));
    await trial.recovers();
    await trial.conclude({ trial: "Collector: 429 and 503 with Retry-After", tries: refused, of: "refused requests" });
  });

  it("takes a part of each request only", async ({ onTestFinished: finish }) => {
    const { trial, collector, answer } = await beginStandIn(finish);
    let parts = 0;
    answer((request): Answer => {
      if (request.signal !== "logs" || request.records.length < 2) return {};
      parts++;
      collector.receiver.stored.push({ ...request, records: request.records.slice(0, -1) });
      return { body: partialSuccess(1, "too old"), stores: false };
    });
    await sleep(troubleMillis);
    answer(() => ({}));
    await trial.recovers();
    const figures = { trial: "Collector: partial success", tries: parts, of: "partial answers" };
    const { discarded } = await trial.conclude(figures, { mayDiscard: true });
    expect(parts).toBeGreaterThan(0);
    expect(Object.keys(discarded)).toEqual(["partial_success"]);
  });

  it("answers 500, which the specification calls final", async ({ onTestFinished: finish }) => {
    const { trial, answer } = await beginStandIn(finish);
    let refused = 0;
    answer((): Answer => {
      refused++;
      return { status: 500 };
    });
    await sleep(troubleMillis);
    answer(() => ({}));
    await trial.recovers();
    const figures = { trial: "Collector: 500", tries: refused, of: "refused requests" };
    const { discarded } = await trial.conclude(figures, { mayDiscard: true });
    expect(Object.keys(discarded)).toEqual(["refused"]);
  });

  it("comes back with another authority's certificate", async ({ onTestFinished: finish }) => {
    const collector = await standInCollector(finish);
    await collector.start();
    const door = await GuardedDoor.before(collector.receiver.url, finish);
    const folder = tempFolder(finish);
    writeAuthority(folder, "a");
    const headers = { authorization: `Bearer ${door.token}` };
    const options = { endpoint: door.url, tls: { caFile: join(folder, "ca.crt") }, headers };
    const trial = await beginning(otelTrial(finish, collector, options));
    door.useAuthority("b");
    await sleep(3000);
    await trial.othersAreUnhurt();
    writeAuthority(folder, "b");
    await trial.recovers();
    const figures = { trial: "Collector: CA rotated, its file late", tries: 1, of: "rotations" };
    await trial.conclude(figures, { mayRepeat: inFlightPackets });
  });

  it("is away for longer than the queue can hold", async ({ onTestFinished: finish }) => {
    const { trial, wire } = await beginStandIn(finish);
    const before = memoryOf(trial.program.child.processId).nowMegabytes;
    await wire.refuse();
    for (let slab = 0; slab < 15; slab++) {
      trial.node.load.write(1000);
      await sleep(200);
    }
    await trial.othersAreUnhurt();
    const full = memoryOf(trial.program.child.processId).nowMegabytes;
    await wire.pass();
    await trial.recovers();
    const note = `the full queue took ${(full - before).toFixed(0)} MB`;
    const figures = { trial: "Collector: away for longer than the queue holds", tries: 1, of: "outages", note };
    const { discarded } = await trial.conclude(figures, { mayDiscard: true });
    expect(Object.keys(discarded)).toEqual(["queue_full"]);
  });
});

/** A real Collector that is not started yet, behind a wire, and a load that has begun. */
async function begin(finish: Finish, protocol: Protocol) {
  const collector = await realCollector(tempFolder(finish), finish, protocol);
  const wire = await Wire.to(collector.port, finish);
  const trial = otelTrial(finish, collector, { endpoint: `http://127.0.0.1:${wire.port}`, protocol });
  await trial.program.port();
  trial.node.beginLoad(flowsPerSecond);
  return { collector, trial, wire };
}

async function beginWell(finish: Finish, protocol: Protocol) {
  const { collector, ...begun } = await begin(finish, protocol);
  await collector.start();
  await begun.trial.recovers();
  return begun;
}

async function beginStandIn(finish: Finish) {
  const collector = await standInCollector(finish);
  await collector.start();
  const wire = await Wire.to(collector.port, finish);
  const trial = await beginning(otelTrial(finish, collector, { endpoint: `http://127.0.0.1:${wire.port}` }));
  const answer = (how: (request: Request) => Answer) => {
    collector.receiver.answer = how;
  };
  return { collector, wire, trial, answer };
}

/** All is well, and packets are coming in. */
async function beginning(trial: ServerTrial): Promise<ServerTrial> {
  await trial.program.ready();
  trial.node.beginLoad(flowsPerSecond);
  await trial.recovers();
  return trial;
}

/** `options`: of sink-otel. */
function otelTrial(finish: Finish, collector: CollectorAtStake, options: object): ServerTrial {
  return new ServerTrial({
    finish,
    load: { pairs: 20 },
    config: { sinks: [{ use: "sink-otel", interval: "5s", ...options }] },
    sink: "sink-otel",
    receivers: async () => {
      await collector.kill();
      return { records: await collector.packetCounts() };
    },
  });
}
