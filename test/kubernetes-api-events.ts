/** Part of the API suite: events as sink-k8s-events writes them and `kubectl describe` asks for them. */
import { describe, expect, it } from "vitest";
import type { ApiSession } from "./kubernetes-api-session.ts";

const missingUid = "11111111-2222-3333-4444-555555555555";

export function eventTests(session: () => ApiSession): void {
  describe("events", () => {
    createTests(session);
    refusalTests(session);
    repeatTests(session);
  });
}

function eventBody(session: ApiSession, name: string, more: object = {}): object {
  return {
    metadata: { name, namespace: session.namespace },
    involvedObject: { apiVersion: "v1", kind: "Pod", namespace: session.namespace, name: "till", uid: missingUid },
    reason: "PacketDrop",
    message: "Packet dropped when sending traffic to shop",
    type: "Warning",
    source: { component: "kube-iptables-tailer" },
    firstTimestamp: "2026-11-20T20:00:00Z",
    lastTimestamp: "2026-11-20T20:00:00Z",
    count: 1,
    ...more,
  };
}

function createTests(session: () => ApiSession): void {
  it("stores an event, also for a pod that is gone", async () => {
    const { status, body } = await session().post(session().events, eventBody(session(), "till.17a"));
    expect(status).toBe(201);
    expect(body).toMatchObject({ kind: "Event", ...eventBody(session(), "till.17a"), eventTime: null });
    expect(body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("takes a name that is no DNS name, as core/v1 always did", async () => {
    expect((await session().post(session().events, eventBody(session(), "Till_17b"))).status).toBe(201);
  });

  it("makes a name from generateName", async () => {
    const { namespace } = session();
    const body = eventBody(session(), "", { metadata: { generateName: "till.", namespace } });
    const answer = await session().post(session().events, body);
    expect(answer.status).toBe(201);
    expect(answer.body.metadata.name).toMatch(/^till\.[a-z0-9]{5}$/);
  });

  it("cuts firstTimestamp and lastTimestamp to whole seconds", async () => {
    const times = { firstTimestamp: "2026-11-20T20:00:00.75Z", lastTimestamp: "2026-11-20T21:00:00.25+01:00" };
    const { body } = await session().post(session().events, eventBody(session(), "till.17c", times));
    expect(body).toMatchObject({ firstTimestamp: "2026-11-20T20:00:00Z", lastTimestamp: "2026-11-20T20:00:00Z" });
  });

  it("is found by what kubectl describe selects", async () => {
    const { namespace, events } = session();
    const uid = "22222222-2222-3333-4444-555555555555";
    const involvedObject = { apiVersion: "v1", kind: "Pod", namespace, name: "described", uid };
    await session().post(events, eventBody(session(), "described.1", { involvedObject }));
    await session().post(
      events,
      eventBody(session(), "described.2", { involvedObject: { ...involvedObject, uid: missingUid } }),
    );
    const terms = [
      `involvedObject.name=described`,
      `involvedObject.namespace=${namespace}`,
      `involvedObject.uid=${uid}`,
    ];
    const selector = encodeURIComponent([...terms, "involvedObject.kind=Pod", "reason=PacketDrop"].join(","));
    const { body } = await session().get(`${events}?fieldSelector=${selector}&limit=500`);
    expect(body.items.map((item) => item.metadata.name)).toEqual(["described.1"]);
  });
}

interface RefusalRow {
  readonly name: string;
  readonly more: object;
  readonly status: number;
  readonly expected: object;
}

function refusalTests(session: () => ApiSession): void {
  const pod = { kind: "Pod", name: "till" };
  const rows: readonly RefusalRow[] = [
    {
      name: "an event about another namespace",
      more: { involvedObject: { ...pod, namespace: "elsewhere" } },
      status: 422,
      expected: { reason: "Invalid", details: { kind: "Event", causes: [{ field: "involvedObject.namespace" }] } },
    },
    {
      name: "an event about no namespace",
      more: { involvedObject: pod },
      status: 422,
      expected: { reason: "Invalid", details: { causes: [{ reason: "FieldValueInvalid" }] } },
    },
    {
      name: "an event without any name",
      more: { metadata: {} },
      status: 422,
      expected: { reason: "Invalid", details: { causes: [{ reason: "FieldValueRequired", field: "metadata.name" }] } },
    },
    {
      name: "an eventTime without microseconds",
      more: { eventTime: "2026-11-20T20:00:00Z" },
      status: 400,
      expected: { reason: "BadRequest" },
    },
    {
      name: "a time that is none",
      more: { lastTimestamp: "yesterday" },
      status: 400,
      expected: { reason: "BadRequest" },
    },
    {
      name: "an event in another namespace than its path's",
      more: { metadata: { name: "astray", namespace: "elsewhere" } },
      status: 400,
      expected: { reason: "BadRequest" },
    },
  ];
  it.each(rows)("refuses $name", async ({ more, status, expected }) => {
    const answer = await session().post(session().events, eventBody(session(), "refused.1", more));
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ kind: "Status", status: "Failure", code: status, ...expected });
  });

  it("asks for action, reporter and instance as soon as there is an eventTime", async () => {
    const more = { eventTime: "2026-11-20T20:00:00.000000Z", reason: "" };
    const { status, body } = await session().post(session().events, eventBody(session(), "refused.2", more));
    expect(status).toBe(422);
    const causes = (body.details as { causes: { field: string; reason: string }[] }).causes;
    const required = causes.filter((cause) => cause.reason === "FieldValueRequired").map((cause) => cause.field);
    expect(required).toEqual(["reportingComponent", "reportingInstance", "action", "reason"]);
  });

  it("answers 404 for a namespace that is not there", async () => {
    const involvedObject = { ...pod, namespace: "droplens-missing" };
    const body = eventBody(session(), "lost.1", { metadata: { name: "lost.1" }, involvedObject });
    const answer = await session().post("/api/v1/namespaces/droplens-missing/events", body);
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({
      reason: "NotFound",
      details: { kind: "namespaces", name: "droplens-missing" },
    });
  });

  it("answers 409 for a name that is taken", async () => {
    await session().post(session().events, eventBody(session(), "taken.1"));
    const { status, body } = await session().post(session().events, eventBody(session(), "taken.1"));
    expect(status).toBe(409);
    expect(body).toMatchObject({ reason: "AlreadyExists", message: 'events "taken.1" already exists' });
  });
}

function repeatTests(session: () => ApiSession): void {
  it("counts a repeat by a merge patch of count, lastTimestamp and message", async () => {
    await session().post(session().events, eventBody(session(), "repeated.1"));
    const patch = { count: 37, lastTimestamp: "2026-11-20T20:05:00Z", message: "Packet dropped again" };
    const { status, body } = await session().mergePatch(`${session().events}/repeated.1`, patch);
    expect(status).toBe(200);
    expect(body).toMatchObject({ ...patch, firstTimestamp: "2026-11-20T20:00:00Z", reason: "PacketDrop" });
  });

  it("answers 404 for a patch of an event that has expired", async () => {
    const { status, body } = await session().mergePatch(`${session().events}/expired.1`, { count: 2 });
    expect(status).toBe(404);
    expect(body).toMatchObject({ reason: "NotFound", details: { name: "expired.1", kind: "events" } });
  });

  it("refuses a patch that moves the event to another namespace's object", async () => {
    await session().post(session().events, eventBody(session(), "moved.1"));
    const patch = { involvedObject: { namespace: "elsewhere" } };
    expect((await session().mergePatch(`${session().events}/moved.1`, patch)).status).toBe(422);
  });

  it("refuses a patch without a patch's content type with 415", async () => {
    await session().post(session().events, eventBody(session(), "mistyped.1"));
    const { status } = await session().call(
      "PATCH",
      `${session().events}/mistyped.1`,
      { count: 2 },
      "application/json",
    );
    expect(status).toBe(415);
  });

  it("deletes with a Status that names the event", async () => {
    const created = await session().post(session().events, eventBody(session(), "deleted.1"));
    const { status, body } = await session().delete(`${session().events}/deleted.1`);
    expect(status).toBe(200);
    const details = { name: "deleted.1", kind: "events", uid: created.body.metadata.uid };
    expect(body).toMatchObject({ kind: "Status", status: "Success", details });
  });
}
