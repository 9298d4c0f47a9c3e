/**
 * `droplens demo`: an embedded Kubernetes API with a small made-up cluster, real kernel lines appended to a log file at
 * a human pace, the default bundle tailing it, and each event printed as it is posted.
 */
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Config } from "../config/config.ts";
import type { BuiltIn } from "../config/load.ts";
import { compose } from "../container.ts";
import type { Droplens } from "../droplens.ts";
import { createLogger } from "../operations/logger.ts";
import { type FakeKubernetes, startFakeKubernetes } from "../testkit/fake-kubernetes/index.ts";
import { DROPLENS } from "../tokens.ts";
import { configured } from "./configured.ts";
import { createCluster, pods } from "./demo/cluster.ts";
import { printEvents } from "./demo/event-printer.ts";
import { logPrefix, packetsInStory, type Scene, scenes, writeLine } from "./demo/story.ts";
import type { ExitCode, Io } from "./io.ts";
import { summarize } from "./summary.ts";

/** Between two lines of a scene; before the next scene. */
const linePaceMillis = 250;
const scenePaceMillis = 900;

export async function demo(options: { once?: boolean }, io: Io, builtIn: BuiltIn): Promise<ExitCode> {
  const folder = await mkdtemp(join(tmpdir(), "droplens-demo-"));
  const kubernetes = await startFakeKubernetes();
  try {
    return await play({ once: options.once === true, folder, kubernetes, io, builtIn });
  } finally {
    await kubernetes.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Stage {
  readonly once: boolean;
  readonly folder: string;
  readonly kubernetes: FakeKubernetes;
  readonly io: Io;
  readonly builtIn: BuiltIn;
}

async function play(stage: Stage): Promise<ExitCode> {
  const { io, kubernetes } = stage;
  await createCluster(kubernetes.url, io.signal);
  const config = await demoConfig(stage);
  if (config === undefined) return 2;
  const end = new AbortController();
  const onStop = () => end.abort(io.signal.reason);
  io.signal.addEventListener("abort", onStop, { once: true });
  const watching = new AbortController();
  const events = printEvents(kubernetes.url, io.stdout, watching.signal);
  const logger = createLogger("error", 2);
  const droplens = await compose({ config, environment: io.environment, logger }).get(DROPLENS);
  const running = droplens.run(end.signal);
  const telling = tell(stage, droplens, end.signal).finally(() => end.abort(new Error("the story is over")));
  try {
    await Promise.all([running, telling]);
  } finally {
    end.abort(new Error("the demo failed"));
    await running.catch(() => {});
    await setTimeout(50);
    watching.abort();
    io.signal.removeEventListener("abort", onStop);
  }
  io.stdout(epilogue(stage, droplens, await events));
  return 0;
}

/** The default bundle, from the environment variables that kube-iptables-tailer has. */
async function demoConfig({ io, builtIn, folder, kubernetes }: Stage): Promise<Config | undefined> {
  const kubeconfig = join(folder, "kubeconfig");
  const log = join(folder, "kern.log");
  await writeFile(kubeconfig, kubernetes.kubeconfigText());
  await appendFile(log, "");
  const environment = {
    IPTABLES_LOG_PATH: log,
    IPTABLES_LOG_PREFIX: logPrefix,
    KUBE_API_SERVER: kubernetes.url,
    KUBECONFIG: kubeconfig,
  };
  const loaded = await configured({}, { ...io, environment, cwd: folder }, builtIn);
  if (loaded === undefined) return undefined;
  const operations = { host: "127.0.0.1", port: 0 };
  // Nobody watches a demo for the two minutes that repeats are folded for by default.
  const pipelines = loaded.config.pipelines.map((pipeline) => ({ ...pipeline, repeatIntervalMillis: 10_000 }));
  return { ...loaded.config, operations, pipelines, stateFolder: join(folder, "state") };
}

/** Writes the story into the log; once, or again and again until `signal` aborts. */
async function tell({ once, folder, io }: Stage, droplens: Droplens, signal: AbortSignal): Promise<void> {
  try {
    while (droplens.problems().length > 0) await setTimeout(20, undefined, { signal });
    io.stdout(prologue(folder, droplens, once));
    do for (const scene of scenes) await tellScene(scene, { folder, io, signal });
    while (!once);
    await setTimeout(scenePaceMillis, undefined, { signal });
    io.stdout("\n# the story is over: the repeats of each flow are told as counts\n");
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function tellScene(scene: Scene, { folder, io, signal }: { folder: string; io: Io; signal: AbortSignal }) {
  await setTimeout(scenePaceMillis, undefined, { signal });
  io.stdout(`\n# ${scene.caption}\n`);
  for (const line of scene.lines) {
    await setTimeout(linePaceMillis, undefined, { signal });
    await writeLine(join(folder, "kern.log"), line, new Date());
  }
}

function prologue(folder: string, droplens: Droplens, once: boolean): string {
  const { namespace, name } = pods.web;
  return `An embedded Kubernetes API with a small cluster is running, and Droplens tails ${join(folder, "kern.log")}.
See the same with your own kubectl while this runs:

  kubectl --kubeconfig ${join(folder, "kubeconfig")} describe pod --namespace ${namespace} ${name}
  curl http://127.0.0.1:${droplens.operationsPort}/metrics

${once ? "The story is told once." : "Ctrl-C ends it."}
`;
}

function epilogue({ once, folder }: Stage, { pipelines }: Droplens, events: number): string {
  const told = once ? `${packetsInStory} packets were in the story, ` : "";
  return `\n${pipelines.map(summarize).join("")}${told}${events} events are on the pods. Nothing is left in ${folder}.\n`;
}
