/** Part of the API suite: watches from a version, with initial state, through selectors, and their ends. */
import { describe, expect, it } from "vitest";
import type { ApiSession, WatchEvent } from "./kubernetes-api-session.ts";

const short = (events: readonly WatchEvent[]) => events.map(({ type, object }) => [type, object.metadata.name]);

export function watchTests(session: () => ApiSession): void {
  describe("watches", () => {
    changeTests(session);
    initialTests(session);
    endTests(session);
  });
}

async function resourceVersion(session: ApiSession): Promise<string> {
  return (await session.get(`${session.pods}?limit=1`)).body.metadata.resourceVersion;
}

function changeTests(session: () => ApiSession): void {
  it("tells what happened after a resourceVersion, each with a higher one", async () => {
    const from = await resourceVersion(session());
    await session().createPod("watched", { nodeName: "node-w" });
    using watch = await session().watchPods(`resourceVersion=${from}`);
    await session().setPodStatus("watched", { phase: "Running", podIP: "10.3.0.1" });
    await session().delete(`${session().pods}/watched?gracePeriodSeconds=0`);
    const [added, ...later] = await watch.take(3);
    expect(short(added === undefined ? [] : [added])).toEqual([["ADDED", "watched"]]);
    const last = later.at(-1)?.type === "DELETED" ? later : [...later, ...(await watch.take(1))];
    expect(new Set(last.slice(0, -1).map((event) => event.type))).toEqual(new Set(["MODIFIED"]));
    expect(last.at(-1)).toMatchObject({ type: "DELETED", object: { kind: "Pod", status: { podIP: "10.3.0.1" } } });
    const versions = [added, ...last].map((event) => Number(event?.object.metadata.resourceVersion));
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
  });

  it("adds a pod that comes into the selection and deletes one that leaves it", async () => {
    await session().createPod("moves", { nodeName: "node-w" });
    const from = await resourceVersion(session());
    using watch = await session().watchPods(`resourceVersion=${from}&fieldSelector=status.podIP%3D10.3.0.2`);
    await session().setPodStatus("moves", { podIP: "10.3.0.2" });
    await session().setPodStatus("moves", { podIP: "10.3.0.3" });
    expect(short(await watch.take(2))).toEqual([
      ["ADDED", "moves"],
      ["DELETED", "moves"],
    ]);
  });

  it("shows nothing of other nodes when a node is selected", async () => {
    const from = await resourceVersion(session());
    using watch = await session().watchPods(`resourceVersion=${from}&fieldSelector=spec.nodeName%3Dnode-x`);
    await session().createPod("elsewhere", { nodeName: "node-y" });
    await session().createPod("here", { nodeName: "node-x" });
    expect(short(await watch.take(1))).toEqual([["ADDED", "here"]]);
  });

  it("shows the state before the changes when no version is named", async () => {
    await session().createPod("already-there", { nodeName: "node-z" });
    using watch = await session().watchPods("fieldSelector=spec.nodeName%3Dnode-z");
    expect(short(await watch.take(1))).toEqual([["ADDED", "already-there"]]);
    await session().setPodStatus("already-there", { phase: "Running" });
    expect(short(await watch.take(1))).toEqual([["MODIFIED", "already-there"]]);
  });
}

function initialTests(session: () => ApiSession): void {
  const watchList = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";

  it("streams the state, marks its end with a bookmark, then goes on with changes (WatchList)", async () => {
    await session().createPod("initial", { nodeName: "node-i" });
    using watch = await session().watchPods(`${watchList}&fieldSelector=spec.nodeName%3Dnode-i`);
    expect(watch.status).toBe(200);
    const [added, bookmark] = await watch.take(2);
    expect(added).toMatchObject({ type: "ADDED", object: { metadata: { name: "initial" } } });
    expect(bookmark).toMatchObject({
      type: "BOOKMARK",
      object: { kind: "Pod", metadata: { annotations: { "k8s.io/initial-events-end": "true" } } },
    });
    const version = Number(bookmark?.object.metadata.resourceVersion);
    expect(version).toBeGreaterThanOrEqual(Number(added?.object.metadata.resourceVersion));
    await session().setPodStatus("initial", { phase: "Running" });
    expect(short(await watch.take(1))).toEqual([["MODIFIED", "initial"]]);
  });

  it("refuses sendInitialEvents without resourceVersionMatch", async () => {
    const { status, body } = await session().get(`${session().pods}?watch=true&sendInitialEvents=true`);
    expect(status).toBe(422);
    expect(body).toMatchObject({ reason: "Invalid", details: { kind: "ListOptions", group: "meta.k8s.io" } });
  });

  it("refuses WatchList where it is switched off", async (context) => {
    const { fake } = session();
    if (fake === undefined) return context.skip("a real server has it on or off");
    fake.watchList = false;
    const { status, body } = await session().get(`${session().pods}?watch=true&${watchList}`);
    fake.watchList = true;
    expect(status).toBe(422);
    expect(body.message).toContain("sendInitialEvents");
  });
}

function endTests(session: () => ApiSession): void {
  it("ends a watch without an error when its timeoutSeconds are over", async () => {
    const from = await resourceVersion(session());
    // Whole seconds on a real server; the fake knows parts of one.
    using watch = await session().watchPods(`resourceVersion=${from}&timeoutSeconds=${session().fake ? "0.1" : "1"}`);
    expect(await watch.rest()).toEqual([]);
  });

  it("refuses a resourceVersion that is no number", async () => {
    const { status, body } = await session().get(`${session().pods}?watch=true&resourceVersion=soon`);
    expect(status).toBe(500);
    expect(body.message).toContain('resourceVersion: Invalid value: "soon"');
  });

  it("answers an ERROR event of 410 for a version that is compacted away", async (context) => {
    const { fake } = session();
    if (fake === undefined) return context.skip("a real server compacts after five minutes");
    await session().createPod("before-compaction");
    fake.compact();
    using watch = await session().watchPods("resourceVersion=1");
    expect(await watch.rest()).toMatchObject([
      { type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired", status: "Failure" } },
    ]);
  });

  it("sends bookmarks to who asked for them", async (context) => {
    const { fake } = session();
    if (fake === undefined) return context.skip("a real server sends one a minute");
    const from = await resourceVersion(session());
    using watch = await session().watchPods(`resourceVersion=${from}&allowWatchBookmarks=true`);
    fake.sendBookmarks();
    const [bookmark] = await watch.take(1);
    expect(bookmark).toMatchObject({ type: "BOOKMARK", object: { kind: "Pod" } });
    expect(bookmark?.object.metadata.annotations).toBeUndefined();
  });
}
