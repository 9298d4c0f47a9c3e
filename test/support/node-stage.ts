/**
 * A node in a folder: its kernel log, an embedded Kubernetes API with a web pod in `shop` and a db pod in `data`, and the
 * program started against both. What was started is ended after the test.
 */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type FakeKubernetes, startFakeKubernetes } from "../../core/testkit/fake-kubernetes/index.ts";
import { MetricSamples } from "../system/program.ts";
import { type Child, type ChildOptions, checkout, droplens } from "./child.ts";
import { tempFolder } from "./temp-folder.ts";

export const [web, db] = ["10.77.1.2", "10.77.2.2"] as const;
export const prefix = "kl-drop:";

type Finish = (clean: () => void | Promise<void>) => void;

export class NodeStage {
  readonly folder: string;
  readonly log: string;
  readonly #finish: Finish;

  /** `finish`: onTestFinished of the test at hand. */
  constructor(finish: Finish) {
    this.#finish = finish;
    this.folder = tempFolder(finish);
    this.log = join(this.folder, "kern.log");
  }

  /** The Go tailer's variables for this node. */
  environment(url: string): Record<string, string> {
    return {
      IPTABLES_LOG_PATH: this.log,
      IPTABLES_LOG_PREFIX: prefix,
      KUBE_API_SERVER: url,
      METRICS_SERVER_PORT: "0",
      WATCH_LOGS_INTERVAL_SECONDS: "1",
    };
  }

  /** The default bundle as a config file, changed as its head proposes: its state is in this folder, and it starts at once. */
  copyBundle(change: (text: string) => string = (text) => text): void {
    const bundle = readFileSync(join(checkout, "config/kube-iptables-tailer.yaml"), "utf8");
    const text = change(bundle)
      .replace(/^log:/m, `stateFolder: ${join(this.folder, "state")}\nlog:`)
      .replace(/^( +)- use: resolver-k8s$/m, "$&\n$1  startSpread: 0s");
    writeFileSync(join(this.folder, "droplens.yaml"), text);
  }

  async startKubernetes(port = 0): Promise<FakeKubernetes> {
    const kubernetes = await startFakeKubernetes({ port });
    this.#finish(() => kubernetes.stop());
    kubernetes.put(pod("shop", "web", web));
    kubernetes.put(pod("data", "db", db));
    return kubernetes;
  }

  /** `words` come after `run`. */
  run(
    environment: Readonly<Record<string, string>>,
    { words = [], ...options }: Partial<ChildOptions> & { readonly words?: readonly string[] } = {},
  ): RunningProgram {
    const child = droplens(["run", ...words], { cwd: this.folder, environment, ...options });
    this.#finish(async () => {
      await child.stop("SIGKILL");
    });
    return new RunningProgram(child);
  }

  /** The kernel drops packets from web to db. */
  drop(port: number, packets = 1): void {
    appendFileSync(this.log, kernelLine(port).repeat(packets));
  }
}

/** `droplens run` and its operations server. */
export class RunningProgram {
  readonly child: Child;

  constructor(child: Child) {
    this.child = child;
  }

  async port(): Promise<number> {
    const [, port] = await this.child.says(/"port":(\d+),.*"msg":"droplens is running"/);
    return Number(port);
  }

  async get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`http://127.0.0.1:${await this.port()}${path}`, { signal: AbortSignal.timeout(2000) });
    return { status: response.status, text: await response.text() };
  }

  async metrics(): Promise<MetricSamples> {
    return new MetricSamples((await this.get("/metrics")).text);
  }

  async ready(): Promise<void> {
    await this.child.until("ready", async () => (await this.get("/readyz")).status === 200);
  }

  measures(what: string, wanted: (samples: MetricSamples) => boolean): Promise<MetricSamples> {
    return this.child.until(what, async () => {
      const samples = await this.metrics();
      return wanted(samples) ? samples : undefined;
    });
  }

  matched(packets: number): Promise<MetricSamples> {
    return this.measures(`${packets} packets matched`, (now) => now.sum("droplens_lines_matched_total") === packets);
  }
}

/** What is missing in the books of each sink: all 0 when they balance. */
export function imbalance(samples: MetricSamples, pipeline = "drops"): Record<string, number> {
  const of = (name: string, labels = {}) => samples.sum(name, { pipeline, ...labels });
  const sinks = samples.text.matchAll(/^droplens_packets_open\{(.*)\}/gm);
  const names = [...sinks].filter(([, labels = ""]) => labels.includes(`pipeline="${pipeline}"`));
  const left = names.map(([, labels = ""]) => {
    const sink = /sink="([^"]*)"/.exec(labels)?.[1] ?? "";
    const came = of("droplens_lines_matched_total") + of("droplens_packets_restored_total", { sink });
    const discarded =
      of("droplens_packets_discarded_total", { sink }) + of("droplens_packets_discarded_total", { sink: "" });
    const settled = of("droplens_packets_delivered_total", { sink }) + of("droplens_packets_open", { sink });
    return [sink, came - settled - discarded] as const;
  });
  return Object.fromEntries(left);
}

/** tcp4.log line 1 of plugins/parser-iptables/testdata, with another port, the time of now and rsyslog's framing. */
export function kernelLine(port: number, now = new Date()): string {
  const path = join(checkout, "plugins/parser-iptables/testdata/tcp4.log");
  const [line = ""] = readFileSync(path, "utf8").split("\n", 1);
  return `${now.toISOString().replace("Z", "000+00:00")} node-1 kernel: ${line.replace("DPT=80", `DPT=${port}`)}\n`;
}

export interface ToldEvent {
  readonly pod: string;
  readonly message: string;
  readonly count: number;
}

/** What the API has of events, for people. */
export function told(kubernetes: FakeKubernetes): ToldEvent[] {
  return kubernetes.list("Event").map((event) => {
    const { involvedObject, message, count } = event as unknown as {
      involvedObject: { namespace: string; name: string };
      message: string;
      count: number;
    };
    return { pod: `${involvedObject.namespace}/${involvedObject.name}`, message, count };
  });
}

function pod(namespace: string, name: string, ip: string) {
  const startTime = `${new Date(Date.now() - 3_600_000).toISOString().slice(0, 19)}Z`;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name, labels: { app: name } },
    spec: { nodeName: "node-1", containers: [{ name: "main", image: "none" }] },
    status: { phase: "Running", startTime, podIP: ip, podIPs: [{ ip }] },
  };
}
