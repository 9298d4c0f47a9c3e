/** `droplens run` under measurement: its config, its operations server, its books. Started by the works. */
import { MetricSamples } from "../test/system/program.ts";
import type { Daemon } from "./daemon.ts";
import { loadPrefix } from "./load.ts";
import type { Stage } from "./stage.ts";

type Plugin = Readonly<Record<string, unknown>>;

export interface PipelineConfig {
  readonly log: string;
  readonly resolvers?: readonly Plugin[];
  readonly sinks: readonly Plugin[];
  readonly pipeline?: Plugin;
}

/** The config's path. What is not said is the default, as a user's would be. */
export function writeConfig(stage: Stage, { log, resolvers = [], sinks, pipeline = {} }: PipelineConfig): string {
  return stage.write("droplens.json", {
    version: 1,
    stateFolder: stage.folderNamed("state"),
    operations: { host: "127.0.0.1", port: 0 },
    pipelines: {
      drops: {
        source: { use: "source-file", path: log },
        parser: { use: "parser-iptables", prefix: loadPrefix },
        resolvers,
        sinks,
        ...pipeline,
      },
    },
  });
}

export class RunningDroplens {
  readonly daemon: Daemon;
  readonly #signal: AbortSignal;
  #port = 0;

  private constructor(daemon: Daemon, signal: AbortSignal) {
    this.daemon = daemon;
    this.#signal = signal;
  }

  static start(stage: Stage, config: PipelineConfig, environment: Readonly<Record<string, string>> = {}) {
    const file = writeConfig(stage, config);
    const words = [process.execPath, stage.options.program, "run", "--config", file];
    return new RunningDroplens(stage.start(words, { environment }), stage.signal);
  }

  /** Waits until /readyz answers 200; asks every 50 ms, which costs the program about a millisecond each time. */
  async ready(): Promise<void> {
    const [, port] = await this.daemon.says(/"port":(\d+),.*"msg":"droplens is running"/, this.#signal);
    this.#port = Number(port);
    const ask = async () => (await this.#fetch("/readyz")).ok;
    await this.daemon.until("/readyz answering 200", ask, { signal: this.#signal, everyMillis: 50 });
  }

  /** Waits until the samples are as wanted. */
  measures(what: string, wanted: (samples: MetricSamples) => boolean, limitSeconds = 120): Promise<MetricSamples> {
    const ask = async () => {
      const samples = await this.metrics();
      return wanted(samples) ? samples : undefined;
    };
    return this.daemon.until(what, ask, { signal: this.#signal, limitSeconds, everyMillis: 200 });
  }

  async metrics(): Promise<MetricSamples> {
    return new MetricSamples(await (await this.#fetch("/metrics")).text());
  }

  #fetch(path: string): Promise<Response> {
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(5000)]);
    return fetch(`http://127.0.0.1:${this.#port}${path}`, { signal });
  }
}

/** Packets that are in no column of the books of `sink`: 0 when they balance. */
export function missingPackets(samples: MetricSamples, sink: string): number {
  const came = samples.sum("droplens_lines_matched_total") + samples.sum("droplens_packets_restored_total", { sink });
  const before = samples.sum("droplens_packets_discarded_total", { sink: "" });
  const own = samples.sum("droplens_packets_discarded_total", { sink });
  const settled =
    samples.sum("droplens_packets_delivered_total", { sink }) + samples.sum("droplens_packets_open", { sink });
  return came - before - own - settled;
}
