/** Which resources the fake serves, and what is special about them. Read by the router, the store and discovery. */

export interface Resource {
  /** Plural, as in the path: "pods". */
  readonly name: string;
  readonly kind: string;
  /** "" for the core group. */
  readonly group: string;
  readonly version: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly subresources: readonly string[];
  /** Field selector labels besides metadata.name and metadata.namespace, as the real server supports them. */
  readonly fields: readonly string[];
}

const podFields = [
  ...["spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork"],
  ...["status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName"],
];
const involved = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];
const eventFields = [
  ...involved.map((field) => `involvedObject.${field}`),
  ...["reason", "reportingComponent", "source", "type"],
];

function core(name: string, kind: string, more: Partial<Resource> = {}): Resource {
  const defaults = { namespaced: true, shortNames: [], subresources: ["status"], fields: [] };
  return { name, kind, group: "", version: "v1", ...defaults, ...more };
}

function inGroup(group: string, name: string, kind: string, shortNames: readonly string[] = []): Resource {
  return core(name, kind, { group, shortNames });
}

export const resources: readonly Resource[] = [
  core("namespaces", "Namespace", {
    namespaced: false,
    shortNames: ["ns"],
    subresources: ["status", "finalize"],
    fields: ["status.phase"],
  }),
  core("nodes", "Node", { namespaced: false, shortNames: ["no"], fields: ["spec.unschedulable"] }),
  core("pods", "Pod", { shortNames: ["po"], fields: podFields }),
  core("events", "Event", { shortNames: ["ev"], subresources: [], fields: eventFields }),
  core("services", "Service", { shortNames: ["svc"] }),
  core("endpoints", "Endpoints", { shortNames: ["ep"], subresources: [] }),
  core("configmaps", "ConfigMap", { shortNames: ["cm"], subresources: [] }),
  core("secrets", "Secret", { subresources: [] }),
  core("serviceaccounts", "ServiceAccount", { shortNames: ["sa"], subresources: [] }),
  core("resourcequotas", "ResourceQuota", { shortNames: ["quota"] }),
  core("limitranges", "LimitRange", { shortNames: ["limits"], subresources: [] }),
  core("persistentvolumeclaims", "PersistentVolumeClaim", { shortNames: ["pvc"] }),
  inGroup("apps", "deployments", "Deployment", ["deploy"]),
  inGroup("apps", "replicasets", "ReplicaSet", ["rs"]),
  inGroup("apps", "daemonsets", "DaemonSet", ["ds"]),
  inGroup("apps", "statefulsets", "StatefulSet", ["sts"]),
  inGroup("batch", "jobs", "Job"),
  inGroup("batch", "cronjobs", "CronJob", ["cj"]),
  inGroup("networking.k8s.io", "networkpolicies", "NetworkPolicy", ["netpol"]),
  inGroup("discovery.k8s.io", "endpointslices", "EndpointSlice"),
  inGroup("coordination.k8s.io", "leases", "Lease"),
];

export function apiVersionOf(resource: Resource): string {
  return resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
}

/** Spellings as the real server's details.kind: "pods", in messages `deployments.apps`. */
export function qualifiedName(resource: Resource): string {
  return resource.group === "" ? resource.name : `${resource.name}.${resource.group}`;
}

export function resourceOfKind(kind: string): Resource {
  const found = resources.find((resource) => resource.kind === kind);
  if (found === undefined) throw new Error(`the fake Kubernetes knows no kind "${kind}": add it to resource.ts`);
  return found;
}
