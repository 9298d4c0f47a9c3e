/** What kubectl asks before it asks for anything: version, groups, resources. In comes a path, out a document. */
import { apiVersionOf, type Resource, resources } from "./resource.ts";

const verbs = ["create", "delete", "get", "list", "patch", "update", "watch"];

/** What `kubectl get all` shows. */
const inCategoryAll = [
  "pods",
  "services",
  "deployments",
  "replicasets",
  "daemonsets",
  "statefulsets",
  "jobs",
  "cronjobs",
];

/** Undefined when the path is none of discovery's. */
export function discovery(path: string): object | undefined {
  if (path === "/version") return version;
  if (path === "/api") {
    return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] };
  }
  if (path === "/apis") return { kind: "APIGroupList", apiVersion: "v1", groups: groupNames().map(groupDocument) };
  if (path === "/api/v1")
    return resourceList(
      "v1",
      resources.filter((resource) => resource.group === ""),
    );
  const [, group, ofVersion] = /^\/apis\/([^/]+)(?:\/([^/]+))?$/.exec(path) ?? [];
  if (group === undefined || !groupNames().includes(group)) return undefined;
  if (ofVersion === undefined) return { kind: "APIGroup", apiVersion: "v1", ...groupDocument(group) };
  if (ofVersion !== "v1") return undefined;
  const ofGroup = resources.filter((resource) => resource.group === group);
  return resourceList(`${group}/v1`, ofGroup, group === reviewGroup ? reviews : []);
}

/** kubectl complains about servers more than one minor version away; this is the machine's kubectl. */
const version = {
  major: "1",
  minor: "32",
  gitVersion: "v1.32.0",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "none",
  compiler: "none",
  platform: "fake/kubernetes",
};

export const reviewGroup = "authorization.k8s.io";
const reviews = ["SelfSubjectAccessReview", "SelfSubjectRulesReview"].map((kind) => ({
  name: `${kind.toLowerCase()}s`,
  singularName: kind.toLowerCase(),
  namespaced: false,
  kind,
  verbs: ["create"],
}));

function groupNames(): string[] {
  return [...new Set([...resources.map((resource) => resource.group), reviewGroup])].filter((group) => group !== "");
}

function groupDocument(name: string): object {
  const preferred = { groupVersion: `${name}/v1`, version: "v1" };
  return { name, versions: [preferred], preferredVersion: preferred };
}

function resourceList(groupVersion: string, list: readonly Resource[], more: readonly object[] = []): object {
  const documents = list.flatMap((resource) => [resourceDocument(resource), ...subresourceDocuments(resource)]);
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: [...documents, ...more] };
}

function resourceDocument({ name, kind, namespaced, shortNames }: Resource): object {
  const categories = inCategoryAll.includes(name) ? ["all"] : [];
  return { name, singularName: kind.toLowerCase(), namespaced, kind, verbs, shortNames, categories };
}

function subresourceDocuments({ name, kind, namespaced, subresources }: Resource): readonly object[] {
  return subresources.map((subresource) => ({
    name: `${name}/${subresource}`,
    singularName: "",
    namespaced,
    kind,
    verbs: ["get", "patch", "update"],
  }));
}

/** Enough of OpenAPI for `kubectl create` and `apply` to leave validation to the server. */
export function openApi(path: string): object | undefined {
  const versions = [...new Set(resources.map(apiVersionOf))];
  const roots = new Map(versions.map((name) => [name === "v1" ? "api/v1" : `apis/${name}`, name]));
  if (path === "/openapi/v3") {
    const entries = [...roots.keys()].map((root) => [root, { serverRelativeURL: `/openapi/v3/${root}?hash=1` }]);
    return { paths: Object.fromEntries(entries) };
  }
  const found = roots.get(path.replace(/^\/openapi\/v3\//, ""));
  if (found === undefined) return undefined;
  const ofVersion = resources.filter((resource) => apiVersionOf(resource) === found);
  const info = { title: "Kubernetes", version: version.gitVersion };
  return { openapi: "3.0.0", info, paths: Object.fromEntries(ofVersion.map(patchPath)) };
}

function patchPath({ name, kind, group, version: ofVersion, namespaced }: Resource): [string, object] {
  const root = group === "" ? "/api/v1" : `/apis/${group}/${ofVersion}`;
  const path = `${root}/${namespaced ? "namespaces/{namespace}/" : ""}${name}/{name}`;
  const patch = {
    parameters: ["dryRun", "fieldValidation"].map((parameter) => ({
      name: parameter,
      in: "query",
      schema: { type: "string", uniqueItems: true },
    })),
    "x-kubernetes-action": "patch",
    "x-kubernetes-group-version-kind": { group, version: ofVersion, kind },
  };
  return [path, { patch }];
}
