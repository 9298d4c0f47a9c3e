/**
 * What many agents cost one API server: resolver-k8s as it is, hundreds of times in this process, against a fake API
 * server in another one. Every agent keeps its list and watch; pods change as a cluster of that size changes them; at
 * the end the server is killed, to see how the agents ask for it.
 *
 *   node bench/scale/agents.ts cluster|node [AGENTS] [SECONDS]
 *
 * Prints what was counted, as one line of JSON; docs/scale.md says what follows for 5,000 nodes. Linux only.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { ApiServer } from "../../core/kubernetes/api-server.ts";
import { connectApiServer } from "../../core/kubernetes/connect.ts";
import { realClock } from "../../core/real-clock.ts";
import { testContext } from "../../core/testkit/test-context.ts";
import { resolverK8sOptions } from "../../plugins/resolver-k8s/config.ts";
import { PodResolver } from "../../plugins/resolver-k8s/resolver.ts";
import { nodeName, podsOfNode } from "./made-up-pods.ts";

/** 5 % of the pods an hour go and are made anew, which is six events each: from Pending to Running and to the end. */
const eventsPerPodHour = 0.05 * 6;
const startLimitMillis = 120_000;

interface Traffic {
  requests: number;
  bytes: number;
  /** Requests begun in the busiest 100 ms. */
  peak: number;
}

const [scope = "node", agents = "200", seconds = "20"] = process.argv.slice(2);
const count = Number(agents);
const pods = count * podsOfNode;
const eventsPerSecond = (pods * eventsPerPodHour) / 3600;
const server = await startServer(pods, eventsPerSecond);
const traffic: Traffic = { requests: 0, bytes: 0, peak: 0 };
let tenth = { number: 0, requests: 0 };
const signal = new AbortController().signal;

const before = serverCost(server.pid);
const began = performance.now();
const resolvers = await startAgents();
await until(() => resolvers.every((resolver) => resolver.problems().length === 0));
const start = { seconds: secondsSince(began), ...taken(), serverCpuSeconds: serverCost(server.pid).cpu - before.cpu };
const quietCpu = serverCost(server.pid).cpu;
await realClock.sleep(Number(seconds) * 1000, signal);
const steady = { seconds: Number(seconds), ...taken(), serverCpuSeconds: serverCost(server.pid).cpu - quietCpu };
const { megabytes } = serverCost(server.pid);
server.child.kill("SIGKILL");
await realClock.sleep(Number(seconds) * 1000, signal);
const outage = { seconds: Number(seconds), ...taken() };
const figures = { scope, agents: count, pods, eventsPerSecond, start, steady, outage, serverPeakMegabytes: megabytes };
console.log(JSON.stringify(figures));
for (const resolver of resolvers) await resolver.stop();

async function startServer(pods: number, changes: number) {
  const file = new URL("pod-server.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [file, String(pods), String(changes)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  process.once("exit", () => child.kill("SIGKILL"));
  const [line] = await once(createInterface(child.stdout), "line");
  const { url } = JSON.parse(String(line));
  return { child, url: String(url), pid: child.pid ?? 0 };
}

/** All at once, as after a change of the DaemonSet that a cluster rolls out without limit. */
async function startAgents(): Promise<PodResolver[]> {
  const made = Array.from({ length: count }, (_, index) => {
    const options = { server: server.url, scope, nodeName: nodeName(index) };
    const context = testContext({ clock: realClock, environment: {} });
    return new PodResolver(resolverK8sOptions.parse(options), context, (...parts) =>
      counted(connectApiServer(...parts)),
    );
  });
  for (const resolver of made) await resolver.start(signal);
  return made;
}

function counted(api: ApiServer): ApiServer {
  return {
    address: api.address,
    origin: api.origin,
    request: (request, signal) => {
      countRequest();
      return api.request(request, signal);
    },
    stream: async (request, signal) => {
      countRequest();
      const stream = await api.stream(request, signal);
      return { ...stream, body: measured(stream.body) };
    },
    close: () => api.close(),
  };
}

function countRequest(): void {
  const number = Math.floor(performance.now() / 100);
  tenth = { number, requests: tenth.number === number ? tenth.requests + 1 : 1 };
  traffic.requests++;
  traffic.peak = Math.max(traffic.peak, tenth.requests);
}

async function* measured(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    traffic.bytes += chunk.length;
    yield chunk;
  }
}

/** What was counted since the last call. */
function taken(): Traffic {
  const since = { ...traffic };
  Object.assign(traffic, { requests: 0, bytes: 0, peak: 0 });
  return since;
}

function serverCost(pid: number): { cpu: number; megabytes: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  // utime and stime, in hundredths of a second on every Linux that Node runs on.
  return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, megabytes: Math.round(Number(kilobytes) / 1024) };
}

async function until(isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + startLimitMillis;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`the agents are not synced after ${startLimitMillis / 1000} s`);
    await realClock.sleep(50, signal);
  }
}

function secondsSince(millis: number): number {
  return Math.round(performance.now() - millis) / 1000;
}
