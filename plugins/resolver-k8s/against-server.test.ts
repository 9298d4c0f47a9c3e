import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Clock } from "../../core/plugin/index.ts";
import { type FakeKubernetes, startFakeKubernetes } from "../../core/testkit/fake-kubernetes/index.ts";
import { testContext } from "../../core/testkit/test-context.ts";
import { resolverK8sOptions } from "./config.ts";
import { resolverK8s } from "./index.ts";

/** Real time, a hundred times as fast where something waits: back-offs, not answers of the server. */
const hastyClock: Clock = {
  now: () => Date.now(),
  sleep: (millis, signal) => sleep(millis / 100, undefined, { signal }),
};
const signal = new AbortController().signal;

let server: FakeKubernetes;
let environment: Record<string, string>;

function putPod(name: string, ip: string, nodeName = "node-a"): void {
  server.put({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "shop" },
    spec: { nodeName, containers: [] },
    status: { phase: "Running", podIP: ip, podIPs: [{ ip }], startTime: "2020-01-01T00:00:00Z" },
  });
}

function create(options: object = {}) {
  const context = testContext({ clock: hastyClock, environment });
  const parsed = resolverK8sOptions.parse({ podIdentifier: "name", ...options });
  const resolver = resolverK8s.create(parsed, context);
  const nameOf = async (address: string) =>
    (await resolver.resolve({ address, timeMillis: Date.now() }, signal))?.displayName;
  return { resolver, context, nameOf, stop: async () => await resolver.stop?.(signal) };
}

const soon = { timeout: 5000, interval: 10 };

beforeEach(async () => {
  server = await startFakeKubernetes();
  const kubeconfig = join(await mkdtemp(join(tmpdir(), "resolver-k8s-")), "kubeconfig");
  await writeFile(kubeconfig, server.kubeconfigText());
  environment = { KUBECONFIG: kubeconfig };
});

afterEach(async () => {
  await server.stop();
});

describe("against an API server", () => {
  it.each([
    ["initial events", true],
    ["pages", false],
  ])("knows all pods by %s and follows their changes", async (_, watchList) => {
    server.watchList = watchList;
    for (let i = 0; i < 1200; i++) putPod(`web-${i}`, `10.1.${i >> 8}.${i & 255}`);
    const { resolver, nameOf, stop } = create();
    await resolver.start?.(signal);
    await vi.waitFor(() => expect(resolver.status?.().pods).toBe(1200), soon);
    await vi.waitFor(() => expect(resolver.problems?.()).toEqual([]), soon);
    putPod("late", "10.1.99.1");
    await vi.waitFor(async () => expect(await nameOf("10.1.99.1")).toBe("late"), soon);
    expect(await nameOf("10.1.4.100")).toBe("web-1124");
    await stop();
    expect(server.watching).toBe(0);
  });

  it("comes back after cut connections, errors and forgotten history, and misses nothing", async () => {
    putPod("web-1", "10.1.0.1");
    const { resolver, nameOf, stop } = create();
    await resolver.start?.(signal);
    await vi.waitFor(() => expect(server.watching).toBe(1), soon);
    server.fault({ path: /watch=true/, times: 2, answer: { kind: "status", status: 500, message: "etcd is away" } });
    server.fault({ path: /watch=true/, times: 1, answer: { kind: "status", status: 429, retryAfter: "1" } });
    server.fault({ path: /watch=true/, times: 1, answer: { kind: "cut" } });
    server.cutWatches();
    putPod("web-2", "10.1.0.2");
    server.compact();
    await vi.waitFor(async () => expect(await nameOf("10.1.0.2")).toBe("web-2"), soon);
    expect(resolver.status?.().relists).toBe(1);
    await stop();
  });

  it("asks for pods of other nodes one by one with its own node's scope", async () => {
    putPod("near", "10.1.0.1", "node-a");
    putPod("far", "10.1.0.2", "node-b");
    const { resolver, nameOf, stop } = create({ nodeName: "node-a" });
    await resolver.start?.(signal);
    await vi.waitFor(() => expect(resolver.status?.().pods).toBe(1), soon);
    expect(await nameOf("10.1.0.1")).toBe("near");
    expect(await nameOf("10.1.0.2")).toBe("far");
    expect(await nameOf("10.9.9.9")).toBeUndefined();
    await stop();
  });

  it("says in its check which rights are granted and which rule is missing", async () => {
    const { resolver } = create();
    expect((await resolver.check?.(signal))?.map(({ ok }) => ok)).toEqual([true, true]);
    server.setRights(({ verb }) => verb !== "watch");
    const findings = await resolver.check?.(signal);
    expect(findings?.map(({ ok }) => ok)).toEqual([true, false]);
    expect(findings?.[1]?.problem).toContain('verbs: ["get", "list", "watch"]');
    await server.stop();
    expect((await resolver.check?.(signal))?.map(({ ok }) => ok)).toEqual([false, false]);
  });

  it("refuses to start where no API server is named, and says where it looked", async () => {
    environment = { HOME: "/nowhere" };
    const { resolver } = create();
    await expect(resolver.start?.(signal)).rejects.toThrow("/nowhere/.kube/config");
    expect(await resolver.check?.(signal)).toMatchObject([{ ok: false, what: "find the Kubernetes API server" }]);
  });

  it("starts while the API server is down, and says so", async () => {
    await server.stop();
    const { resolver, nameOf, stop } = create({ syncTimeout: "1s" });
    await resolver.start?.(signal);
    await vi.waitFor(() => expect(resolver.problems?.()[0]).toMatch(/cannot watch pods at .*trying again/), soon);
    expect(await nameOf("10.1.0.1")).toBeUndefined();
    await stop();
  });
});
