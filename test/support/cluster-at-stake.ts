/**
 * The cluster of a trial, on a real or an embedded API server: pods web-1…web-N in `shop` and db-1…db-N in `data`, and
 * what their events count in the end, by flow. It speaks to the server itself, never through the wire that is in trouble.
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

  constructor(api: ApiServer) {
    this.#api = api;
  }

  async createPods(pairs: number): Promise<void> {
    for (const namespace of ["shop", "data"])
      await this.#send("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
    const all = Array.from({ length: pairs }, (_, i) => i + 1);
    await Promise.all(all.map((pair) => this.createPair(pair)));
  }

  async createPair(pair: number): Promise<void> {
    await this.#createPod("shop", `web-${pair}`, webAddress(pair));
    await this.#createPod("data", `db-${pair}`, dbAddress(pair));
  }

  /** What the events on the senders and on the receivers count. */
  async eventCounts(): Promise<{
    readonly sending: PacketCounts;
    readonly receiving: PacketCounts;
    readonly events: number;
  }> {
    const counts = { sending: new Map<string, number>(), receiving: new Map<string, number>(), events: 0 };
    let token: string | undefined;
    do {
      const more = token === undefined ? "" : `&continue=${encodeURIComponent(token)}`;
      const page = (await this.#send("GET", `/api/v1/events?limit=500${more}`)) as EventList;
      for (const { involvedObject, message, count } of page.items) {
        const { side, flow } = readMessage(involvedObject.name, message);
        counts[side].set(flow, (counts[side].get(flow) ?? 0) + count);
        counts.events++;
      }
      token = page.metadata.continue || undefined;
    } while (token !== undefined);
    return counts;
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

function readMessage(pod: string, message: string): { side: "sending" | "receiving"; flow: string } {
  const words = /^Packet dropped when (sending|receiving) traffic (?:to|from) \w+ \(([\d.]+)\) on port (\d+)\/TCP$/;
  const [, side, address, port] = words.exec(message) ?? [];
  if (side === "receiving") return { side, flow: `${address}:${port}` };
  if (side === "sending") return { side, flow: `${webAddress(Number(pod.replace("web-", "")))}:${port}` };
  throw new Error(`an event on ${pod} with a message that no flow of the trial has: ${message}`);
}
