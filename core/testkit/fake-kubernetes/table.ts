/** The tables that kubectl asks for: in come stored objects, out come columns and rows as the real server prints them. */

import type { Page } from "./list.ts";
import { type KubernetesObject, textAt, valueAt } from "./object.ts";
import type { Resource } from "./resource.ts";
import { parseStored, type StoredObject } from "./store.ts";

/** kubectl sends "application/json;as=Table;v=v1;g=meta.k8s.io,…". */
export function wantsTable(accept: string | undefined): boolean {
  return accept?.includes("as=Table") ?? false;
}

export function tableJson(resource: Resource, page: Pick<Page, "items" | "resourceVersion" | "continueToken">): string {
  const columns = columnsOf(resource);
  return JSON.stringify({
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: {
      resourceVersion: String(page.resourceVersion),
      ...(page.continueToken !== "" && { continue: page.continueToken }),
    },
    columnDefinitions: columns.map(({ name, priority = 0 }) => ({
      name,
      type: "string",
      format: name === "Name" ? "name" : "",
      description: "",
      priority,
    })),
    rows: page.items.map((item) => row(resource, item, columns)),
  });
}

/** One object of a watch. */
export function rowJson(resource: Resource, object: StoredObject): string {
  return tableJson(resource, { items: [object], resourceVersion: object.resourceVersion, continueToken: "" });
}

interface Column {
  readonly name: string;
  /** 1: only with -o wide. */
  readonly priority?: number;
  cell(object: KubernetesObject): string;
}

function row(resource: Resource, item: StoredObject, columns: readonly Column[]): object {
  const object = parseStored(resource, item);
  return {
    cells: columns.map((column) => column.cell(object)),
    object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata },
  };
}

function at(path: string, otherwise = "<none>"): Column["cell"] {
  return (object) => textAt(object, path) || otherwise;
}

const name: Column = { name: "Name", cell: at("metadata.name") };
const age: Column = { name: "Age", cell: (object) => ageOf(textAt(object, "metadata.creationTimestamp")) };

const columns: Readonly<Record<string, readonly Column[]>> = {
  Pod: [
    name,
    { name: "Ready", cell: readyContainers },
    {
      name: "Status",
      cell: (object) => (object.metadata.deletionTimestamp ? "Terminating" : textAt(object, "status.phase")),
    },
    { name: "Restarts", cell: () => "0" },
    age,
    { name: "IP", priority: 1, cell: at("status.podIP") },
    { name: "Node", priority: 1, cell: at("spec.nodeName") },
  ],
  Event: [
    { name: "Last Seen", cell: (object) => ageOf(textAt(object, "lastTimestamp") || textAt(object, "firstTimestamp")) },
    { name: "Type", cell: at("type") },
    { name: "Reason", cell: at("reason") },
    {
      name: "Object",
      cell: (object) =>
        `${textAt(object, "involvedObject.kind").toLowerCase()}/${textAt(object, "involvedObject.name")}`,
    },
    { name: "Source", priority: 1, cell: at("source.component") },
    { name: "Message", cell: (object) => textAt(object, "message").trim() },
    { name: "Count", priority: 1, cell: at("count") },
    { ...name, priority: 1 },
  ],
  Namespace: [name, { name: "Status", cell: at("status.phase") }, age],
};

function columnsOf(resource: Resource): readonly Column[] {
  return columns[resource.kind] ?? [name, age];
}

function readyContainers(object: KubernetesObject): string {
  const containers = valueAt(object, "spec.containers");
  const total = Array.isArray(containers) ? containers.length : 0;
  return `${textAt(object, "status.phase") === "Running" ? total : 0}/${total}`;
}

/** Like kubectl's HumanDuration, roughly. */
function ageOf(time: string): string {
  const seconds = Math.max(Math.floor((Date.now() - Date.parse(time)) / 1000), 0);
  if (Number.isNaN(seconds)) return "<unknown>";
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
