/**
 * The counter droplens.packet.dropped: packets by attribute set, and how far the Collector knows of them. Each packet is
 * pending, sending or settled; an export takes what is pending, and its answer settles it or puts it back.
 * Reports in, the SDK's metric data out; called by metric-export.ts. No I/O.
 */
import { type Attributes, ValueType } from "@opentelemetry/api";
import { AggregationTemporality, type DataPoint, DataPointType, type MetricData } from "@opentelemetry/sdk-metrics";
import { hrTime } from "../../core/otlp/hr-time.ts";
import type { DropReport } from "../../core/plugin/index.ts";
import { metricAttributes } from "./drop-attributes.ts";

export interface PacketSumsOptions {
  readonly temporality: "cumulative" | "delta";
  readonly maxSeries: number;
  readonly startMillis: number;
}

interface Series {
  readonly attributes: Attributes;
  pending: number;
  sending: number;
  settled: number;
}

const overflowKey = "overflow";
const overflow = { "otel.metric.overflow": true } as const;

export class PacketSums {
  readonly #options: PacketSumsOptions;
  readonly #series = new Map<string, Series>();
  /** Where the next delta begins. */
  #sinceMillis: number;
  #takenMillis: number;

  constructor(options: PacketSumsOptions) {
    this.#options = options;
    this.#sinceMillis = options.startMillis;
    this.#takenMillis = options.startMillis;
  }

  get size(): number {
    return this.#series.size;
  }

  /** Packets that no answer has settled. */
  get unsettled(): number {
    let packets = 0;
    for (const { pending, sending } of this.#series.values()) packets += pending + sending;
    return packets;
  }

  /** Returns the key of the report's series. */
  add(report: DropReport): string {
    const attributes = metricAttributes(report);
    const wanted = JSON.stringify(attributes);
    // As the specification has it: the limit includes the series for what is beyond it.
    const full = this.#series.size >= this.#options.maxSeries - 1 && !this.#series.has(wanted);
    const key = full ? overflowKey : wanted;
    const known = this.#series.get(key);
    if (known !== undefined) known.pending += report.count;
    else
      this.#series.set(key, {
        attributes: full ? overflow : attributes,
        pending: report.count,
        sending: 0,
        settled: 0,
      });
    return key;
  }

  /** What is to be sent now, or undefined when there is nothing to say. One export at a time. */
  take(nowMillis: number): MetricData | undefined {
    this.#takenMillis = Math.max(nowMillis, this.#sinceMillis);
    const delta = this.#options.temporality === "delta";
    const times = {
      startTime: hrTime(delta ? this.#sinceMillis : this.#options.startMillis),
      endTime: hrTime(this.#takenMillis),
    };
    const dataPoints: DataPoint<number>[] = [];
    for (const series of this.#series.values()) {
      series.sending += series.pending;
      series.pending = 0;
      const value = delta ? series.sending : series.settled + series.sending;
      if (value > 0) dataPoints.push({ ...times, attributes: series.attributes, value });
    }
    return dataPoints.length === 0 ? undefined : this.#metric(dataPoints, delta);
  }

  /** The Collector has what was taken, but for the series of `except`, which nobody will ever tell it. */
  settle(except: ReadonlySet<string> = new Set()): void {
    this.#sinceMillis = this.#takenMillis;
    for (const [key, series] of this.#series) {
      if (!except.has(key)) series.settled += series.sending;
      series.sending = 0;
      this.#forgetIfEmpty(key, series);
    }
  }

  /** The Collector does not have what was taken: it goes with the next export. */
  putBack(): void {
    for (const series of this.#series.values()) {
      series.pending += series.sending;
      series.sending = 0;
    }
  }

  /** What was taken shall not be counted: its reports come again, or are discarded. */
  forget(): void {
    for (const [key, series] of this.#series) {
      series.sending = 0;
      this.#forgetIfEmpty(key, series);
    }
  }

  #forgetIfEmpty(key: string, series: Series): void {
    if (this.#options.temporality === "delta") series.settled = 0;
    if (series.pending + series.sending + series.settled === 0) this.#series.delete(key);
  }

  #metric(dataPoints: DataPoint<number>[], delta: boolean): MetricData {
    return {
      descriptor: {
        name: "droplens.packet.dropped",
        description: "Packets that the kernel dropped.",
        unit: "{packet}",
        valueType: ValueType.INT,
      },
      aggregationTemporality: delta ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE,
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      dataPoints,
    };
  }
}
