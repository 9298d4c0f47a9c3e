/** The sink: a readable line per report on stdout or stderr. Called by the delivery queue. */
import type {
  DeliveryResult,
  DropReport,
  Finding,
  PluginContext,
  Sink,
  StandardOutput,
} from "../../core/plugin/index.ts";
import { type Paint, painted, plain, wantsColor } from "./color.ts";
import type { SinkConsoleOptions } from "./config.ts";
import { reportLine } from "./report-line.ts";

export class ConsoleSink implements Sink {
  /** A person who scrolls back holds the pipe for as long as he likes: no time limit of seconds. */
  readonly delivery = { maxBatch: 100, timeoutMillis: 3_600_000 } as const;
  readonly #output: StandardOutput;
  readonly #paint: Paint;

  constructor(color: SinkConsoleOptions["color"], { environment }: PluginContext, output: StandardOutput) {
    this.#output = output;
    this.#paint = wantsColor(color, environment, output.isTerminal) ? painted : plain;
  }

  async check(): Promise<readonly Finding[]> {
    return [{ ok: true, what: "write lines for people" }];
  }

  deliver(reports: readonly DropReport[], signal: AbortSignal): Promise<DeliveryResult | undefined> {
    return this.#output.write(reports, (report) => reportLine(report, this.#paint), signal);
  }

  problems(): readonly string[] {
    return this.#output.problems();
  }
}
