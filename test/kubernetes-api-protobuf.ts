/** Part of the API suite: pods in protobuf are the same pods as in JSON, in a list, in a watch, and so are refusals. */
import { beforeAll, describe, expect, it } from "vitest";
import type { ApiStream } from "../core/kubernetes/api-server.ts";
import { type Pod, readPod } from "../plugins/resolver-k8s/pod.ts";
import { itemsOf } from "../plugins/resolver-k8s/pod-events.ts";
import { type PodFormat, PodFormats } from "../plugins/resolver-k8s/pod-format.ts";
import type { ApiSession } from "./kubernetes-api-session.ts";

const formats = new PodFormats("app");
const accepts = { json: "application/json", protobuf: formats.accept };
const time = "2026-11-20T10:00:00Z";
const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-77", uid: "u-1", controller: true };
const running = {
  phase: "Running",
  podIP: "10.9.0.1",
  podIPs: [{ ip: "10.9.0.1" }, { ip: "fd00::1" }],
  startTime: time,
};
const ended = { name: "main", ready: false, restartCount: 0, image: "none", imageID: "" };
const failed = {
  phase: "Failed",
  podIP: "10.9.0.2",
  startTime: time,
  containerStatuses: [{ ...ended, state: { terminated: { exitCode: 1, finishedAt: "2026-11-20T10:07:00Z" } } }],
};
const evicted = {
  phase: "Failed",
  podIP: "10.9.0.3",
  conditions: [{ type: "Ready", status: "False", lastTransitionTime: "2026-11-20T10:08:00Z" }],
};

export function protobufTests(session: () => ApiSession): void {
  const open = (query: string, accept: string): Promise<ApiStream> =>
    session().api.stream({ method: "GET", path: `${session().pods}?${query}`, accept }, AbortSignal.timeout(10_000));

  async function listed(accept: string): Promise<unknown[]> {
    const { stream, body } = await whole(await open("labelSelector=app%3Dproto", accept));
    return itemsOf(formats.of(stream.contentType).readList(body)).map(asPod);
  }

  describe("protobuf", () => {
    beforeAll(async () => {
      const metadata = { labels: { app: "proto", "pod-template-hash": "77" }, ownerReferences: [owner] };
      for (const [name, status] of Object.entries({ running, failed, evicted })) {
        const spec = { nodeName: "node-p", containers: [{ name: "main", image: "none" }] };
        await session().post(session().pods, { metadata: { ...metadata, name: `proto-${name}` }, spec });
        await session().setPodStatus(`proto-${name}`, status);
      }
    });

    it("has the pods of a list as JSON has them", async () => {
      const pods = await listed(accepts.protobuf);
      expect(pods).toEqual(await listed(accepts.json));
      expect(pods).toMatchObject([
        { name: "proto-evicted", toMillis: Date.parse("2026-11-20T10:08:00Z") },
        { name: "proto-failed", toMillis: Date.parse("2026-11-20T10:07:00Z"), addresses: ["10.9.0.2"] },
        { name: "proto-running", workload: { kind: "Deployment", name: "web" }, label: "proto", nodeName: "node-p" },
      ]);
    });

    it("has the events of a watch as JSON has them", async () => {
      const read = async (accept: string) => {
        const stream = await open("watch=true&timeoutSeconds=1&labelSelector=app%3Dproto", accept);
        return { type: stream.contentType, events: await eventsOf(stream, formats.of(stream.contentType)) };
      };
      const [json, protobuf] = await Promise.all([read(accepts.json), read(accepts.protobuf)]);
      expect(protobuf.type).toBe("application/vnd.kubernetes.protobuf;stream=watch");
      expect(protobuf.events).toEqual(json.events);
      expect(protobuf.events).toHaveLength(3);
    });

    it("has the reasons of refusals", async () => {
      const { stream, body } = await whole(await open("resourceVersion=99999999999", accepts.protobuf));
      expect([stream.status, formats.of(stream.contentType).readStatus(body)]).toMatchObject([
        504,
        { kind: "Status", code: 504, reason: "Timeout", details: { causes: [{ reason: "ResourceVersionTooLarge" }] } },
      ]);
    });
  });
}

function asPod(object: unknown): Pod | undefined {
  return readPod(object, "app", 0);
}

async function whole(stream: ApiStream): Promise<{ readonly stream: ApiStream; readonly body: Buffer }> {
  const parts: Buffer[] = [];
  for await (const chunk of stream.body) parts.push(Buffer.from(chunk));
  return { stream, body: Buffer.concat(parts) };
}

async function eventsOf({ body }: ApiStream, format: PodFormat): Promise<unknown[]> {
  const events: unknown[] = [];
  await format.readEvents(body, 1_000_000, ({ type, object }) => events.push([type, asPod(object)]));
  return events.sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
}
