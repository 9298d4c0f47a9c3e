/**
 * Which values a report gives to which labels. Reports in, label values out (raw: series-book.ts cleans them).
 * Addresses and host names are no values unless `source_name` or `destination_name` is chosen: strangers choose those.
 */
import type { DropReport, Endpoint } from "../../core/plugin/index.ts";

/** A port stays a number until a series is made of it. */
export type LabelValue = string | number;

export const labelNames = [
  "source_namespace",
  "source_workload",
  "source_kind",
  "source_name",
  "destination_namespace",
  "destination_workload",
  "destination_kind",
  "destination_name",
  "protocol",
  "destination_port",
  "log_prefix",
  "policy",
  "verdict",
] as const;

/** The labels of packet_drops_count, as in metrics/metrics.go of kube-iptables-tailer. */
export const legacyLabels = ["src", "dst"] as const;

export type LabelName = (typeof labelNames)[number] | (typeof legacyLabels)[number];

/** Writes the values of `labels` into `values`, which is used again for each report. */
export function readLabels(labels: readonly LabelName[], report: DropReport, values: LabelValue[]): void {
  for (let i = 0; i < labels.length; i++) values[i] = readLabel(labels[i] as LabelName, report);
}

// One switch and not a function a label: V8 can inline it, and has one thing to compile instead of a dozen.
function readLabel(label: LabelName, { source, destination, drop }: DropReport): LabelValue {
  switch (label) {
    case "source_namespace":
      return namespaceOf(source);
    case "source_workload":
      return workloadOf(source);
    case "source_kind":
      return kindOf(source);
    case "source_name":
    case "src":
      return source.displayName;
    case "destination_namespace":
      return namespaceOf(destination);
    case "destination_workload":
      return workloadOf(destination);
    case "destination_kind":
      return kindOf(destination);
    case "destination_name":
    case "dst":
      return destination.displayName;
    case "protocol":
      return drop.protocol ?? "";
    case "destination_port":
      return drop.destinationPort ?? "";
    case "log_prefix":
      return drop.logPrefix ?? "";
    case "policy":
      return drop.policy ?? "";
    case "verdict":
      return drop.verdict ?? "";
  }
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
