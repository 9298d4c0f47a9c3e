/**
 * The cluster of a trial, on a real or an embedded API server: pods web-1…web-N and db-1…db-N, and what
 * their events count in the end, by flow. It speaks to the server itself, never through the wire that is in trouble.
 */
import type { ApiServer } from "../../core/kubernetes/api-server.ts";
import { dbAddress, type PacketCounts, webAddress } from "./flow-load.ts";

interface EventList {
  readonly metadata: { readonly continue?: string };
  readonly items: readonly {
    readonly involvedObject: { readonly name: string };
    readonly message: string;
    readonly count: number;
  }[];
}

export class ClusterAtStake {
  readonly #api: ApiServer;
  readonly #network: number;

  /** `network`: as in the load. Trials on one server have namespaces of their own. */
  constructor(api: ApiServer, network = 77) {
    this.#api = api;
    this.#network = network;
  }

  get namespaces(): { readonly senders: string; readonly receivers: string } {
    return { senders: `shop-${this.#network}`, receivers: `data-${this.#network}` };
  }

  async createPods(pairs: number): Promise<void> {
    for (const name of Object.values(this.namespaces)) {
      await this.#send("POST", "/api/v1/namespaces", { metadata: { name } });
    }
    const all = Array.from({ length: pairs }, (_, i) => i + 1);
    await Promise.all(all.map((pair) => this.createPair(pair)));
  }

  async createPair(pair: number): Promise<void> {
    const { senders, receivers } = this.namespaces;
    await this.#createPod(senders, `web-${pair}`, webAddress(pair, this.#network));
    await this.#createPod(receivers, `db-${pair}`, dbAddress(pair, this.#network));
  }

  /** What the events on the senders and on the receivers count. */
  async eventCounts(): Promise<{
    readonly sending: PacketCounts;
    readonly receiving: PacketCounts;
    readonly events: number;
  }> {
    const { senders, receivers } = this.namespaces;
    const counts = { sending: new Map<string, number>(), receiving: new Map<string, number>(), events: 0 };
    for await (const { involvedObject, message, count } of this.#events([senders, receivers])) {
      const { side, flow } = this.#flowOf(involvedObject.name, message);
      counts[side].set(flow, (counts[side].get(flow) ?? 0) + count);
      counts.events++;
    }
    return counts;
  }

  async *#events(namespaces: readonly string[]): AsyncGenerator<EventList["items"][number]> {
    for (const namespace of namespaces) {
      let token = "";
      do {
        const more = token === "" ? "" : `&continue=${encodeURIComponent(token)}`;
        const page = (await this.#send("GET", `/api/v1/namespaces/${namespace}/events?limit=500${more}`)) as EventList;
        yield* page.items;
        token = page.metadata.continue ?? "";
      } while (token !== "");
    }
  }

  #flowOf(pod: string, message: string): { side: "sending" | "receiving"; flow: string } {
    const words = /^Packet dropped when (sending|receiving) traffic (?:to|from) \S+ \(([\d.]+)\) on port (\d+)\/TCP$/;
    const [, side, address, port] = words.exec(message) ?? [];
    if (side === "receiving") return { side, flow: `${address}:${port}` };
    const pair = Number(pod.replace("web-", ""));
    if (side === "sending") return { side, flow: `${webAddress(pair, this.#network)}:${port}` };
    throw new Error(`an event on ${pod} with a message that no flow of the trial has: ${message}`);
  }

  async #createPod(namespace: string, name: string, ip: string): Promise<void> {
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    const spec = { nodeName: "node-1", containers: [{ name: "main", image: "none" }] };
    await this.#send("POST", pods, { metadata: { name, labels: { app: name } }, spec });
    const startTime = `${new Date(Date.now() - 3_600_000).toISOString().slice(0, 19)}Z`;
    const status = { phase: "Running", startTime, podIP: ip, podIPs: [{ ip }] };
    await this.#send("PATCH", `${pods}/${name}/status`, { status });
  }

  async #send(method: "GET" | "POST" | "PATCH", path: string, body?: unknown): Promise<unknown> {
    const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const answer = await this.#api.request({ method, path, body, contentType }, AbortSignal.timeout(20_000));
    const isThere = answer.status === 409 && method === "POST";
    if (answer.status < 300 || isThere) return answer.json();
    throw new Error(`${method} ${path}: ${answer.status} ${Buffer.from(answer.body).toString()}`);
  }
}
