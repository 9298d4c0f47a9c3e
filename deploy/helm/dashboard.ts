/**
 * The Grafana dashboard: rows of panels, each with its queries, laid out on Grafana's grid of 24 columns.
 * Called by `npm run generate`, which writes droplens/files/dashboard.json; the tests give its queries to promtool.
 */

interface Query {
  readonly expr: string;
  /** What a line is called; `{{label}}` stands for a label. */
  readonly legend: string;
}

interface Panel {
  readonly title: string;
  readonly description: string;
  readonly type: "timeseries" | "stat" | "table";
  readonly unit: string;
  readonly queries: readonly Query[];
}

const pairs = "source_namespace, destination_namespace";
const drops = `droplens_packet_drops_total{source_namespace=~"$source", destination_namespace=~"$destination"}`;
const talkers =
  "source_namespace, source_workload, destination_namespace, destination_workload, protocol, destination_port";
const sinkOf = "{{pod}} {{sink}}";

/** A row's panels share its width. */
export const rows: readonly (readonly Panel[])[] = [
  [
    {
      title: "Packets dropped a second",
      description: "Every packet, repeats too. Empty namespaces are nodes, hosts and bare addresses.",
      type: "stat",
      unit: "pps",
      queries: [{ expr: `sum(rate(${drops}[$__rate_interval]))`, legend: "dropped" }],
    },
    {
      title: "Nodes that report",
      description: "Droplens pods that Prometheus reads.",
      type: "stat",
      unit: "short",
      queries: [{ expr: "count(droplens_build_info)", legend: "nodes" }],
    },
    {
      title: "Packets given up a second",
      description: "Matched, and in no sink. What a sink's own `when` leaves out does not count.",
      type: "stat",
      unit: "pps",
      queries: [
        {
          expr: `sum(rate(droplens_packets_discarded_total{reason!="not_selected"}[$__rate_interval])) or vector(0)`,
          legend: "given up",
        },
      ],
    },
    {
      title: "Longest queue",
      description: "Reports that wait for one sink of one node.",
      type: "stat",
      unit: "short",
      queries: [{ expr: "max(droplens_delivery_queue_length)", legend: "reports" }],
    },
  ],
  [
    {
      title: "Drops by namespace pair",
      description: "The 15 busiest pairs.",
      type: "timeseries",
      unit: "pps",
      queries: [
        {
          expr: `topk(15, sum by (${pairs}) (rate(${drops}[$__rate_interval])))`,
          legend: "{{source_namespace}} → {{destination_namespace}}",
        },
      ],
    },
    {
      title: "Drops by rule",
      description: "By the log prefix of the rule that logged the packet.",
      type: "timeseries",
      unit: "pps",
      queries: [{ expr: `sum by (log_prefix) (rate(${drops}[$__rate_interval]))`, legend: "{{log_prefix}}" }],
    },
  ],
  [
    {
      title: "Top talkers",
      description: "Packets dropped in the time that is shown. Prometheus cannot see a new series' first packets.",
      type: "table",
      unit: "short",
      queries: [{ expr: `topk(25, sum by (${talkers}) (increase(${drops}[$__range])))`, legend: "" }],
    },
  ],
  [
    {
      title: "Lag: bytes not yet read",
      description: "source-file and what else knows how much is left to read.",
      type: "timeseries",
      unit: "bytes",
      queries: [{ expr: "sum by (pod) (droplens_source_lag_bytes)", legend: "{{pod}}" }],
    },
    {
      title: "Lag: from the line to the sink's ack, 99 %",
      description: "For the oldest report of each batch.",
      type: "timeseries",
      unit: "s",
      queries: [
        {
          expr: "histogram_quantile(0.99, sum by (le, sink) (rate(droplens_line_to_delivery_seconds_bucket[$__rate_interval])))",
          legend: "{{sink}}",
        },
      ],
    },
    {
      title: "Lines lost before they were read",
      description: "Written over in /dev/kmsg, skipped in files, too long, rotated away.",
      type: "timeseries",
      unit: "short",
      queries: [
        { expr: "sum by (pod) (increase(droplens_kmsg_overwritten_records_total[5m]))", legend: "{{pod}} overwritten" },
        { expr: "sum by (pod) (increase(droplens_source_files_unread_total[5m]))", legend: "{{pod}} files unread" },
        { expr: "sum by (reason) (increase(droplens_source_bytes_skipped_total[5m]))", legend: "bytes {{reason}}" },
        { expr: "sum by (reason) (increase(droplens_lines_skipped_total[5m]))", legend: "lines {{reason}}" },
      ],
    },
  ],
  [
    {
      title: "Queues",
      description: "Reports that wait for a sink.",
      type: "timeseries",
      unit: "short",
      queries: [{ expr: "max by (pod, sink) (droplens_delivery_queue_length) > 0", legend: sinkOf }],
    },
    {
      title: "Deliveries tried again",
      description: "A sink that refuses, or does not answer.",
      type: "timeseries",
      unit: "ops",
      queries: [
        {
          expr: "sum by (pod, sink) (rate(droplens_delivery_retries_total[$__rate_interval])) > 0",
          legend: sinkOf,
        },
      ],
    },
    {
      title: "Discards by reason",
      description: "Packets given up, by the sink that did not get them; without a sink: before they came to any.",
      type: "timeseries",
      unit: "pps",
      queries: [
        {
          expr: "sum by (sink, reason) (rate(droplens_packets_discarded_total[$__rate_interval]))",
          legend: "{{sink}} {{reason}}",
        },
      ],
    },
  ],
  [
    {
      title: "Lines",
      description: "Read, matched, broken, and those that only look like a drop.",
      type: "timeseries",
      unit: "ops",
      queries: [
        { expr: "sum(rate(droplens_lines_read_total[$__rate_interval]))", legend: "read" },
        { expr: "sum(rate(droplens_lines_matched_total[$__rate_interval]))", legend: "matched" },
        {
          expr: "sum by (reason) (rate(droplens_lines_malformed_total[$__rate_interval]))",
          legend: "malformed {{reason}}",
        },
        { expr: "sum by (reason) (rate(droplens_lines_other_total[$__rate_interval]))", legend: "other {{reason}}" },
      ],
    },
    {
      title: "Kubernetes API",
      description: "Events stored and given up; watches of pods that broke.",
      type: "timeseries",
      unit: "ops",
      queries: [
        { expr: "sum by (verb) (rate(droplens_events_posted_total[$__rate_interval]))", legend: "events {{verb}}" },
        {
          expr: "sum by (reason) (rate(droplens_events_discarded_total[$__rate_interval]))",
          legend: "events discarded {{reason}}",
        },
        {
          expr: "sum by (reason) (rate(droplens_kubernetes_watch_errors_total[$__rate_interval]))",
          legend: "watch {{reason}}",
        },
      ],
    },
    {
      title: "Memory",
      description: "Resident.",
      type: "timeseries",
      unit: "bytes",
      queries: [
        {
          expr: "process_resident_memory_bytes and on (instance) droplens_build_info",
          legend: "{{pod}}",
        },
      ],
    },
  ],
];

const datasource = { type: "prometheus", uid: "$datasource" };
const gridWidth = 24;

export function dashboardText(): string {
  const dashboard = {
    title: "Droplens",
    uid: "droplens",
    tags: ["droplens"],
    editable: true,
    schemaVersion: 39,
    time: { from: "now-6h", to: "now" },
    refresh: "1m",
    templating: { list: [datasourceVariable, namespaces("source"), namespaces("destination")] },
    panels: laidOut(),
  };
  return `${JSON.stringify(dashboard, undefined, 2)}\n`;
}

function laidOut(): object[] {
  let id = 0;
  let y = 0;
  return rows.flatMap((row) => {
    const height = row.every((panel) => panel.type === "stat") ? 4 : 9;
    const width = gridWidth / row.length;
    const panels = row.map((panel, i) => grafanaPanel(panel, ++id, { x: i * width, y, w: width, h: height }));
    y += height;
    return panels;
  });
}

function grafanaPanel({ title, description, type, unit, queries }: Panel, id: number, gridPos: object): object {
  const isTable = type === "table";
  const targets = queries.map(({ expr, legend }, i) => ({
    refId: String.fromCharCode("A".charCodeAt(0) + i),
    datasource,
    expr,
    ...(isTable ? { format: "table", instant: true } : { legendFormat: legend }),
  }));
  const fieldConfig = { defaults: { unit }, overrides: [] };
  const panel = { id, title, description, type, gridPos, datasource, fieldConfig, targets };
  return isTable ? { ...panel, transformations: [withoutTime, largestFirst] } : panel;
}

const withoutTime = { id: "organize", options: { excludeByName: { Time: true }, renameByName: { Value: "packets" } } };
const largestFirst = { id: "sortBy", options: { sort: [{ field: "packets", desc: true }] } };

const datasourceVariable = { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" };

function namespaces(end: "source" | "destination"): object {
  return {
    name: end,
    label: `${end} namespace`,
    type: "query",
    datasource,
    query: `label_values(droplens_packet_drops_total, ${end}_namespace)`,
    refresh: 2,
    multi: true,
    includeAll: true,
    // Empty namespaces too, which "All" of listed values would leave out.
    allValue: ".*",
    current: { text: "All", value: "$__all" },
  };
}
