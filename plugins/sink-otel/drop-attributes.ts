/**
 * The attributes of a drop: all that is known for a log record, what has few values for the counter. Reports in,
 * attributes out; what is not known is left out. Names: OpenTelemetry's conventions where they have one (`source.*`,
 * `network.*`), `k8s.src.*` and `k8s.dst.*` as the OpenTelemetry eBPF instrumentation has them, else `droplens.*`.
 */
import type { Attributes, AttributeValue } from "@opentelemetry/api";
import { type DropReport, type Endpoint, type PacketDrop, printable } from "../../core/plugin/index.ts";

type Known = Record<string, AttributeValue | undefined>;

const sides = [
  ["src", "source"],
  ["dst", "destination"],
] as const;

export function logAttributes(report: DropReport): Attributes {
  const { drop, source, destination, count } = report;
  return cleaned({
    "source.address": drop.sourceAddress,
    "source.port": drop.sourcePort,
    "destination.address": drop.destinationAddress,
    "destination.port": drop.destinationPort,
    "network.transport": drop.protocol?.toLowerCase(),
    "network.type": drop.ipVersion === 6 ? "ipv6" : "ipv4",
    "network.interface.name": drop.inInterface,
    "network.io.direction": directionOf(drop),
    ...endAttributes("src", source),
    ...endAttributes("dst", destination),
    "droplens.drop.reason": reasonOf(drop),
    "droplens.rule": drop.logPrefix,
    "droplens.verdict": drop.verdict?.toLowerCase(),
    "droplens.policy": drop.policy,
    "droplens.drop.count": count,
    "droplens.iface.out": drop.outInterface,
    "droplens.tcp.flags": drop.tcpFlags === undefined ? undefined : [...drop.tcpFlags],
    "droplens.packet.length": drop.length,
  });
}

/** No addresses, ports, pod names or UIDs: who drops packets on purpose chooses those. */
export function metricAttributes(report: DropReport): Attributes {
  const { drop } = report;
  const known: Known = {
    "droplens.drop.reason": reasonOf(drop),
    "network.transport": drop.protocol?.toLowerCase(),
    "network.io.direction": directionOf(drop),
  };
  for (const [side, end] of sides) {
    const endpoint = report[end];
    const owner = ownerOf(endpoint);
    known[`k8s.${side}.namespace`] = isNode(endpoint) ? undefined : endpoint.namespace;
    known[`k8s.${side}.owner.name`] = owner?.name;
    known[`k8s.${side}.owner.type`] = owner?.kind;
  }
  return cleaned(known);
}

function endAttributes(side: "src" | "dst", endpoint: Endpoint): Known {
  if (!(endpoint.kind in types)) return {};
  const node = isNode(endpoint);
  return {
    [`k8s.${side}.namespace`]: node ? undefined : endpoint.namespace,
    [`k8s.${side}.name`]: node ? nodeNameOf(endpoint) : endpoint.name,
    [`k8s.${side}.type`]: node ? "Node" : types[endpoint.kind],
    [`k8s.${side}.owner.name`]: node ? undefined : endpoint.workload?.name,
    [`k8s.${side}.owner.type`]: node ? undefined : endpoint.workload?.kind,
    [`k8s.${side}.node.name`]: nodeNameOf(endpoint),
    [`droplens.${side}.pod.uid`]: endpoint.kind === "pod" && !node ? endpoint.uid : undefined,
  };
}

const types: Readonly<Record<string, string>> = { pod: "Pod", node: "Node", service: "Service" };

/** A pod in the node's own network cannot be told from the others there: it counts as the node. */
function isNode(endpoint: Endpoint): boolean {
  return endpoint.kind === "node" || endpoint.hostNetwork === true;
}

function nodeNameOf(endpoint: Endpoint): string | undefined {
  return endpoint.nodeName ?? (endpoint.kind === "node" ? endpoint.name : undefined);
}

/** A pod's workload; nodes and services stand for themselves, since there are few of them. */
function ownerOf(endpoint: Endpoint): { readonly name: string; readonly kind: string } | undefined {
  const name = isNode(endpoint) ? nodeNameOf(endpoint) : endpoint.name;
  if (isNode(endpoint)) return name === undefined ? undefined : { name, kind: "Node" };
  if (endpoint.kind === "service") return name === undefined ? undefined : { name, kind: "Service" };
  return endpoint.workload;
}

/** In: to this node; out: from it; both: forwarded, which is neither. */
function directionOf({ inInterface, outInterface }: PacketDrop): "receive" | "transmit" | undefined {
  if (inInterface !== undefined && outInterface === undefined) return "receive";
  if (inInterface === undefined && outInterface !== undefined) return "transmit";
  return undefined;
}

/** The rule's log prefix without the punctuation that sets it off in a log line: "calico-drop: " → "calico-drop". */
function reasonOf({ logPrefix }: PacketDrop): string | undefined {
  return logPrefix?.replace(/[\s:=,;-]+$/, "") || logPrefix;
}

const maxBytes = 253;
const plain = /^[ -~]*$/;

function cleaned(known: Known): Attributes {
  const attributes: Attributes = {};
  for (const key of Object.keys(known)) {
    const value = known[key];
    if (value === undefined || value === "") continue;
    attributes[key] = typeof value === "string" ? cleanText(value) : value;
  }
  return attributes;
}

export function cleanText(text: string): string {
  return text.length <= maxBytes && plain.test(text) ? text : printable(text, maxBytes);
}
