/**
 * A log file, a writer that keeps it open as a syslog daemon does, the program that reads it, and a file of sink-jsonl
 * that receives what it reports. The trials of files and of the process are played here.
 */
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LogWriter } from "../../plugins/source-file/testdata/log-writer.ts";
import { difference, FlowLoad, type PacketCounts, sumOf } from "../support/flow-load.ts";
import { NodeStage, prefix, type RunningProgram } from "../support/node-stage.ts";
import { memoryOf } from "../support/process-figures.ts";
import type { MetricSamples } from "../system/program.ts";
import { ReceivedDrops } from "./received-drops.ts";

export interface LogStageParts {
  /** onTestFinished of the test at hand. */
  readonly finish: (clean: () => void | Promise<void>) => void;
  /** Keys of the pipeline beside the usual ones, as YAML. */
  readonly pipeline?: string;
  readonly source?: string;
  readonly sinks?: string;
  readonly stateFolder?: string;
  readonly stopTimeout?: string;
  /** The time in front of each line. */
  readonly time?: () => string;
}

const minute = 60_000;

/** Ends and clears away what it began, before the next trial takes its figures. */
export async function withLogStage(
  parts: Omit<LogStageParts, "finish">,
  play: (stage: LogStage) => Promise<void>,
): Promise<void> {
  const cleanings: (() => void | Promise<void>)[] = [];
  const stage = new LogStage({ ...parts, finish: (clean) => void cleanings.unshift(clean) });
  try {
    await play(stage);
  } finally {
    for (const clean of cleanings) await clean();
  }
}

export class LogStage {
  readonly node: NodeStage;
  readonly writer: LogWriter;
  readonly load: FlowLoad;
  readonly received: ReceivedDrops;
  readonly stateFolder: string;
  peakRssMegabytes = 0;
  /** Packets that all lives together have given up, by reason, as /metrics told. */
  readonly discarded: Record<string, number> = {};
  readonly #parts: LogStageParts;
  #ending = new AbortController();
  #writing: Promise<void> | undefined;

  constructor(parts: LogStageParts) {
    this.#parts = parts;
    this.node = new NodeStage(parts.finish);
    this.writer = new LogWriter(this.node.log);
    this.stateFolder = parts.stateFolder ?? join(this.node.folder, "state");
    this.received = new ReceivedDrops(join(this.node.folder, "drops.jsonl"));
    const { time } = parts;
    const append = (lines: string) => this.writer.raw(lines);
    this.load = new FlowLoad({ path: this.node.log, pairs: 200, append, ...(time === undefined ? {} : { time }) });
    writeFileSync(join(this.node.folder, "droplens.yaml"), this.#config());
    parts.finish(() => this.#end());
  }

  get checkpointPath(): string {
    return join(this.stateFolder, "drops.checkpoint");
  }

  get written(): PacketCounts {
    return this.load.written;
  }

  /** When the checkpoint was last written; undefined: never. */
  get checkpointMillis(): number | undefined {
    return existsSync(this.checkpointPath) ? statSync(this.checkpointPath).mtimeMs : undefined;
  }

  start(environment: Readonly<Record<string, string>> = {}): RunningProgram {
    return this.node.run(environment);
  }

  /** So many new flows a second until `endLoad`. */
  beginLoad(flowsPerSecond: number): void {
    this.#ending = new AbortController();
    this.#writing = this.load.keepWriting(flowsPerSecond, this.#ending.signal);
  }

  async endLoad(): Promise<void> {
    this.#ending.abort();
    await this.#writing;
  }

  noteMemory(program: RunningProgram): void {
    const { peakMegabytes } = memoryOf(program.child.processId);
    this.peakRssMegabytes = Math.max(this.peakRssMegabytes, peakMegabytes);
  }

  async kill(program: RunningProgram): Promise<void> {
    if (program.child.running) this.noteMemory(program);
    await program.child.stop("SIGKILL");
  }

  /** Waits until what was written has arrived, or for so long that it will not any more; its end, in order. */
  async finish(program: RunningProgram): Promise<number | string> {
    await this.arrived(program);
    await this.noteDiscards(program);
    this.noteMemory(program);
    return program.child.stop();
  }

  /** Or was discarded, counted. The load may go on meanwhile. */
  async arrived(program: RunningProgram, { at = this.received, patienceMillis = minute } = {}): Promise<void> {
    const deadline = Date.now() + patienceMillis;
    const written = new Map(this.written);
    for (let looks = 1; program.child.running && Date.now() < deadline; looks++) {
      const { lost } = difference(written, at.counts());
      if (lost === 0 || (looks % 20 === 0 && (await this.#isGivenUp(program, lost)))) return;
      await sleep(50);
    }
  }

  /** Call it before a life ends whose books count. */
  async noteDiscards(program: RunningProgram): Promise<void> {
    for (const [reason, packets] of discards(await program.metrics()))
      this.discarded[reason] = (this.discarded[reason] ?? 0) + packets;
  }

  /** All is read, and as many packets as are missing have been discarded. */
  async #isGivenUp(program: RunningProgram, missing: number): Promise<boolean> {
    const now = await program.metrics();
    const packets = [...Object.values(this.discarded), ...discards(now).map(([, count]) => count)];
    return now.sum("droplens_source_lag_bytes") === 0 && packets.reduce((sum, count) => sum + count, 0) >= missing;
  }

  /** The end of the equation, flow by flow: what was written and never came, and what came more often. */
  figures(received = this.received) {
    const { lost, overCounted } = difference(this.written, received.counts());
    return {
      packets: sumOf(this.written),
      lost: lost - Object.values(this.discarded).reduce((sum, packets) => sum + packets, 0),
      overCounted,
      discarded: this.discarded,
      peakRssMegabytes: Math.round(this.peakRssMegabytes),
    };
  }

  #config(): string {
    const { pipeline = "repeatInterval: 1s", source = "", sinks = "", stopTimeout = "10s" } = this.#parts;
    const jsonl = join(this.node.folder, "drops.jsonl");
    return `version: 1
stateFolder: ${this.stateFolder}
stopTimeout: ${stopTimeout}
operations: { port: 0, host: 127.0.0.1 }
pipelines:
  drops:
    ${pipeline.replaceAll("\n", "\n    ")}
    source: { use: source-file, path: ${this.node.log}${source === "" ? "" : `, ${source}`} }
    parser: { use: parser-iptables, prefix: "${prefix}" }
    sinks:
      - { use: sink-jsonl, path: ${jsonl}, maxBytes: 1000000000000 }
      ${sinks.replaceAll("\n", "\n      ")}
`;
  }

  async #end(): Promise<void> {
    await this.endLoad();
    this.writer.close();
  }
}

/** Packets by reason. */
function discards({ text }: MetricSamples): (readonly [string, number])[] {
  const samples = text.matchAll(/^droplens_packets_discarded_total\{.*reason="([^"]*)".*\} (\S+)/gm);
  return [...samples]
    .map(([, reason = "", packets]) => [reason, Number(packets)] as const)
    .filter(([, count]) => count > 0);
}
