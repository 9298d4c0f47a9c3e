/**
 * Counts the packets of every report in the process's Prometheus registry. Reports in, series out; no I/O.
 * Called by the delivery queue; a batch is stored when `deliver` returns, and none is ever refused.
 */
import type { Counter, DropReport, Gauge, PluginContext, Sink } from "../../core/plugin/index.ts";
import type { SinkPrometheusOptions } from "./config.ts";
import { type LabelValue, labelReader, legacyLabels, readLegacyLabels } from "./drop-labels.ts";
import { SeriesBook } from "./series-book.ts";

interface CountedMetric {
  /** The metric's name as a label. */
  readonly labels: { readonly metric: string };
  readonly book: SeriesBook;
  /** Used again for each report: one value a label. */
  readonly values: LabelValue[];
  read(report: DropReport, values: LabelValue[]): void;
  /** How many packets a report adds. */
  countOf(report: DropReport): number;
}

/** A stale series stays a tenth of `staleAfter` too long, or an hour. */
const sweepsPerLife = 10;
const maxPauseMillis = 3_600_000;

export class PrometheusSink implements Sink {
  /** One call costs about as much as it has series, not reports: large batches. */
  readonly delivery = { capacity: 20_000, maxBatch: 2000, concurrency: 1 } as const;
  readonly #options: SinkPrometheusOptions;
  readonly #context: PluginContext;
  readonly #metrics: readonly CountedMetric[];
  readonly #seriesGauge: Gauge;
  readonly #removedPackets: Counter;
  readonly #stopping = new AbortController();
  #sweeping: Promise<void> | undefined;

  constructor(options: SinkPrometheusOptions, context: PluginContext) {
    this.#options = options;
    this.#context = context;
    const total = packetDropsTotal(options, context);
    this.#metrics = options.legacy ? [total, packetDropsCount(options, context)] : [total];
    this.#seriesGauge = context.metrics.gauge({
      name: "droplens_prometheus_series",
      help: "Series of packet drops now, overflow left out; maxSeries is their limit.",
      labels: ["metric"],
    });
    this.#removedPackets = context.metrics.counter({
      name: "droplens_prometheus_removed_packets_total",
      help: "Packets that had been counted in series since removed as stale.",
      labels: ["metric"],
    });
  }

  async start(): Promise<void> {
    this.#sweeping ??= this.#sweepNowAndThen();
  }

  async deliver(reports: readonly DropReport[]): Promise<undefined> {
    const now = this.#context.clock.now();
    for (const metric of this.#metrics) {
      for (const report of reports) this.#count(metric, report);
      metric.book.flush(now);
      this.#seriesGauge.set(metric.labels, metric.book.size);
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#sweeping;
  }

  status(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(this.#metrics.map(({ labels, book }) => [labels.metric, { series: book.size }]));
  }

  #count(metric: CountedMetric, report: DropReport): void {
    const count = metric.countOf(report);
    if (count === 0) return;
    metric.read(report, metric.values);
    metric.book.add(metric.values, count);
  }

  async #sweepNowAndThen(): Promise<void> {
    const { signal } = this.#stopping;
    const pauseMillis = Math.min(this.#options.staleAfter / sweepsPerLife, maxPauseMillis);
    while (!signal.aborted) {
      await this.#context.clock.sleep(pauseMillis, signal).catch(() => undefined);
      if (!signal.aborted) this.#sweep();
    }
  }

  #sweep(): void {
    const beforeMillis = this.#context.clock.now() - this.#options.staleAfter;
    for (const { labels, book } of this.#metrics) {
      const removed = book.removeStale(beforeMillis);
      if (removed > 0) this.#removedPackets.add(labels, removed);
      this.#seriesGauge.set(labels, book.size);
    }
  }
}

function packetDropsTotal(options: SinkPrometheusOptions, context: PluginContext): CountedMetric {
  const name = "droplens_packet_drops_total";
  const counter = context.metrics.counter({ name, help: "Packets dropped, every one.", labels: options.labels });
  return {
    labels: { metric: name },
    book: new SeriesBook(counter, options.labels, options.maxSeries),
    values: [],
    read: labelReader(options.labels),
    countOf: (report) => report.count,
  };
}

/** Name, help and labels as in metrics/metrics.go of kube-iptables-tailer, which does not count repeats either. */
function packetDropsCount(options: SinkPrometheusOptions, context: PluginContext): CountedMetric {
  const name = "packet_drops_count";
  const help = "Counter for number of packet drops handled; excludes expired and duplicates.";
  const counter = context.metrics.counter({ name, help, labels: legacyLabels });
  return {
    labels: { metric: name },
    book: new SeriesBook(counter, legacyLabels, options.maxSeries),
    values: [],
    read: readLegacyLabels,
    countOf: (report) => (report.repeat ? 0 : 1),
  };
}
