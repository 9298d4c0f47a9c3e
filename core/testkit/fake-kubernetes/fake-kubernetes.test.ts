/** What only the fake can do: wrong answers on order, rights, and the ways past HTTP. The rest is in the API suite. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FakeKubernetes, type KubernetesObject, startFakeKubernetes } from "./index.ts";

let fake: FakeKubernetes;

beforeEach(async () => {
  fake = await startFakeKubernetes({ historyLength: 4 });
});

afterEach(async () => {
  await fake.stop();
});

const pod = (name: string, more: object = {}): KubernetesObject => ({
  kind: "Pod",
  metadata: { name, namespace: "shop" },
  spec: { nodeName: "node-a", containers: [{ name: "main", image: "none" }] },
  status: { phase: "Running", podIP: "10.0.0.1" },
  ...more,
});

async function get(path: string, accept = "application/json") {
  const response = await fetch(fake.url + path, { headers: { accept } });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

describe("past HTTP", () => {
  it("stores an object as it is, with its status, and makes its namespace", async () => {
    const stored = fake.put(pod("till"));
    expect(stored).toMatchObject({ kind: "Pod", status: { phase: "Running", podIP: "10.0.0.1" } });
    expect((await get("/api/v1/namespaces/shop/pods/till")).body).toEqual(stored);
    expect((await get("/api/v1/namespaces/shop")).status).toBe(200);
  });

  it("keeps the uid of an object that is replaced, and not of one that is made again", () => {
    const first = fake.put(pod("till"));
    const second = fake.put(pod("till", { status: { phase: "Failed" } }));
    expect(second.metadata.uid).toBe(first.metadata.uid);
    expect(fake.remove("Pod", "shop", "till")).toBe(true);
    expect(fake.remove("Pod", "shop", "till")).toBe(false);
    expect(fake.put(pod("till")).metadata.uid).not.toBe(first.metadata.uid);
  });

  it("removes a namespace with all that is in it", () => {
    fake.put(pod("till"));
    expect(fake.remove("Namespace", "", "shop")).toBe(true);
    expect(fake.list("Pod")).toEqual([]);
  });

  it("tells changes to who listens, until they leave", () => {
    const told: string[] = [];
    const leave = fake.onChange("Pod", (type, object) => told.push(`${type} ${object.metadata.name}`));
    fake.put(pod("till"));
    fake.put(pod("till"));
    fake.remove("Pod", "shop", "till");
    leave();
    fake.put(pod("door"));
    expect(told).toEqual(["ADDED till", "MODIFIED till", "DELETED till"]);
  });

  it("says by name which kind it does not know", () => {
    expect(() => fake.put({ kind: "Gateway", metadata: { name: "x" } })).toThrow('knows no kind "Gateway"');
  });
});

describe("faults", () => {
  it("answer as ordered, as often as ordered, where ordered", async () => {
    const answer = { kind: "status", status: 429, reason: "TooManyRequests", retryAfter: "7" } as const;
    fake.fault({ method: "GET", path: /\/pods/, times: 2, answer });
    expect((await get("/version")).status).toBe(200);
    const first = await get("/api/v1/pods");
    expect([first.status, first.headers.get("retry-after"), first.body.reason]).toEqual([429, "7", "TooManyRequests"]);
    expect((await get("/api/v1/pods")).status).toBe(429);
    expect((await get("/api/v1/pods")).status).toBe(200);
  });

  it("can be lifted", async () => {
    const lift = fake.fault({ times: Number.POSITIVE_INFINITY, answer: { kind: "status", status: 500 } });
    expect((await get("/version")).status).toBe(500);
    lift();
    expect((await get("/version")).status).toBe(200);
  });

  it("carry a request out and lose its answer", async () => {
    fake.fault({ method: "POST", answer: { kind: "lost-answer" } });
    const body = JSON.stringify({ metadata: { name: "carried-out" } });
    await expect(fetch(`${fake.url}/api/v1/namespaces`, { method: "POST", body })).rejects.toThrow("fetch failed");
    expect(fake.get("Namespace", "", "carried-out")).toBeDefined();
  });

  it("cut a connection without carrying the request out", async () => {
    fake.fault({ answer: { kind: "cut" } });
    const body = JSON.stringify({ metadata: { name: "never" } });
    await expect(fetch(`${fake.url}/api/v1/namespaces`, { method: "POST", body })).rejects.toThrow("fetch failed");
    expect(fake.get("Namespace", "", "never")).toBeUndefined();
  });

  it("hang until the client gives up or the fake stops", async () => {
    fake.fault({ answer: { kind: "hang" } });
    await expect(fetch(`${fake.url}/version`, { signal: AbortSignal.timeout(30) })).rejects.toThrow("timeout");
    fake.fault({ answer: { kind: "hang" } });
    const hanging = fetch(`${fake.url}/version`).catch(String);
    while (fake.requests.length < 2) await new Promise((resolve) => setImmediate(resolve));
    await fake.stop();
    expect(await hanging).toContain("fetch failed");
  });
});

describe("rights", () => {
  it("refuse a request in the server's words, and tell the review the same", async () => {
    fake.setRights(({ verb, resource }) => !(verb === "create" && resource === "events"));
    const path = "/api/v1/namespaces/default/events";
    const response = await fetch(fake.url + path, { method: "POST", body: "{}" });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      reason: "Forbidden",
      message: expect.stringMatching(
        /^events is forbidden: User ".+" cannot create resource "events" in API group "" in the namespace "default"$/,
      ),
    });
    const spec = { resourceAttributes: { verb: "create", resource: "events" } };
    const reviews = `${fake.url}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews`;
    const review = await fetch(reviews, { method: "POST", body: JSON.stringify({ spec }) });
    expect(await review.json()).toMatchObject({ status: { allowed: false } });
    expect((await get("/api/v1/pods")).status).toBe(200);
  });
});

describe("watches", () => {
  it("end with 410 for who asks for a version that the bounded history has forgotten", async () => {
    const old = fake.put(pod("till")).metadata.resourceVersion;
    for (let i = 0; i < 20; i++) fake.put(pod("till"));
    const response = await fetch(`${fake.url}/api/v1/pods?watch=1&resourceVersion=${old}`);
    expect(JSON.parse(await response.text())).toMatchObject({
      type: "ERROR",
      object: { code: 410, reason: "Expired" },
    });
  });

  it("break when they are cut, and are counted", async () => {
    const response = await fetch(`${fake.url}/api/v1/pods?watch=1`);
    expect(fake.watching).toBe(1);
    fake.cutWatches();
    await expect(response.text()).rejects.toThrow("terminated");
    expect(fake.watching).toBe(0);
  });

  it("send bookmarks by themselves", async () => {
    await fake.stop();
    fake = await startFakeKubernetes({ bookmarkIntervalMillis: 10 });
    const response = await fetch(`${fake.url}/api/v1/pods?watch=1&allowWatchBookmarks=true`);
    for await (const chunk of response.body ?? []) {
      expect(JSON.parse(Buffer.from(chunk).toString())).toMatchObject({ type: "BOOKMARK" });
      break;
    }
  });
});

describe("for people", () => {
  it("prints the tables that kubectl asks for", async () => {
    fake.put(pod("till"));
    const table = await get("/api/v1/pods", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
    expect(table.body).toMatchObject({
      kind: "Table",
      columnDefinitions: [{ name: "Name" }, { name: "Ready" }, { name: "Status" }, {}, {}, {}, {}],
      rows: [{ cells: ["till", "1/1", "Running", "0", expect.stringMatching(/^\ds$/), "10.0.0.1", "node-a"] }],
    });
  });

  it("remembers what it was asked, bodies parsed", async () => {
    await fetch(`${fake.url}/api/v1/namespaces?fieldManager=x`, { method: "POST", body: '{"metadata":{"name":"a"}}' });
    expect(fake.requests).toMatchObject([
      { method: "POST", path: "/api/v1/namespaces?fieldManager=x", body: { metadata: { name: "a" } } },
    ]);
  });

  it("reads what kubectl only sends as protobuf", async () => {
    // `kubectl create namespace zz`, recorded.
    const envelope = "6b3873000a0f0a02763112094e616d657370616365";
    const raw = "121a0a120a027a7a12001a0022002a0032003800420012001a020a00";
    const body = Buffer.from(`${envelope}${raw}1a002200`, "hex");
    const response = await fetch(`${fake.url}/api/v1/namespaces`, { method: "POST", body });
    expect(await response.json()).toMatchObject({
      kind: "Namespace",
      metadata: { name: "zz" },
      status: { phase: "Active" },
    });
  });

  it("answers odd paths with 404", async () => {
    for (const path of ["//", "/api/v1/namespaces//pods", "/api/v1/pods/a/b/c/d"]) {
      expect((await get(path)).status).toBe(404);
    }
  });

  it("refuses a body beyond three megabytes", async () => {
    const body = `"${"x".repeat(3 * 1024 * 1024)}"`;
    const response = await fetch(`${fake.url}/api/v1/namespaces`, { method: "POST", body });
    expect(response.status).toBe(413);
  });
});
