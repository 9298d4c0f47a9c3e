/**
 * Which values a report gives to which labels. Reports in, label values out (raw: series-book.ts cleans them).
 * Addresses and host names are no values unless `source_name` or `destination_name` is chosen: strangers choose those.
 */
import type { DropReport, Endpoint } from "../../core/plugin/index.ts";

/** A port stays a number until a series is made of it. */
export type LabelValue = string | number;

type ReadLabel = (report: DropReport) => LabelValue;

const readers = {
  source_namespace: ({ source }) => namespaceOf(source),
  source_workload: ({ source }) => workloadOf(source),
  source_kind: ({ source }) => kindOf(source),
  source_name: ({ source }) => source.displayName,
  destination_namespace: ({ destination }) => namespaceOf(destination),
  destination_workload: ({ destination }) => workloadOf(destination),
  destination_kind: ({ destination }) => kindOf(destination),
  destination_name: ({ destination }) => destination.displayName,
  protocol: ({ drop }) => drop.protocol ?? "",
  destination_port: ({ drop }) => drop.destinationPort ?? "",
  log_prefix: ({ drop }) => drop.logPrefix ?? "",
} as const satisfies Record<string, ReadLabel>;

export type LabelName = keyof typeof readers;

export const labelNames = Object.keys(readers) as [LabelName, ...LabelName[]];

/** Writes the values of `labels` into `values`, which is used again for each report. */
export function labelReader(labels: readonly LabelName[]): (report: DropReport, values: LabelValue[]) => void {
  const reads = labels.map((label): ReadLabel => readers[label]);
  return (report, values) => {
    for (let i = 0; i < reads.length; i++) values[i] = reads[i]?.(report) ?? "";
  };
}

/** The labels of packet_drops_count, as in metrics/metrics.go of kube-iptables-tailer. */
export const legacyLabels = ["src", "dst"] as const;

export function readLegacyLabels(report: DropReport, values: LabelValue[]): void {
  values[0] = report.source.displayName;
  values[1] = report.destination.displayName;
}

/** A pod in the node's own network cannot be told from the others there: it counts as the node. */
function isNode(endpoint: Endpoint): boolean {
  return endpoint.kind === "node" || endpoint.hostNetwork === true;
}

function namespaceOf(endpoint: Endpoint): string {
  return isNode(endpoint) ? "" : (endpoint.namespace ?? "");
}

function workloadOf(endpoint: Endpoint): string {
  if (isNode(endpoint)) return endpoint.nodeName ?? (endpoint.kind === "node" ? endpoint.name : undefined) ?? "";
  if (endpoint.kind === "pod" || endpoint.kind === "service") return endpoint.workload?.name ?? endpoint.name ?? "";
  return "";
}

function kindOf(endpoint: Endpoint): string {
  return isNode(endpoint) ? "node" : endpoint.kind;
}
