/**
 * What an API server may answer, on order, which a real one cannot be told: 429 with Retry-After, 500, a forgotten
 * resourceVersion, an expired token, another authority's certificate; and an outage that is too long for the queue. Part of
 * api-server.test.ts, where they run at the same time as the real one's trials: they wait most of the time.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { connectApiServer } from "../../core/kubernetes/connect.ts";
import {
  type FakeKubernetes,
  type LoggedRequest,
  startFakeKubernetes,
} from "../../core/testkit/fake-kubernetes/index.ts";
import { ClusterAtStake } from "../support/cluster-at-stake.ts";
import { type EventTrialParts, eventTrial } from "../support/event-trial.ts";
import { GuardedDoor, writeAuthority, writeToken } from "../support/guarded-door.ts";
import { memoryOf } from "../support/process-figures.ts";
import type { ServerTrial } from "../support/server-trial.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { tries } from "../support/trial.ts";
import { Wire } from "../support/wire.ts";

type Finish = (clean: () => void | Promise<void>) => void;

const pairs = 20;
const flowsPerSecond = 20;
const troubleMillis = tries({ long: 60_000, short: 6000 });

export function apiAnswerTrials(): void {
  it("answers 429 with Retry-After, then 500", ({ onTestFinished }) => refuses(onTestFinished));
  it("forgets its history again and again", ({ onTestFinished }) => forgets(onTestFinished));
  it("lets the token expire before there is another", ({ onTestFinished }) => expires(onTestFinished));
  it("comes back with another authority's certificate", ({ onTestFinished }) => rotates(onTestFinished));
  it("is away for longer than the queue can hold", ({ onTestFinished }) => isAway(onTestFinished));
}

async function refuses(finish: Finish): Promise<void> {
  const { kubernetes, cluster } = await embedded(finish);
  const trial = await begin({ finish, cluster, access: { server: kubernetes.url } });
  for (const status of [429, 500]) {
    const answer = { kind: "status", status, reason: "ServiceUnavailable", retryAfter: "3" } as const;
    const begun = kubernetes.requests.length;
    const lift = kubernetes.fault({ times: Number.POSITIVE_INFINITY, answer });
    kubernetes.cutWatches();
    await sleep(troubleMillis);
    await trial.othersAreUnhurt();
    expect(shortestPause(kubernetes.requests.slice(begun))).toBeGreaterThanOrEqual(3000);
    lift();
    await trial.recovers();
  }
  await trial.conclude({ trial: "API server: 429 with Retry-After, then 500", tries: 2, of: "outages" });
}

/** Between two tries to create the same event. */
function shortestPause(requests: readonly LoggedRequest[]): number {
  const last = new Map<unknown, number>();
  let shortest = Number.POSITIVE_INFINITY;
  for (const { method, body, at } of requests) {
    if (method !== "POST") continue;
    const { name } = (body as { readonly metadata: { readonly name: string } }).metadata;
    shortest = Math.min(shortest, at - (last.get(name) ?? Number.NEGATIVE_INFINITY));
    last.set(name, at);
  }
  return shortest;
}

async function forgets(finish: Finish): Promise<void> {
  const { kubernetes, cluster } = await embedded(finish);
  const trial = await begin({ finish, cluster, access: { server: kubernetes.url } });
  const times = Math.round(troubleMillis / 1000);
  for (let time = 1; time <= times; time++) {
    await sleep(1000);
    // Who is watching has the newest version, which nobody forgets: the pods come while it is cut off.
    kubernetes.cutWatches();
    await cluster.createPair(pairs + time);
    kubernetes.compact();
  }
  const known = (samples: { sum(name: string): number }) => samples.sum("droplens_kubernetes_pods");
  const samples = await trial.program.measures("all pods are known", (now) => known(now) === 2 * (pairs + times));
  expect(samples.sum("droplens_kubernetes_relists_total")).toBeGreaterThan(0);
  await trial.conclude({ trial: "API server: resourceVersion expired every second", tries: times, of: "expiries" });
}

async function expires(finish: Finish): Promise<void> {
  const { folder, door, trial } = await behindDoor(finish);
  door.token = "second";
  await sleep(3000);
  await trial.othersAreUnhurt();
  writeToken(folder, "second");
  await trial.recovers();
  await trial.conclude({ trial: "API server: token expired, renewed late", tries: 1, of: "expiries" });
}

async function rotates(finish: Finish): Promise<void> {
  const { folder, door, trial } = await behindDoor(finish);
  door.useAuthority("b");
  await sleep(3000);
  await trial.othersAreUnhurt();
  writeAuthority(folder, "b");
  await trial.recovers();
  await trial.conclude({ trial: "API server: CA rotated, its file late", tries: 1, of: "rotations" });
}

async function isAway(finish: Finish): Promise<void> {
  const { kubernetes, cluster } = await embedded(finish);
  const wire = await Wire.to(Number(new URL(kubernetes.url).port), finish);
  const access = { server: `http://127.0.0.1:${wire.port}` };
  const capacity = tries({ long: 4096, short: 1000 });
  const trial = await begin({ finish, cluster, access, sink: { requestsPerSecond: 1000, queue: { capacity } } });
  const before = memoryOf(trial.program.child.processId).nowMegabytes;
  await wire.refuse();
  for (let slab = 0; slab < 12; slab++) {
    trial.node.load.write(capacity / 4);
    await sleep(250);
  }
  await trial.othersAreUnhurt();
  const full = memoryOf(trial.program.child.processId).nowMegabytes;
  await wire.pass();
  await trial.recovers();
  const note = `the full queue of ${capacity} reports took ${(full - before).toFixed(0)} MB`;
  const books = await trial.conclude(
    { trial: "API server: away for longer than the queue holds", tries: 1, of: "outages", note },
    { mayDiscard: true },
  );
  expect(Object.keys(books.discarded)).toEqual(["queue_full"]);
}

async function embedded(finish: Finish): Promise<{ kubernetes: FakeKubernetes; cluster: ClusterAtStake }> {
  const kubernetes = await startFakeKubernetes();
  finish(() => kubernetes.stop());
  const cluster = new ClusterAtStake(connectApiServer({ server: kubernetes.url }, {}));
  await cluster.createPods(pairs);
  return { kubernetes, cluster };
}

async function behindDoor(finish: Finish): Promise<{ folder: string; door: GuardedDoor; trial: ServerTrial }> {
  const { kubernetes, cluster } = await embedded(finish);
  const door = await GuardedDoor.before(kubernetes.url, finish);
  const folder = tempFolder(finish);
  const trial = await begin({ finish, cluster, access: { kubeconfig: door.writeKubeconfig(folder) } });
  return { folder, door, trial };
}

/** All is well, and packets are coming in. */
async function begin(parts: Omit<EventTrialParts, "pairs">): Promise<ServerTrial> {
  const trial = eventTrial({ ...parts, pairs });
  await trial.program.ready();
  trial.node.beginLoad(flowsPerSecond);
  await trial.recovers();
  return trial;
}
