/**
 * A node under trial: the program with a config of the trial's own, a load on its kernel log, and the equation at the
 * end: packets written = packets at the receivers + open + discarded by reason, for each sink.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MetricSamples } from "../system/program.ts";
import { FlowLoad, type LoadParts, type PacketCounts } from "./flow-load.ts";
import { imbalance, NodeStage, prefix, type RunningProgram } from "./node-stage.ts";
import { memoryOf } from "./process-figures.ts";

type Finish = ConstructorParameters<typeof NodeStage>[0];

/** What deploy/Dockerfile makes of the 256 MiB that deploy/manifests give: more than this heap would end the program. */
const asDeployed = "--max-semi-space-size=2 --max-old-space-size=128";
export const podMegabytes = 256;
const heapLog = join(import.meta.dirname, "heap-log.mjs");

export interface TrialConfig {
  readonly resolvers?: readonly object[];
  /** sink-jsonl and sink-prometheus are there anyway: they have to be unhurt. */
  readonly sinks?: readonly object[];
  readonly pipeline?: object;
}

export class TrialNode {
  readonly stage: NodeStage;
  readonly load: FlowLoad;
  #stopLoad = new AbortController();
  #loading: Promise<void> = Promise.resolve();
  #flowsPerSecond = 0;

  constructor(finish: Finish, load: Omit<LoadParts, "path"> = { pairs: 20 }) {
    this.stage = new NodeStage(finish);
    finish(() => this.#stopLoad.abort());
    this.load = new FlowLoad({ path: this.stage.log, ...load });
    writeFileSync(this.stage.log, "");
  }

  /** New flows a second, from now until `endLoad`. */
  beginLoad(flowsPerSecond: number): void {
    this.#flowsPerSecond = flowsPerSecond;
    this.#stopLoad = new AbortController();
    this.#loading = this.load.keepWriting(flowsPerSecond, this.#stopLoad.signal);
  }

  /** Nothing is written while `act` lasts. */
  async pauseLoad(act: () => Promise<void>): Promise<void> {
    await this.endLoad();
    await act();
    this.beginLoad(this.#flowsPerSecond);
  }

  async endLoad(): Promise<void> {
    this.#stopLoad.abort();
    await this.#loading;
  }

  /** Its memory, as it says itself (heap-log.mjs). */
  get heapLog(): string {
    return join(this.stage.folder, "heap.log");
  }

  run(config: TrialConfig): RunningProgram {
    const { folder, log } = this.stage;
    const file = join(folder, "droplens.json");
    writeFileSync(file, JSON.stringify(configOf(config, { folder, log })));
    // DROPLENS_TRIAL_NODE_OPTIONS is for a look into its heap.
    const { DROPLENS_TRIAL_NODE_OPTIONS: options = asDeployed } = process.env;
    const environment = { NODE_OPTIONS: `${options} --import=${heapLog}`, HEAP_LOG: this.heapLog };
    return this.stage.run(environment, { words: ["--config", file] });
  }

  /** What sink-jsonl has written, by flow. */
  linesWritten(): PacketCounts {
    const counts = new Map<string, number>();
    for (const line of readFileSync(join(this.stage.folder, "drops.jsonl"), "utf8").split("\n")) {
      if (line === "") continue;
      const { sourceAddress, destinationPort, count } = JSON.parse(line);
      const flow = `${sourceAddress}:${destinationPort}`;
      counts.set(flow, (counts.get(flow) ?? 0) + count);
    }
    return counts;
  }

  /** Waits until the sinks have settled all that was written up to now: delivered or discarded. */
  async settled(program: RunningProgram, sinks: readonly string[], timeoutMillis: number): Promise<MetricSamples> {
    const packets = this.load.packets;
    return program.child.until(
      `${sinks.join(", ")}: ${packets} packets settled`,
      async () => {
        const now = await program.metrics();
        return sinks.every((sink) => settledPackets(now, sink) >= packets) && now;
      },
      timeoutMillis,
    );
  }

  /** The unhurt sinks have everything up to now: waits for it, a moment at most. */
  async unhurt(program: RunningProgram, timeoutMillis = 20_000): Promise<void> {
    await this.settled(program, ["sink-jsonl", "sink-prometheus"], timeoutMillis);
  }
}

export function settledPackets(samples: MetricSamples, sink: string): number {
  const early = samples.sum("droplens_packets_discarded_total", { sink: "" });
  return samples.sum("droplens_packets_delivered_total", { sink }) + early + sumOfDiscarded(samples, sink);
}

export function sumOfDiscarded(samples: MetricSamples, sink: string): number {
  return samples.sum("droplens_packets_discarded_total", { sink });
}

/** The books at the end of a trial. */
export interface Books {
  readonly matched: number;
  readonly open: number;
  readonly imbalance: Readonly<Record<string, number>>;
  /** Of the sink at stake, with what no sink got. */
  readonly discarded: Readonly<Record<string, number>>;
  readonly peakRssMegabytes: number;
}

export function booksOf(program: RunningProgram, samples: MetricSamples, sink: string): Books {
  const discarded: Record<string, number> = {};
  for (const [, labels = "", value] of samples.text.matchAll(/^droplens_packets_discarded_total\{(.*)\} (\d+)$/gm)) {
    const [, ofSink] = /sink="([^"]*)"/.exec(labels) ?? [];
    const [, reason = ""] = /reason="([^"]*)"/.exec(labels) ?? [];
    if ((ofSink === sink || ofSink === "") && Number(value) > 0)
      discarded[reason] = (discarded[reason] ?? 0) + Number(value);
  }
  return {
    matched: samples.sum("droplens_lines_matched_total"),
    open: samples.sum("droplens_packets_open", { sink }),
    imbalance: imbalance(samples),
    discarded,
    peakRssMegabytes: Math.round(memoryOf(program.child.processId).peakMegabytes),
  };
}

function configOf(
  { resolvers = [], sinks = [], pipeline = {} }: TrialConfig,
  at: { folder: string; log: string },
): object {
  const unhurt = [{ use: "sink-jsonl", path: join(at.folder, "drops.jsonl") }, { use: "sink-prometheus" }];
  return {
    version: 1,
    stateFolder: join(at.folder, "state"),
    operations: { host: "127.0.0.1", port: 0 },
    pipelines: {
      drops: {
        repeatInterval: "2s",
        source: { use: "source-file", path: at.log, pollInterval: "1s" },
        parser: { use: "parser-iptables", prefix },
        resolvers,
        sinks: [...sinks, ...unhurt],
        ...pipeline,
      },
    },
  };
}
