/** Part of the API suite: single pods, namespaces, rights, tables, and the bodies of refusals. */
import { describe, expect, it } from "vitest";
import { accessReview } from "../core/kubernetes/access-review.ts";
import type { ApiSession } from "./kubernetes-api-session.ts";

export function podTests(session: () => ApiSession): void {
  describe("pods", () => {
    createTests(session);
    changeTests(session);
    deleteTests(session);
  });
  describe("around pods", () => aroundTests(session));
}

function createTests(session: () => ApiSession): void {
  it("sets uid, resourceVersion and creation time, and starts Pending whatever the client wrote", async () => {
    const { pods, namespace } = session();
    const spec = { containers: [{ name: "main", image: "none" }], nodeName: "node-a" };
    const { status, body } = await session().post(pods, {
      metadata: { name: "fresh" },
      spec,
      status: { podIP: "10.9.9.9" },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ kind: "Pod", apiVersion: "v1", metadata: { name: "fresh", namespace } });
    expect(body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(body.metadata.resourceVersion).toMatch(/^\d+$/);
    expect(body.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(body.status).toEqual({ phase: "Pending", qosClass: "BestEffort" });
    expect(body.spec).toMatchObject({ nodeName: "node-a", restartPolicy: "Always" });
  });

  it("refuses a second pod of the same name with 409 AlreadyExists", async () => {
    await session().createPod("twice");
    const pod = { metadata: { name: "twice" }, spec: { containers: [{ name: "main", image: "none" }] } };
    expect(await session().post(session().pods, pod)).toEqual({
      status: 409,
      body: {
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Failure",
        message: 'pods "twice" already exists',
        reason: "AlreadyExists",
        details: { name: "twice", kind: "pods" },
        code: 409,
      },
    });
  });

  it("names every fault of an invalid pod in one 422", async () => {
    const { status, body } = await session().post(session().pods, { metadata: { name: "P_1" }, spec: {} });
    expect(status).toBe(422);
    expect(body).toMatchObject({ reason: "Invalid", details: { name: "P_1", kind: "Pod" } });
    const causes = (body.details as { causes: { field: string; reason: string }[] }).causes;
    expect(causes.map(({ field, reason }) => [field, reason])).toEqual([
      ["metadata.name", "FieldValueInvalid"],
      ["spec.containers", "FieldValueRequired"],
    ]);
  });

  it("refuses an object of another kind with 400", async () => {
    const event = { apiVersion: "v1", kind: "Event", metadata: { name: "mistaken-kind" } };
    const { status, body } = await session().post(session().pods, event);
    expect(status).toBe(400);
    expect(body.message).toContain('Event in version "v1" cannot be handled as a Pod');
  });

  it("answers 404 for a missing namespace, naming the namespace", async () => {
    const pod = { metadata: { name: "lost" }, spec: { containers: [{ name: "main", image: "none" }] } };
    const { status, body } = await session().post("/api/v1/namespaces/droplens-missing/pods", pod);
    expect(status).toBe(404);
    expect(body).toMatchObject({ reason: "NotFound", details: { name: "droplens-missing", kind: "namespaces" } });
  });
}

function changeTests(session: () => ApiSession): void {
  it("takes addresses and phase by a merge patch of the status, and keeps the spec", async () => {
    const created = await session().createPod("gets-ip", { nodeName: "node-a" });
    const podIPs = [{ ip: "10.1.0.7" }, { ip: "fd00::7" }];
    const body = await session().setPodStatus("gets-ip", { phase: "Running", podIP: "10.1.0.7", podIPs });
    expect(body.status).toMatchObject({ phase: "Running", podIP: "10.1.0.7", podIPs });
    expect(body.spec).toEqual(created.spec);
    expect(body.metadata.uid).toBe(created.metadata.uid);
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(Number(created.metadata.resourceVersion));
  });

  it("ignores the status in a patch of the pod itself", async () => {
    await session().createPod("status-ignored");
    const patch = { metadata: { labels: { app: "shop" } }, status: { phase: "Failed" } };
    const { status, body } = await session().mergePatch(`${session().pods}/status-ignored`, patch);
    expect(status).toBe(200);
    expect(body.metadata.labels).toEqual({ app: "shop" });
    expect(body.status.phase).toBe("Pending");
  });

  it("keeps the resourceVersion when a patch changes nothing", async () => {
    await session().createPod("unchanged", { labels: { app: "shop" } });
    const patch = { metadata: { labels: { app: "shop" } } };
    const first = await session().mergePatch(`${session().pods}/unchanged`, patch);
    const second = await session().mergePatch(`${session().pods}/unchanged`, patch);
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
  });

  it("refuses a patch that names an old resourceVersion with 409 Conflict", async () => {
    const { metadata } = await session().createPod("outdated");
    await session().mergePatch(`${session().pods}/outdated`, { metadata: { labels: { app: "new" } } });
    const stale = { metadata: { resourceVersion: metadata.resourceVersion, labels: { app: "old" } } };
    const { status, body } = await session().mergePatch(`${session().pods}/outdated`, stale);
    expect(status).toBe(409);
    expect(body).toMatchObject({ reason: "Conflict", details: { name: "outdated", kind: "pods" } });
  });

  it("merges containers by name in a strategic merge patch", async () => {
    await session().createPod("strategic");
    const patch = { spec: { containers: [{ name: "main", image: "other" }] } };
    const type = "application/strategic-merge-patch+json";
    const { status, body } = await session().call("PATCH", `${session().pods}/strategic`, patch, type);
    expect(status).toBe(200);
    expect(body.spec.containers).toMatchObject([{ name: "main", image: "other" }]);
  });

  it("carries out a JSON patch", async () => {
    await session().createPod("json-patch", { labels: { app: "shop" } });
    const patch = [{ op: "replace", path: "/metadata/labels/app", value: "till" }];
    const { body } = await session().call(
      "PATCH",
      `${session().pods}/json-patch`,
      patch,
      "application/json-patch+json",
    );
    expect(body.metadata.labels).toEqual({ app: "till" });
  });
}

function deleteTests(session: () => ApiSession): void {
  it("deletes at once with gracePeriodSeconds=0, and then answers 404", async () => {
    await session().createPod("short-lived", { nodeName: "node-a" });
    const path = `${session().pods}/short-lived`;
    const { status, body } = await session().delete(`${path}?gracePeriodSeconds=0`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ kind: "Pod", metadata: { name: "short-lived" } });
    expect(await session().get(path)).toMatchObject({
      status: 404,
      body: { message: 'pods "short-lived" not found', details: { name: "short-lived", kind: "pods" } },
    });
    expect((await session().delete(path)).status).toBe(404);
  });

  it("does not delete a pod that has another uid than the client thinks", async () => {
    await session().createPod("mistaken", { nodeName: "node-a" });
    const options = { gracePeriodSeconds: 0, preconditions: { uid: "00000000-0000-0000-0000-000000000000" } };
    const { status, body } = await session().delete(`${session().pods}/mistaken`, options);
    expect(status).toBe(409);
    expect(body.reason).toBe("Conflict");
  });
}

function aroundTests(session: () => ApiSession): void {
  it("tells its version", async () => {
    const { body } = await session().get("/version");
    expect(body).toMatchObject({ major: "1", gitVersion: expect.stringMatching(/^v1\./) });
  });

  it("answers an unknown resource with a Status of 404", async () => {
    const { status, body } = await session().get("/api/v1/nonsense");
    expect(status).toBe(404);
    expect(body.message).toBe("the server could not find the requested resource");
  });

  it("refuses new content in a terminating namespace with 403 and its cause", async () => {
    const name = `${session().namespace}-ending`;
    await session().createNamespace(name);
    const doomed = { metadata: { name: "doomed" }, involvedObject: { kind: "Pod", namespace: name, name: "x" } };
    expect((await session().post(`/api/v1/namespaces/${name}/events`, doomed)).status).toBe(201);
    const deleted = await session().delete(`/api/v1/namespaces/${name}`);
    expect(deleted.body).toMatchObject({ kind: "Namespace", status: { phase: "Terminating" } });
    const late = { ...doomed, metadata: { name: "late" } };
    const { status, body } = await session().post(`/api/v1/namespaces/${name}/events`, late);
    expect(status).toBe(403);
    expect(body).toMatchObject({
      reason: "Forbidden",
      message: `events "late" is forbidden: unable to create new content in namespace ${name} because it is being terminated`,
      details: { name: "late", kind: "events" },
    });
    expect((body.details as { causes: unknown[] }).causes).toEqual([
      { reason: "NamespaceTerminating", message: `namespace ${name} is being terminated`, field: "metadata.namespace" },
    ]);
  });

  it("answers a review of our own access", async () => {
    const right = { verb: "create", resource: "events", namespace: session().namespace };
    expect(await accessReview(session().api, right, AbortSignal.timeout(5000))).toEqual({ verdict: "allowed" });
  });
}
