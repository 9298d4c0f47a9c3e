/**
 * A real API server (KUBECONFIG) as the place of the latency's events: a namespace of its own with 200 pods that have
 * addresses, and a watch of its events. The namespace is deleted at the end.
 */

import type { ApiRequest, ApiServer } from "../../core/kubernetes/api-server.ts";
import { connectApiServer } from "../../core/kubernetes/connect.ts";
import type { EventPlace, OnEvent } from "./event-place.ts";

const pods = 200;
const addressOf = (pod: number): string => `10.244.${pod >> 7}.${(pod & 127) + 1}`;

export async function openRealCluster(kubeconfig: string, onEvent: OnEvent, signal: AbortSignal): Promise<EventPlace> {
  const server = connectApiServer({ kubeconfig }, {});
  const namespace = `droplens-bench-${process.pid}-${Date.now()}`;
  const watching = new AbortController();
  const ask = (request: ApiRequest) => asked(server, request, AbortSignal.any([signal, AbortSignal.timeout(30_000)]));
  await ask({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: namespace } } });
  for (let number = 0; number < pods; number++) await createPod(ask, namespace, number);
  const watch = watchEvents(server, namespace, { onEvent, signal: AbortSignal.any([signal, watching.signal]) });
  return {
    name: `real API server with ${pods} pods, events as a watch shows them`,
    login: { kubeconfig },
    pods,
    addressOf,
    async close() {
      watching.abort();
      await watch;
      await ask({ method: "DELETE", path: `/api/v1/namespaces/${namespace}` });
      server.close();
    },
  };
}

type Ask = (request: ApiRequest) => Promise<void>;

/** Without a kubelet: its status is given by us. */
async function createPod(ask: Ask, namespace: string, number: number): Promise<void> {
  const name = `pod-${number}`;
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const spec = { nodeName: "node-1", containers: [{ name: "main", image: "none" }] };
  await ask({ method: "POST", path, body: { metadata: { name }, spec } });
  const ip = addressOf(number);
  const startTime = new Date(Date.now() - 60_000).toISOString();
  const status = { phase: "Running", startTime, podIP: ip, podIPs: [{ ip }] };
  const contentType = "application/merge-patch+json";
  await ask({ method: "PATCH", path: `${path}/${name}/status`, contentType, body: { status } });
}

async function asked(server: ApiServer, request: ApiRequest, signal: AbortSignal): Promise<void> {
  const { status, body } = await server.request(request, signal);
  if (status >= 300) throw new Error(`${request.method} ${request.path}: ${status} ${Buffer.from(body).toString()}`);
}

/** Until it is aborted. */
async function watchEvents(
  server: ApiServer,
  namespace: string,
  { onEvent, signal }: { readonly onEvent: OnEvent; readonly signal: AbortSignal },
): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/events?watch=true`;
  try {
    const { body } = await server.stream({ method: "GET", path, idleTimeoutMillis: 600_000 }, signal);
    let rest = "";
    for await (const bytes of body) {
      const at = performance.timeOrigin + performance.now();
      const lines = (rest + Buffer.from(bytes).toString()).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const { type, object } = JSON.parse(line);
        if (type === "ADDED") onEvent(object.message, at);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
