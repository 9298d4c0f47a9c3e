/** Part of the API suite: lists of pods, by pages, by selectors, by resourceVersion. */
import { beforeAll, describe, expect, it } from "vitest";
import type { ApiObject, ApiSession } from "./kubernetes-api-session.ts";

const names = (list: ApiObject): string[] => list.items.map((item) => item.metadata.name);

export function listTests(session: () => ApiSession): void {
  describe("lists", () => {
    beforeAll(async () => {
      for (let i = 1; i <= 5; i++) {
        const labels = { shelf: "list", half: i <= 2 ? "low" : "high" };
        await session().createPod(`list-${i}`, { nodeName: `list-node-${i % 2}`, labels });
        await session().setPodStatus(`list-${i}`, {
          phase: "Running",
          podIP: `10.2.0.${i}`,
          podIPs: [{ ip: `10.2.0.${i}` }],
        });
      }
    });
    pageTests(session);
    selectorTests(session);
  });
}

function pageTests(session: () => ApiSession): void {
  it("pages with limit and continue through one snapshot, in the order of names", async () => {
    const query = `${session().pods}?labelSelector=shelf%3Dlist&limit=2`;
    const first = (await session().get(query)).body;
    await session().createPod("list-3b", { labels: { shelf: "list" } });
    const second = (await session().get(`${query}&continue=${first.metadata.continue}`)).body;
    const third = (await session().get(`${query}&continue=${second.metadata.continue}`)).body;
    await session().delete(`${session().pods}/list-3b?gracePeriodSeconds=0`);
    expect([names(first), names(second), names(third)]).toEqual([
      ["list-1", "list-2"],
      ["list-3", "list-4"],
      ["list-5"],
    ]);
    expect(third.metadata.continue).toBeUndefined();
    expect(third.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect(first).toMatchObject({ kind: "PodList", apiVersion: "v1" });
    expect(first.items[0]?.kind).toBeUndefined();
  });

  it("tells how many items remain when nothing is selected", async () => {
    const all = (await session().get(session().pods)).body.items.length;
    const { body } = await session().get(`${session().pods}?limit=1`);
    expect(body.metadata.remainingItemCount).toBe(all - 1);
  });

  it("answers resourceVersion=0 whole, whatever the limit", async () => {
    const { body } = await session().get(`${session().pods}?labelSelector=shelf%3Dlist&limit=2&resourceVersion=0`);
    expect(names(body)).toHaveLength(5);
    expect(body.metadata.continue).toBeUndefined();
  });

  it("answers a continue token that is none with 400", async () => {
    const { status, body } = await session().get(`${session().pods}?limit=2&continue=nonsense`);
    expect(status).toBe(400);
    expect(body.reason).toBe("BadRequest");
  });

  it("answers a resourceVersion that is no number with 400", async () => {
    const { status, body } = await session().get(`${session().pods}?resourceVersion=soon`);
    expect(status).toBe(400);
    expect(body.message).toContain('resourceVersion: Invalid value: "soon"');
  });

  it("answers a resourceVersion of the future with 504 and its cause", async () => {
    const { status, body } = await session().get(`${session().pods}?resourceVersion=9000000000`);
    expect(status).toBe(504);
    expect(body).toMatchObject({
      reason: "Timeout",
      details: { causes: [{ reason: "ResourceVersionTooLarge" }], retryAfterSeconds: 1 },
    });
  });

  it("lists pods of all namespaces under one path", async () => {
    const { body } = await session().get(`/api/v1/pods?fieldSelector=metadata.namespace%3D${session().namespace}`);
    expect(names(body)).toContain("list-1");
  });

  it("answers 410 Expired for a token whose snapshot is compacted away", async (context) => {
    const { fake } = session();
    if (fake === undefined) return context.skip("a real server compacts after five minutes");
    const first = (await session().get(`${session().pods}?limit=2`)).body;
    fake.compact();
    const { status, body } = await session().get(`${session().pods}?limit=2&continue=${first.metadata.continue}`);
    expect(status).toBe(410);
    expect(body.reason).toBe("Expired");
  });
}

function selectorTests(session: () => ApiSession): void {
  const rows = [
    { name: "the node", query: "fieldSelector=spec.nodeName%3Dlist-node-1", expected: ["list-1", "list-3", "list-5"] },
    { name: "the first address", query: "fieldSelector=status.podIP%3D10.2.0.4", expected: ["list-4"] },
    { name: "the name", query: "fieldSelector=metadata.name%3Dlist-2", expected: ["list-2"] },
    {
      name: "phase and node together",
      query: "fieldSelector=status.phase%3DRunning,spec.nodeName%3Dlist-node-0",
      expected: ["list-2", "list-4"],
    },
    {
      name: "not a field",
      query: "labelSelector=shelf&fieldSelector=spec.nodeName!%3Dlist-node-1",
      expected: ["list-2", "list-4"],
    },
    { name: "a label", query: "labelSelector=half%3Dlow", expected: ["list-1", "list-2"] },
    { name: "not a label", query: "labelSelector=shelf,half!%3Dlow", expected: ["list-3", "list-4", "list-5"] },
    {
      name: "a label out of a set",
      query: "labelSelector=half%20in%20(low,none),shelf",
      expected: ["list-1", "list-2"],
    },
    {
      name: "podIPs, which is accepted and never matches",
      query: "fieldSelector=status.podIPs%3D10.2.0.4",
      expected: [],
    },
  ];
  it.each(rows)("selects by $name", async ({ query, expected }) => {
    const { status, body } = await session().get(`${session().pods}?${query}`);
    expect(status).toBe(200);
    expect(names(body)).toEqual(expected);
  });

  it("refuses a field that it does not know, by name", async () => {
    const { status, body } = await session().get(`${session().pods}?fieldSelector=spec.colour%3Dred`);
    expect(status).toBe(400);
    expect(body.message).toContain("field label not supported: spec.colour");
  });
}
