/** The metrics of resolver-k8s, each with its name and labels. Asked for once, by the resolver. */
import type { Counter, Gauge, Metrics } from "../../core/plugin/index.ts";

export interface ResolverMetrics {
  readonly pods: Gauge;
  readonly relists: Counter;
  readonly watchErrors: Counter;
  readonly lookups: Counter;
  readonly held: Counter;
}

export function resolverMetrics(metrics: Metrics): ResolverMetrics {
  return {
    pods: metrics.gauge({
      name: "droplens_kubernetes_pods",
      help: "Pods known by address, with those that gave theirs up in the last minutes",
    }),
    relists: metrics.counter({
      name: "droplens_kubernetes_relists_total",
      help: "Lists of all watched pods begun after the first complete one",
    }),
    watchErrors: metrics.counter({
      name: "droplens_kubernetes_watch_errors_total",
      help: "Ends of a list or watch of pods other than by the server's time limit, by reason",
      labels: ["reason"],
    }),
    lookups: metrics.counter({
      name: "droplens_kubernetes_lookups_total",
      help: "Questions for the pod of an address of another node, by outcome",
      labels: ["outcome"],
    }),
    held: metrics.counter({
      name: "droplens_kubernetes_held_total",
      help: "Questions that waited, or were refused to wait, for a pod's status or the first list, by outcome",
      labels: ["outcome"],
    }),
  };
}
