/**
 * What /metrics shows, as OpenTelemetry metric data: counters as cumulative sums, gauges and histograms as they are,
 * under their Prometheus names. The prom-client registry in; called by telemetry.ts at each interval.
 */
import { type Attributes, type HrTime, ValueType } from "@opentelemetry/api";
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
} from "@opentelemetry/sdk-metrics";
import type { MetricObjectWithValues, MetricValue, Registry } from "prom-client";
import { hrTime } from "../otlp/hr-time.ts";
import { SeriesStarts } from "./series-starts.ts";

type Value = MetricValue<string> & { readonly metricName?: string };
type Family = Pick<MetricObjectWithValues<Value>, "name" | "help" | "values"> & { readonly type: unknown };

interface Times {
  readonly starts: SeriesStarts;
  readonly endTime: HrTime;
}

export class MetricPoints {
  readonly #registry: Registry;
  readonly #starts: SeriesStarts;

  /** `startMillis`: when everything began to count. */
  constructor(registry: Registry, startMillis: number) {
    this.#registry = registry;
    this.#starts = new SeriesStarts(startMillis);
  }

  /** Metrics without a value are left out. */
  async read(nowMillis: number): Promise<MetricData[]> {
    const families: readonly Family[] = await this.#registry.getMetricsAsJSON();
    const times = { starts: this.#starts, endTime: hrTime(nowMillis) };
    const metrics = this.#starts.reading(nowMillis, () => families.map((family) => metricData(family, times)));
    return metrics.filter(({ dataPoints }) => dataPoints.length > 0);
  }
}

function metricData(family: Family, times: Times): MetricData {
  const { name, help, type } = family;
  const shared = {
    // As Prometheus has them, numbers are doubles: a metric never changes its type.
    descriptor: { name, description: help, unit: unitOf(name), valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  if (type === "histogram") {
    return { ...shared, dataPointType: DataPointType.HISTOGRAM, dataPoints: histograms(family, times) };
  }
  const isSum = type === "counter";
  const dataPoints = family.values
    .filter(({ value }) => Number.isFinite(value))
    .map(({ labels, value }): DataPoint<number> => {
      const startTime = isSum ? times.starts.of(`${name}${JSON.stringify(labels)}`, value) : times.endTime;
      return { startTime, endTime: times.endTime, attributes: attributesOf(labels), value };
    });
  return isSum
    ? { ...shared, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }
    : { ...shared, dataPointType: DataPointType.GAUGE, dataPoints };
}

/** Prometheus says the unit in the name, OpenTelemetry in UCUM's letters. */
function unitOf(name: string): string {
  const word = /_(seconds|bytes)(_total)?$/.exec(name)?.[1];
  return word === "seconds" ? "s" : word === "bytes" ? "By" : "";
}

interface Buckets {
  readonly attributes: Attributes;
  readonly boundaries: number[];
  /** Of values up to each boundary and beyond the last, all smaller ones included. */
  readonly upTo: number[];
  sum: number;
}

function histograms({ name, values }: Family, { starts, endTime }: Times): DataPoint<Histogram>[] {
  const all = new Map<string, Buckets>();
  for (const { labels, value, metricName } of values) {
    const { le, ...own } = labels;
    const key = `${name}${JSON.stringify(own)}`;
    const buckets = all.get(key) ?? { attributes: attributesOf(own), boundaries: [], upTo: [], sum: 0 };
    all.set(key, buckets);
    if (metricName === `${name}_sum`) buckets.sum = value;
    if (metricName !== `${name}_bucket`) continue;
    buckets.upTo.push(value);
    if (Number.isFinite(Number(le))) buckets.boundaries.push(Number(le));
  }
  return [...all].map(([key, { attributes, boundaries, upTo, sum }]) => {
    const counts = upTo.map((count, i) => count - (upTo[i - 1] ?? 0));
    const count = upTo.at(-1) ?? 0;
    return {
      startTime: starts.of(key, count),
      endTime,
      attributes,
      value: { sum, count, buckets: { boundaries, counts } },
    };
  });
}

function attributesOf(labels: Readonly<Record<string, string | number | undefined>>): Attributes {
  return Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, String(value ?? "")]));
}
