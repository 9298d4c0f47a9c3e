/** Who stands behind an address at the packet's time. Made by a resolver, read by sinks. */
export interface Endpoint {
  readonly kind: EndpointKind;
  readonly address: string;
  /** What people read: a pod as POD_IDENTIFIER says, a node's name, a host name; the bare address when nobody knows. */
  readonly displayName: string;
  /** The object's own name (pod, node, service) or the host name. Absent for a bare address. */
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly nodeName?: string;
  /** The pod's topmost known owner: a Deployment rather than its ReplicaSet. */
  readonly workload?: Workload;
  /** True for a pod in the node's own network: it is shown as the node and gets no event. */
  readonly hostNetwork?: boolean;
}

/** "address": no resolver knew it. */
export type EndpointKind = "pod" | "node" | "service" | "host" | "address";

/** The owner of a pod: `Deployment` and `web`. */
export interface Workload {
  readonly kind: string;
  readonly name: string;
}

export function bareAddress(address: string): Endpoint {
  return { kind: "address", address, displayName: address };
}
