/**
 * What became of the exports: counted, logged once a minute where something was lost, and kept for /readyz and /status.
 * Called by log and metric exports with each outcome.
 */

import type { Signal } from "../../core/otlp/environment.ts";
import type { Outcome } from "../../core/otlp/outcome.ts";
import { isTooLarge } from "../../core/otlp/parts.ts";
import { type Counter, type Gauge, OnceAMinute, type PluginContext } from "../../core/plugin/index.ts";

export class Journal {
  readonly #context: PluginContext;
  readonly #ration: OnceAMinute;
  readonly #exports: Counter;
  readonly #refused: Counter;
  readonly #series: Gauge;
  readonly #unsettled: Gauge;
  /** The last error of a signal whose last export failed. */
  readonly #failing = new Map<Signal, string>();

  constructor(context: PluginContext) {
    const { metrics } = context;
    const labels = ["pipeline", "sink"];
    this.#context = context;
    this.#ration = new OnceAMinute(context.clock);
    this.#exports = metrics.counter({
      name: "droplens_otel_exports_total",
      help: "Export requests by what became of them: stored, partial, again, refused, divided.",
      labels: [...labels, "signal", "outcome"],
    });
    this.#refused = metrics.counter({
      name: "droplens_otel_refused_total",
      help: "Log records and data points that the Collector refused.",
      labels: [...labels, "signal"],
    });
    this.#series = metrics.gauge({
      name: "droplens_otel_series",
      help: "Attribute sets of droplens.packet.dropped now; maxSeries is their limit.",
      labels,
    });
    this.#unsettled = metrics.gauge({
      name: "droplens_otel_unsettled_packets",
      help: "Packets that the sum of droplens.packet.dropped at the Collector does not hold yet.",
      labels,
    });
  }

  /** `size`: how many records or points the request held. */
  answered(signal: Signal, outcome: Outcome, size: number): void {
    if (isTooLarge(outcome) && signal === "logs" && size > 1) {
      this.#divided(signal, outcome);
      return;
    }
    const word = outcome.kind === "stored" && outcome.refused > 0 ? "partial" : outcome.kind;
    this.#exports.add({ ...this.#labels, signal, outcome: word });
    if (outcome.kind === "stored") this.#stored(signal, outcome);
    else this.#failing.set(signal, outcome.error);
    if (outcome.kind !== "refused") return;
    this.#refused.add({ ...this.#labels, signal }, size);
    this.#log("error", { signal, refused: size, error: outcome.error }, "the Collector refuses what it is sent");
  }

  /** For an export that no delivery waits for; of the others the delivery queue tells. */
  putOff(signal: Signal, error: string): void {
    this.#log("warn", { signal, error }, "export failed: trying again");
  }

  measured(series: number, unsettledPackets: number): void {
    this.#series.set(this.#labels, series);
    this.#unsettled.set(this.#labels, unsettledPackets);
  }

  /** It goes on in halves: nothing is refused yet. */
  #divided(signal: Signal, outcome: Outcome): void {
    this.#exports.add({ ...this.#labels, signal, outcome: "divided" });
    const error = outcome.kind === "refused" ? outcome.error : "";
    this.#log(
      "warn",
      { signal, error },
      "a batch is too large for the Collector: it goes in halves, which costs requests",
    );
  }

  problems(): readonly string[] {
    return [...this.#failing].map(([signal, error]) => `${signal} are not stored: ${error}`);
  }

  #stored(signal: Signal, { refused, message }: { readonly refused: number; readonly message: string }): void {
    this.#failing.delete(signal);
    if (refused > 0) {
      this.#refused.add({ ...this.#labels, signal }, refused);
      this.#log("error", { signal, refused, message }, "the Collector refused a part of a request: discarded");
    } else if (message !== "") this.#log("warn", { signal, message }, "the Collector warns");
  }

  #log(level: "warn" | "error", fields: object, message: string): void {
    if (this.#ration.isDue(`${message} ${JSON.stringify("signal" in fields ? fields.signal : "")}`)) {
      this.#context.logger[level](fields, message);
    }
  }

  get #labels(): { readonly pipeline: string; readonly sink: string } {
    return { pipeline: this.#context.pipeline, sink: this.#context.name };
  }
}
