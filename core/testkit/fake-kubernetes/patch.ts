/** The patches that kubectl and our plugins send: merge, strategic merge (the lists of pods), JSON patch. */
import { isRecord } from "./object.ts";
import { badRequest, Refusal } from "./refusal.ts";

export function applyPatch(contentType: string, target: unknown, patch: unknown): unknown {
  const kind = contentType.split(";")[0]?.trim();
  if (kind === "application/json-patch+json") return jsonPatch(target, patch);
  if (!isRecord(patch)) throw badRequest("cannot unmarshal the patch: it is no JSON object");
  if (kind === "application/merge-patch+json") return mergePatch(target, patch);
  if (kind === "application/strategic-merge-patch+json") return strategicMerge(target, patch, "");
  if (kind === "application/apply-patch+yaml") return strategicMerge(target, patch, "");
  throw new Refusal(415, "UnsupportedMediaType", "415: Unsupported Media Type");
}

/** RFC 7396. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}

/** patchMergeKey of core/v1's types, for the lists that people patch. Other lists are replaced. */
const mergeKeys: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  ephemeralContainers: "name",
  env: "name",
  volumes: "name",
  volumeMounts: "mountPath",
  ports: "containerPort",
  conditions: "type",
  podIPs: "ip",
  hostIPs: "ip",
  ownerReferences: "uid",
  imagePullSecrets: "name",
};

function strategicMerge(target: unknown, patch: unknown, field: string): unknown {
  if (Array.isArray(patch)) return mergeLists(target, patch, mergeKeys[field]);
  if (!isRecord(patch)) return patch;
  const { $patch: directive, ...rest } = patch;
  const merged: Record<string, unknown> = isRecord(target) && directive !== "replace" ? { ...target } : {};
  for (const [name, value] of Object.entries(rest)) {
    if (name.startsWith("$")) continue;
    if (value === null) delete merged[name];
    else merged[name] = strategicMerge(merged[name], value, name);
  }
  return merged;
}

function mergeLists(target: unknown, patch: readonly unknown[], key: string | undefined): unknown[] {
  if (key === undefined || !Array.isArray(target)) return patch.filter((item) => !(isRecord(item) && item.$patch));
  const merged: unknown[] = [...target];
  for (const item of patch) {
    const at = merged.findIndex((old) => isRecord(old) && isRecord(item) && old[key] === item[key]);
    if (isRecord(item) && item.$patch === "delete") {
      if (at >= 0) merged.splice(at, 1);
    } else if (at < 0) merged.push(item);
    else merged[at] = strategicMerge(merged[at], item, "");
  }
  return merged;
}

/** RFC 6902 without move and copy, which nobody sends. */
function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest("cannot unmarshal the patch: it is no JSON array");
  const document: unknown = structuredClone(target);
  for (const operation of patch) applyOperation(document, operation);
  return document;
}

function applyOperation(document: unknown, operation: unknown): void {
  const { op, path, value } = isRecord(operation) ? operation : {};
  const steps = String(path).split("/").slice(1);
  const names = steps.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = names.pop() ?? "";
  let parent: unknown = document;
  for (const name of names) parent = childOf(parent, name);
  if (!isRecord(parent) && !Array.isArray(parent)) throw unprocessable(String(path));
  const old = childOf(parent, last);
  if (op === "test") {
    if (JSON.stringify(old) !== JSON.stringify(value)) throw unprocessable(String(path));
  } else if (op === "add" || (op === "replace" && old !== undefined)) {
    if (!Array.isArray(parent)) parent[last] = value;
    else if (op === "replace") parent[Number(last)] = value;
    else parent.splice(last === "-" ? parent.length : Number(last), 0, value);
  } else if (op === "remove" && old !== undefined) {
    if (Array.isArray(parent)) parent.splice(Number(last), 1);
    else delete parent[last];
  } else throw unprocessable(String(path));
}

function childOf(parent: unknown, name: string): unknown {
  if (Array.isArray(parent)) return parent[Number(name)];
  return isRecord(parent) ? parent[name] : undefined;
}

function unprocessable(path: string): Refusal {
  return new Refusal(422, "Invalid", `the server rejected our request due to an error in our request: ${path}`);
}
