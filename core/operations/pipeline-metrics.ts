/**
 * Shows the books of each pipeline as metrics, read when they are scraped. At any moment, for every sink:
 * matched + restored = delivered + open + discarded (its own and those with an empty `sink`).
 */

import type { DeliveryBooks } from "../pipeline/delivery-books.ts";
import type { Pipeline, PipelineParts } from "../pipeline/pipeline.ts";
import type { Labels, Metrics } from "../plugin/context.ts";
import type { PrometheusMetrics } from "./metrics.ts";

const secondsBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

/** The two times that are observed as they happen. The oldest report of a batch stands for the batch. */
export function timings(metrics: Metrics, pipeline: string): PipelineParts["observe"] {
  const buckets = secondsBuckets;
  const resolve = metrics.histogram({
    name: "droplens_resolve_seconds",
    help: "How long a report waited for its addresses to be resolved, for reports that had to wait",
    labels: ["pipeline"],
    buckets,
  });
  const deliver = metrics.histogram({
    name: "droplens_line_to_delivery_seconds",
    help: "From the reading of a line to the sink's ack, for the oldest report of each batch",
    labels: ["pipeline", "sink"],
    buckets,
  });
  return {
    resolved: (millis) => resolve.observe({ pipeline }, millis / 1000),
    delivered: (sink, millis) => deliver.observe({ pipeline, sink }, millis / 1000),
  };
}

/** What it returns takes the pipeline off the page again. */
export function showPipeline(metrics: PrometheusMetrics, pipeline: Pipeline): () => void {
  const hide = shown.map(({ kind, name, help, labels, read }) => {
    const instrument = { name, help, labels: ["pipeline", ...labels] };
    return metrics.observe(kind, instrument, function* withPipeline() {
      for (const [values, value] of read(pipeline)) yield [{ pipeline: pipeline.name, ...values }, value];
    });
  });
  return () => {
    for (const hideOne of hide) hideOne();
  };
}

interface Shown {
  readonly kind: "counter" | "gauge";
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  read(pipeline: Pipeline): Iterable<readonly [Labels, number]>;
}

const shown: readonly Shown[] = [
  {
    kind: "counter",
    name: "droplens_lines_read_total",
    help: "Lines read from the source",
    labels: [],
    read: (pipeline) => [[{}, pipeline.linesRead]],
  },
  {
    kind: "counter",
    name: "droplens_lines_matched_total",
    help: "Lines that are a packet drop of ours, one packet each",
    labels: [],
    read: (pipeline) => [[{}, pipeline.collector.matched]],
  },
  {
    kind: "counter",
    name: "droplens_lines_malformed_total",
    help: "Lines that look like a drop of ours but cannot be read",
    labels: ["reason"],
    read: (pipeline) => byReason(pipeline.collector.malformedByReason),
  },
  {
    kind: "counter",
    name: "droplens_lines_other_total",
    help: "Lines that look like a drop and are none",
    labels: ["reason"],
    read: (pipeline) => byReason(pipeline.collector.otherLinesByReason),
  },
  {
    kind: "gauge",
    name: "droplens_packets_open",
    help: "Packets on their way to the sink",
    labels: ["sink"],
    read: (pipeline) => bySink(pipeline, (sink) => pipeline.openPackets(sink)),
  },
  {
    kind: "counter",
    name: "droplens_packets_restored_total",
    help: "Packets taken over from a checkpoint",
    labels: ["sink"],
    read: (pipeline) => bySink(pipeline, (sink) => pipeline.restoredPackets.get(sink) ?? 0),
  },
  {
    kind: "counter",
    name: "droplens_packets_delivered_total",
    help: "Packets that the sink has stored",
    labels: ["sink"],
    read: (pipeline) => bySink(pipeline, (_sink, books) => books.deliveredPackets),
  },
  {
    kind: "counter",
    name: "droplens_packets_discarded_total",
    help: "Packets given up; an empty sink means before they came to any",
    labels: ["sink", "reason"],
    read: discardedPackets,
  },
  {
    kind: "gauge",
    name: "droplens_delivery_queue_length",
    help: "Reports that wait for the sink",
    labels: ["sink"],
    read: (pipeline) => pipeline.queues.map((queue) => [{ sink: queue.name }, queue.length]),
  },
  {
    kind: "counter",
    name: "droplens_delivery_retries_total",
    help: "Deliveries that had to be tried again",
    labels: ["sink"],
    read: (pipeline) => bySink(pipeline, (_sink, books) => books.retries),
  },
  {
    kind: "gauge",
    name: "droplens_source_lag_bytes",
    help: "Bytes written to the source and not yet read",
    labels: ["part"],
    read: (pipeline) => pipeline.lag().map(({ part, lagBytes }) => [{ part }, lagBytes]),
  },
];

function* byReason(counts: ReadonlyMap<string, number>): Generator<readonly [Labels, number]> {
  for (const [reason, count] of counts) yield [{ reason }, count];
}

function* bySink(
  pipeline: Pipeline,
  value: (sink: string, books: DeliveryBooks) => number,
): Generator<readonly [Labels, number]> {
  for (const [sink, books] of pipeline.books) yield [{ sink }, value(sink, books)];
}

function* discardedPackets(pipeline: Pipeline): Generator<readonly [Labels, number]> {
  for (const [reason, count] of pipeline.discardedBeforeSinks()) yield [{ sink: "", reason }, count];
  for (const [sink, books] of pipeline.books) {
    for (const [reason, count] of books.discardedByReason) yield [{ sink, reason }, count];
  }
}
