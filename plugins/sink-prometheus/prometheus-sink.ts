/**
 * Counts the packets of every report in the process's Prometheus registry. Reports in, series out; no I/O.
 * Called by the delivery queue; a batch is stored when `deliver` returns, and none is ever refused.
 */
import type { Counter, DropReport, Gauge, PluginContext, Sink } from "../../core/plugin/index.ts";
import type { SinkPrometheusOptions } from "./config.ts";
import { type LabelName, type LabelValue, legacyLabels, readLabels } from "./drop-labels.ts";
import { SeriesBook } from "./series-book.ts";

interface CountedMetric {
  /** The metric's name as a label. */
  readonly labels: { readonly metric: string };
  readonly dropLabels: readonly LabelName[];
  readonly book: SeriesBook;
  /** Used again for each report: one value a label. */
  readonly values: LabelValue[];
  /** Every packet; or one for each flow's window. */
  readonly counts: "packets" | "windows";
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
    for (const report of reports) for (const metric of this.#metrics) count(metric, report);
    for (const metric of this.#metrics) {
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

function count({ dropLabels, book, values, counts }: CountedMetric, report: DropReport): void {
  if (counts === "windows" && report.repeat) return;
  readLabels(dropLabels, report, values);
  book.add(values, counts === "packets" ? report.count : 1);
}

function packetDropsTotal({ labels, maxSeries }: SinkPrometheusOptions, context: PluginContext): CountedMetric {
  const name = "droplens_packet_drops_total";
  const counter = context.metrics.counter({ name, help: "Packets dropped, every one.", labels });
  const book = new SeriesBook(counter, labels, maxSeries);
  return { labels: { metric: name }, dropLabels: labels, book, values: [], counts: "packets" };
}

/** Name, help and labels as in metrics/metrics.go of kube-iptables-tailer, which does not count repeats either. */
function packetDropsCount({ maxSeries }: SinkPrometheusOptions, context: PluginContext): CountedMetric {
  const name = "packet_drops_count";
  const help = "Counter for number of packet drops handled; excludes expired and duplicates.";
  const counter = context.metrics.counter({ name, help, labels: legacyLabels });
  const book = new SeriesBook(counter, legacyLabels, maxSeries);
  return { labels: { metric: name }, dropLabels: legacyLabels, book, values: [], counts: "windows" };
}
