/**
 * Answers a list: in come a store and the query, out come pieces of JSON. Pages of one list show one snapshot, as
 * etcd's revisions do; a snapshot that was dropped is answered with 410 Expired.
 */
import { badRequest, expired, invalidListOptions, tooLargeResourceVersion } from "./refusal.ts";
import { apiVersionOf, type Resource } from "./resource.ts";
import { selector } from "./selector.ts";
import type { Revision, Store, StoredObject } from "./store.ts";

export interface Page {
  readonly resourceVersion: number;
  readonly items: readonly StoredObject[];
  readonly continueToken: string;
  readonly remaining: number | undefined;
}

interface Snapshot {
  readonly resourceVersion: number;
  readonly items: readonly StoredObject[];
}

/** Lists under way whose next page may be asked for; the oldest goes when there are more. */
const maxSnapshots = 32;

export class Lister {
  readonly #revision: Revision;
  readonly #snapshots = new Map<string, Snapshot>();
  #lastSnapshot = 0;

  constructor(revision: Revision) {
    this.#revision = revision;
  }

  /** etcd has compacted: no continue token is good any more. */
  compact(): void {
    this.#snapshots.clear();
  }

  page(store: Store, namespace: string, query: URLSearchParams): Page {
    const token = query.get("continue") ?? "";
    checkResourceVersion(query, this.#revision.value);
    if (token !== "") return this.#nextPage(token, Number(query.get("limit") ?? 0));
    const selects = selector(store.resource, query.get("fieldSelector") ?? "", query.get("labelSelector") ?? "");
    const all = store.sorted();
    const bare = namespace === "" && !query.get("fieldSelector") && !query.get("labelSelector");
    const inNamespace = (object: StoredObject) => namespace === "" || object.namespace === namespace;
    const items = bare ? all : all.filter((object) => inNamespace(object) && selects(object));
    const snapshot = { resourceVersion: this.#revision.value, items };
    // The watch cache answers resourceVersion=0 and does not page.
    const limit = query.get("resourceVersion") === "0" ? 0 : Number(query.get("limit") ?? 0);
    if (limit <= 0 || items.length <= limit) {
      return { ...snapshot, continueToken: "", remaining: undefined };
    }
    return this.#cut(this.#keep(snapshot), snapshot, { start: 0, limit });
  }

  #keep(snapshot: Snapshot): string {
    const id = String(++this.#lastSnapshot);
    this.#snapshots.set(id, snapshot);
    for (const old of this.#snapshots.keys()) {
      if (this.#snapshots.size <= maxSnapshots) break;
      this.#snapshots.delete(old);
    }
    return id;
  }

  #nextPage(token: string, limit: number): Page {
    const [id = "", start = ""] = Buffer.from(token, "base64url").toString("utf8").split(":");
    if (!/^\d+$/.test(id) || !/^\d+$/.test(start)) throw badRequest("continue key is not valid: illegal base64 data");
    const snapshot = this.#snapshots.get(id);
    if (snapshot === undefined) {
      throw expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list " +
          "without the continue parameter.",
      );
    }
    return this.#cut(id, snapshot, { start: Number(start), limit: limit > 0 ? limit : Number.POSITIVE_INFINITY });
  }

  #cut(id: string, snapshot: Snapshot, { start, limit }: { start: number; limit: number }): Page {
    const end = start + limit;
    const remaining = Math.max(snapshot.items.length - end, 0);
    const continueToken = remaining === 0 ? "" : Buffer.from(`${id}:${end}`).toString("base64url");
    const items = snapshot.items.slice(start, end);
    return { ...snapshot, items, continueToken, remaining: remaining === 0 ? undefined : remaining };
  }
}

/** A list in pieces, since 100,000 pods make more text than one write should carry. */
export function* listJson(resource: Resource, page: Page): Generator<string> {
  const metadata = {
    resourceVersion: String(page.resourceVersion),
    ...(page.continueToken !== "" && { continue: page.continueToken, remainingItemCount: page.remaining }),
  };
  yield `{"kind":"${resource.kind}List","apiVersion":"${apiVersionOf(resource)}","metadata":${JSON.stringify(metadata)},"items":[`;
  for (let i = 0; i < page.items.length; i += 200) {
    const piece = page.items.slice(i, i + 200).map((item) => item.json);
    yield (i === 0 ? "" : ",") + piece.join(",");
  }
  yield "]}\n";
}

function checkResourceVersion(query: URLSearchParams, current: number): void {
  const text = query.get("resourceVersion") ?? "";
  const match = query.get("resourceVersionMatch") ?? "";
  if (text === "") {
    if (match !== "")
      throw invalidListOptions(
        "resourceVersionMatch",
        "resourceVersionMatch is forbidden unless resourceVersion is provided",
      );
    return;
  }
  if (query.get("continue")) throw badRequest("specifying resource version is not allowed when using continue");
  if (!/^\d+$/.test(text)) throw badRequest(`invalid resource version: ${noVersion(text)}`);
  if (Number(text) > current) throw tooLargeResourceVersion(Number(text), current);
}

/** Go's words. */
export function noVersion(text: string): string {
  return `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
}
