/** The demo's made-up cluster: put into the embedded API server through its ordinary API. */
const nodes = { "node-1": "192.168.1.11", "node-2": "192.168.1.12" } as const;

type NodeName = keyof typeof nodes;

interface DemoPod {
  readonly namespace: string;
  readonly name: string;
  readonly node: NodeName;
  /** None for a pod in the node's own network. */
  readonly addresses?: readonly [ipv4: string, ipv6: string];
  readonly owner: { readonly kind: string; readonly name: string };
  readonly labels: Readonly<Record<string, string>>;
}

export const pods = {
  web: {
    namespace: "shop",
    name: "web-7d9c6d5b8f-x2x1p",
    node: "node-1",
    addresses: ["10.244.1.10", "fd00:10:244:1::a"],
    owner: { kind: "ReplicaSet", name: "web-7d9c6d5b8f" },
    labels: { app: "web", "pod-template-hash": "7d9c6d5b8f" },
  },
  cart: {
    namespace: "shop",
    name: "cart-6b7f9c4d5-k8zq2",
    node: "node-1",
    addresses: ["10.244.1.11", "fd00:10:244:1::b"],
    owner: { kind: "ReplicaSet", name: "cart-6b7f9c4d5" },
    labels: { app: "cart", "pod-template-hash": "6b7f9c4d5" },
  },
  ledger: {
    namespace: "payments",
    name: "ledger-0",
    node: "node-2",
    addresses: ["10.244.2.20", "fd00:10:244:2::14"],
    owner: { kind: "StatefulSet", name: "ledger" },
    labels: { app: "ledger" },
  },
  prometheus: {
    namespace: "monitoring",
    name: "prometheus-0",
    node: "node-1",
    addresses: ["10.244.1.30", "fd00:10:244:1::1e"],
    owner: { kind: "StatefulSet", name: "prometheus" },
    labels: { app: "prometheus" },
  },
  exporter: {
    namespace: "kube-system",
    name: "node-exporter-9qk4d",
    node: "node-2",
    owner: { kind: "DaemonSet", name: "node-exporter" },
    labels: { app: "node-exporter" },
  },
} as const satisfies Record<string, DemoPod>;

export type PodName = keyof typeof pods;

export function addressOf(name: PodName, ipVersion: 4 | 6): string {
  const pod: DemoPod = pods[name];
  return pod.addresses?.[ipVersion === 4 ? 0 : 1] ?? nodes[pod.node];
}

/** Creates nodes, namespaces and pods at `url`; the pods are running. */
export async function createCluster(url: string, signal: AbortSignal): Promise<void> {
  const api = (method: string, path: string, body: object) => send(url + path, { method, body, signal });
  for (const name of Object.keys(nodes)) {
    await api("POST", "/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name } });
  }
  for (const name of new Set(Object.values(pods).map((pod) => pod.namespace))) {
    await api("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
  for (const pod of Object.values(pods)) {
    const path = `/api/v1/namespaces/${pod.namespace}/pods`;
    await api("POST", path, manifest(pod));
    await api("PATCH", `${path}/${pod.name}/status`, { status: status(pod) });
  }
}

function manifest({ namespace, name, node, owner, labels, addresses }: DemoPod): object {
  const ownerReference = { apiVersion: "apps/v1", ...owner, uid: `uid-of-${owner.name}`, controller: true };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name, labels, ownerReferences: [ownerReference] },
    spec: {
      nodeName: node,
      hostNetwork: addresses === undefined,
      containers: [{ name: "main", image: `example/${labels.app}:1` }],
    },
  };
}

function status({
  node,
  addresses = [nodes[node]],
}: Pick<DemoPod, "node"> & { addresses?: readonly string[] }): object {
  return {
    phase: "Running",
    hostIP: nodes[node],
    podIP: addresses[0],
    podIPs: addresses.map((ip) => ({ ip })),
    startTime: `${new Date(Date.now() - 3_600_000).toISOString().slice(0, 19)}Z`,
  };
}

interface Sending {
  readonly method: string;
  readonly body: object;
  readonly signal: AbortSignal;
}

async function send(url: string, { method, body, signal }: Sending): Promise<void> {
  const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  const headers = { "content-type": type };
  const response = await fetch(url, { method, headers, body: JSON.stringify(body), signal });
  const text = await response.text();
  // kube-system is there from the beginning.
  if (!response.ok && response.status !== 409) throw new Error(`${method} ${url}: ${response.status} ${text}`);
}
