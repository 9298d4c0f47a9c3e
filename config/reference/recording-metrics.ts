/** Metrics that remember which instruments were registered: the reference's list, which so cannot go stale. */
import { PrometheusMetrics, type Reader } from "../../core/operations/metrics.ts";
import type { Counter, Gauge, Histogram, Instrument } from "../../core/plugin/context.ts";

export interface RegisteredInstrument {
  readonly name: string;
  readonly kind: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  readonly help: string;
}

export class RecordingMetrics extends PrometheusMetrics {
  readonly #byName = new Map<string, RegisteredInstrument>();

  get instruments(): readonly RegisteredInstrument[] {
    return [...this.#byName.values()];
  }

  override counter(instrument: Instrument): Counter {
    this.#record("counter", instrument);
    return super.counter(instrument);
  }

  override gauge(instrument: Instrument): Gauge {
    this.#record("gauge", instrument);
    return super.gauge(instrument);
  }

  override histogram(instrument: Instrument & { readonly buckets: readonly number[] }): Histogram {
    this.#record("histogram", instrument);
    return super.histogram(instrument);
  }

  override observe(
    kind: "counter" | "gauge",
    instrument: Instrument,
    reader: Reader,
  ): ReturnType<PrometheusMetrics["observe"]> {
    this.#record(kind, instrument);
    return super.observe(kind, instrument, reader);
  }

  #record(kind: RegisteredInstrument["kind"], { name, help, labels = [] }: Instrument): void {
    this.#byName.set(name, { name, kind, labels, help });
  }
}
