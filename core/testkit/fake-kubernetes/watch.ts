/**
 * Serves a watch: reads the store's history at the pace at which the client takes it, so that a slow client costs
 * no memory here and ends with 410 like on the real server. Called by the router for GET with watch=true.
 */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { noVersion } from "./list.ts";
import { expired, invalidListOptions, Refusal } from "./refusal.ts";
import { apiVersionOf, type Resource } from "./resource.ts";
import { type Matches, selector } from "./selector.ts";
import type { Change, Revision, Store, StoredObject } from "./store.ts";
import type { Wire } from "./wire.ts";

export interface WatchOptions {
  readonly store: Store;
  readonly revision: Revision;
  readonly namespace: string;
  readonly query: URLSearchParams;
  /** Off: sendInitialEvents is refused as by a 1.33 server. */
  readonly watchList: boolean;
  readonly bookmarkIntervalMillis: number;
  readonly wire: Wire;
}

/** A real server's HTTP chunks of the initial events are about as long (measured on 1.37). */
const pieceBytes = 4096;

/** A watch under way, so that tests can cut it or make it send a bookmark. */
export interface Watcher {
  readonly resource: Resource;
  sendBookmark(): void;
  cut(): void;
}

/** Checks the query before the first byte is sent; throws a Refusal. */
export function openWatch(options: WatchOptions, response: ServerResponse): { watcher: Watcher; done: Promise<void> } {
  const session = new WatchSession(options, response);
  return { watcher: session, done: session.run() };
}

class WatchSession implements Watcher {
  readonly resource: Resource;
  readonly #options: WatchOptions;
  readonly #response: ServerResponse;
  readonly #selects: Matches;
  readonly #bookmarks: boolean;
  readonly #initial: boolean;
  readonly #initialEnd: boolean;
  readonly #start: number;
  readonly #timeoutMillis: number;
  readonly #ended = new AbortController();
  #wake: () => void = () => undefined;
  #bookmarkDue = false;

  constructor(options: WatchOptions, response: ServerResponse) {
    const { query, store } = options;
    this.resource = store.resource;
    this.#options = options;
    this.#response = response;
    const selects = selector(store.resource, query.get("fieldSelector") ?? "", query.get("labelSelector") ?? "");
    this.#selects = (object) => (options.namespace === "" || object.namespace === options.namespace) && selects(object);
    this.#bookmarks = isTrue(query.get("allowWatchBookmarks"));
    this.#initialEnd = isTrue(query.get("sendInitialEvents"));
    checkInitialEvents(query, options.watchList);
    const version = query.get("resourceVersion") ?? "";
    // A list answers 400 here; a watch really is answered like this.
    if (!/^\d*$/.test(version)) throw new Refusal(500, "", noVersion(version));
    // No version or 0: the present state first, as if it had just been added.
    this.#initial = this.#initialEnd || (query.get("sendInitialEvents") === null && Number(version) === 0);
    this.#start = Number(version);
    this.#timeoutMillis = Number(query.get("timeoutSeconds") ?? 0) * 1000 || 3_600_000;
  }

  async run(): Promise<void> {
    this.#response.writeHead(200, { "Content-Type": this.#options.wire.streamType });
    this.#response.flushHeaders();
    this.#response.on("close", () => this.#end());
    const timeout = setTimeout(() => this.#end(), this.#timeoutMillis);
    const bookmarks = setInterval(() => this.sendBookmark(), this.#options.bookmarkIntervalMillis);
    const unsubscribe = this.#options.store.subscribe(() => this.#wake());
    try {
      await this.#serve();
    } finally {
      unsubscribe();
      clearTimeout(timeout);
      clearInterval(bookmarks);
      this.#response.end();
    }
  }

  sendBookmark(): void {
    this.#bookmarkDue = this.#bookmarks;
    this.#wake();
  }

  cut(): void {
    this.#response.destroy();
    this.#end();
  }

  async #serve(): Promise<void> {
    const { store, revision } = this.#options;
    let version = this.#initial || this.#start === 0 ? revision.value : this.#start;
    if (version < store.oldestResourceVersion) {
      await this.#sendMark("ERROR", tooOld(version, store.oldestResourceVersion));
      return;
    }
    let sequence = store.sequenceAfter(version);
    if (this.#initial) await this.#sendState(version);
    while (!this.#ended.signal.aborted) {
      const change = store.changeAt(sequence);
      if (change === "forgotten") {
        await this.#sendMark("ERROR", tooOld(version, store.oldestResourceVersion));
        return;
      }
      if (change === undefined) {
        await this.#idle(revision.value);
        continue;
      }
      version = change.object.resourceVersion;
      sequence++;
      await this.#sendChange(change);
    }
  }

  async #sendState(version: number): Promise<void> {
    let piece: Array<string | Buffer> = [];
    let length = 0;
    for (const object of this.#options.store.sorted()) {
      if (this.#ended.signal.aborted) return;
      if (!this.#selects(object)) continue;
      const event = this.#options.wire.event("ADDED", object);
      piece.push(event);
      length += event.length;
      if (length < pieceBytes) continue;
      await this.#write(joined(piece));
      [piece, length] = [[], 0];
    }
    if (length > 0) await this.#write(joined(piece));
    if (this.#initialEnd) await this.#sendMark("BOOKMARK", this.#bookmark(version, true));
  }

  /** An object that comes into the selection or leaves it by a change is added or deleted for this watch. */
  async #sendChange({ type, object, previous }: Change): Promise<void> {
    const now = type !== "DELETED" && this.#selects(object);
    const before = previous !== undefined && this.#selects(previous);
    if (now) await this.#send(before ? "MODIFIED" : "ADDED", object);
    else if (before) await this.#send("DELETED", type === "DELETED" ? object : leaving(previous, object));
  }

  /** Waits for the next change; before, sends the bookmark that is due. */
  async #idle(version: number): Promise<void> {
    if (this.#bookmarkDue) {
      this.#bookmarkDue = false;
      await this.#sendMark("BOOKMARK", this.#bookmark(version, false));
      return;
    }
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  async #send(type: string, object: StoredObject): Promise<void> {
    await this.#write(this.#options.wire.event(type, object));
  }

  async #sendMark(type: string, json: string): Promise<void> {
    await this.#write(this.#options.wire.mark(type, json));
  }

  async #write(text: string | Buffer): Promise<void> {
    if (this.#ended.signal.aborted || this.#response.write(text)) return;
    await once(this.#response, "drain", { signal: this.#ended.signal }).catch(() => undefined);
  }

  #bookmark(version: number, initialEnd: boolean): string {
    const annotations = { "k8s.io/initial-events-end": "true" };
    return JSON.stringify({
      kind: this.resource.kind,
      apiVersion: apiVersionOf(this.resource),
      metadata: { resourceVersion: String(version), creationTimestamp: null, ...(initialEnd && { annotations }) },
      ...(this.resource.kind === "Pod" && { spec: { containers: null }, status: {} }),
    });
  }

  #end(): void {
    this.#ended.abort();
    this.#wake();
  }
}

function joined(pieces: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece)));
}

/** The last state that was selected, with the version of the change that took it out. */
function leaving(previous: StoredObject, object: StoredObject): StoredObject {
  const old = `"resourceVersion":"${previous.resourceVersion}"`;
  return { ...previous, json: previous.json.replace(old, `"resourceVersion":"${object.resourceVersion}"`) };
}

function checkInitialEvents(query: URLSearchParams, watchList: boolean): void {
  if (!query.has("sendInitialEvents")) return;
  if (!watchList) {
    throw invalidListOptions(
      "sendInitialEvents",
      "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled",
    );
  }
  if (query.get("resourceVersionMatch") !== "NotOlderThan") {
    throw invalidListOptions(
      "resourceVersionMatch",
      "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
    );
  }
}

function tooOld(version: number, oldest: number): string {
  const refusal = expired(`too old resource version: ${version} (${oldest})`);
  return JSON.stringify(refusal.body);
}

function isTrue(value: string | null): boolean {
  return value === "true" || value === "1" || value === "True";
}
