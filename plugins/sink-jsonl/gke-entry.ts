/**
 * A report under the names of GKE's network policy log, for dashboards that were made for it. The names and their order
 * are those of GKE Dataplane V2's policy logger (policylogger, PolicyActionLogEntry and Workload).
 */
import type { DropReport, Endpoint, PacketDrop } from "../../core/plugin/index.ts";

export function gkeEntry({ drop, source, destination, count, firstMillis, lastMillis, repeat }: DropReport): object {
  return {
    connection: {
      src_ip: drop.sourceAddress,
      dest_ip: drop.destinationAddress,
      src_port: drop.sourcePort,
      dest_port: drop.destinationPort,
      protocol: drop.protocol?.toLowerCase(),
      direction: direction(drop, source, destination),
    },
    disposition: "deny",
    policies: policies(drop),
    src: workload(source),
    dest: workload(destination),
    count,
    node_name: drop.host,
    // The line's own time, with all its decimals; for repeats the last one's, as GKE's aggregation has it.
    timestamp: repeat || firstMillis !== Date.parse(drop.time) ? new Date(lastMillis).toISOString() : drop.time,
  };
}

/**
 * A log line does not say whose policy it was. A packet that leaves this node for a pod elsewhere was stopped on its way
 * out; another one to a pod or a node on its way in; the rest left for somewhere outside.
 */
function direction({ host }: PacketDrop, source: Endpoint, destination: Endpoint): "ingress" | "egress" {
  const leaves = host !== undefined && source.nodeName === host;
  if (leaves && destination.nodeName !== undefined && destination.nodeName !== host) return "egress";
  return destination.kind === "pod" || destination.kind === "node" ? "ingress" : "egress";
}

/** GKE lists the policies of what it allowed; here it is the one that the rule's log prefix names. */
function policies({ policy }: PacketDrop): object[] | undefined {
  if (policy === undefined) return undefined;
  const [namespace, name] = policy.includes("/") ? policy.split("/", 2) : [undefined, policy];
  return [{ name, namespace }];
}

function workload(end: Endpoint): object {
  if (end.kind === "node" || end.hostNetwork === true) {
    return { node_name: end.nodeName ?? end.name ?? end.displayName, workload_kind: "Node" };
  }
  if (end.kind !== "pod") return { instance: end.address };
  return {
    pod_name: end.name,
    workload_kind: end.workload?.kind,
    workload_name: end.workload?.name,
    pod_namespace: end.namespace,
    namespace: end.namespace,
  };
}
