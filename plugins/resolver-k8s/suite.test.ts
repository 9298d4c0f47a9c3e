import { describe, it } from "vitest";
import { type ResolverPartner, resolverChecks, startFakeKubernetes } from "../../core/testkit/index.ts";
import { resolverK8s } from "./index.ts";

const timeMillis = Date.parse("2026-11-20T20:00:00Z");
const startTime = "2026-11-20T10:00:00Z";

async function startPartner(): Promise<ResolverPartner> {
  const server = await startFakeKubernetes();
  server.put({
    kind: "Pod",
    apiVersion: "v1",
    metadata: { name: "web", namespace: "shop" },
    spec: { nodeName: "node-1", containers: [{ name: "web", image: "web" }] },
    status: { phase: "Running", podIP: "10.0.0.7", podIPs: [{ ip: "10.0.0.7" }], startTime },
  });
  return {
    options: { server: server.url, startSpread: "0s", hold: "50ms", syncTimeout: "500ms" },
    known: {
      query: { address: "10.0.0.7", timeMillis },
      endpoint: { kind: "pod", displayName: "shop", name: "web", namespace: "shop", nodeName: "node-1" },
    },
    unknown: { address: "10.0.0.8", timeMillis },
    become(mood) {
      if (mood === "well") return;
      server.fault({ answer: { kind: mood === "silent" ? "hang" : "cut" }, times: Number.POSITIVE_INFINITY });
    },
    stop: () => server.stop(),
  };
}

describe("resolver-k8s as a resolver", () => {
  const subject = { definition: resolverK8s, startPartner, moods: ["unavailable", "silent"] } as const;
  for (const { name, run } of resolverChecks(subject)) it(name, run);
});
