import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesField, encode, envelope, frame } from "../../core/testkit/fake-kubernetes/protobuf-encoder.ts";
import { listMetadataShape, podShape, statusShape } from "../../core/testkit/fake-kubernetes/shapes.ts";
import { type Pod, readPod } from "./pod.ts";
import { itemsOf, metadataOf, PodEvents } from "./pod-events.ts";
import { type PodFormat, PodFormats } from "./pod-format.ts";
import { PodTable } from "./pod-table.ts";

const now = Date.parse("2026-11-20T12:00:00Z");
const maxBytes = 100_000;

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 8 }),
  fc.constantFrom('"}]}', '\\"', "\\", "{[", "\n", "pod 🚀", "é\u2028", '{"metadata":{"uid":"forged"}}'),
);
const time = fc.constantFrom("2026-11-20T10:00:00Z", "2026-11-20T11:30:00Z", "1970-01-01T00:00:01Z");
const container = fc.record({
  name: text,
  state: fc.oneof(
    fc.record({ terminated: fc.record({ finishedAt: time, message: text }) }),
    fc.constant({ running: { startedAt: "2026-11-20T10:00:00Z" } }),
  ),
});
const condition = fc.record({
  type: fc.constantFrom("Ready", "Initialized"),
  status: fc.constantFrom("True", "False"),
  lastTransitionTime: time,
});
const pod = fc.record(
  {
    metadata: fc.record(
      {
        uid: fc.oneof(fc.uuid(), text),
        name: text,
        namespace: text,
        creationTimestamp: time,
        labels: fc.dictionary(fc.oneof(text, fc.constantFrom("app", "pod-template-hash")), text),
        annotations: fc.dictionary(fc.oneof(text, fc.constant("kubernetes.io/config.mirror")), text),
        managedFields: fc.array(fc.record({ fieldsV1: fc.dictionary(text, fc.object()) }), { maxLength: 2 }),
        ownerReferences: fc.array(
          fc.record({ kind: fc.constantFrom("ReplicaSet", "Node", "Job"), name: text, controller: fc.boolean() }),
          { maxLength: 3 },
        ),
      },
      { requiredKeys: ["name"] },
    ),
    spec: fc.record({ nodeName: text, hostNetwork: fc.boolean(), containers: fc.array(fc.object(), { maxLength: 2 }) }),
    status: fc.record(
      {
        phase: fc.constantFrom("Running", "Succeeded", "Failed", "Pending"),
        podIP: fc.constantFrom("10.0.0.1", ""),
        podIPs: fc.array(fc.record({ ip: fc.constantFrom("10.0.0.1", "fd00::1", "10.0.0.2") }), { maxLength: 6 }),
        startTime: time,
        containerStatuses: fc.array(container, { maxLength: 2 }),
        initContainerStatuses: fc.array(container, { maxLength: 2 }),
        conditions: fc.array(condition, { maxLength: 3 }),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

/** The bytes in chunks whose sizes are `sizes`, in turn. Each is overwritten when the next one is asked for. */
async function* inChunks(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const end = at + (sizes[turn % sizes.length] ?? 1);
    const chunk = Buffer.from(bytes.subarray(at, end));
    yield chunk;
    chunk.fill("}");
    at = end;
  }
}

function collector() {
  const pods: Pod[] = [];
  const onPod = (read: Pod) => pods.push(read);
  const parts = { table: new PodTable(600_000), now: () => now, labelKey: "app", onPod };
  const events = new PodEvents({ ...parts, onUnreadable: () => {}, onComplete: () => {} }, "1");
  return { pods, events };
}

const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 });
const expected = (all: readonly unknown[]) =>
  all.map((each) => readPod(JSON.parse(JSON.stringify(each)), "app", now)).filter((read) => read !== undefined);

const json = new PodFormats("app").of("application/json");
const protobuf = new PodFormats("app").of("application/vnd.kubernetes.protobuf;stream=watch");

function encodedPod(object: unknown): Buffer {
  return envelope("Pod", "v1", encode(object, podShape));
}

async function readEvents(format: PodFormat, body: Buffer, chunkSizes: readonly number[]): Promise<Pod[]> {
  const { pods, events } = collector();
  await format.readEvents(inChunks(body, chunkSizes), maxBytes, (event) => events.take(event));
  return pods;
}

describe("pods read from their bytes", () => {
  it("are those of a watch whose lines were parsed whole, wherever its chunks are cut", async () => {
    const check = async (all: readonly object[], chunkSizes: readonly number[]) => {
      const lines = all.map((object) => `${JSON.stringify({ type: "MODIFIED", object })}\n`).join("");
      expect(await readEvents(json, Buffer.from(lines), chunkSizes)).toEqual(expected(all));
    };
    await fc.assert(fc.asyncProperty(fc.array(pod, { maxLength: 4 }), sizes, check), { numRuns: 60 });
  });

  it("are the same from a watch in protobuf", async () => {
    const check = async (all: readonly object[], chunkSizes: readonly number[]) => {
      const frames = all.map((object) => frame("MODIFIED", encodedPod(object)));
      expect(await readEvents(protobuf, Buffer.concat(frames), chunkSizes)).toEqual(expected(all));
    };
    await fc.assert(fc.asyncProperty(fc.array(pod, { maxLength: 4 }), sizes, check), { numRuns: 200 });
  });

  it("are the same from a list in either form", () => {
    const check = (items: readonly object[]) => {
      const metadata = { resourceVersion: "7", continue: "é}" };
      const parts = items.map((item) => bytesField(2, encode(item, podShape)));
      const raw = Buffer.concat([bytesField(1, encode(metadata, listMetadataShape)), ...parts]);
      const lists = [
        json.readList(Buffer.from(JSON.stringify({ kind: "PodList", metadata, items }))),
        protobuf.readList(envelope("PodList", "v1", raw)),
      ];
      for (const list of lists) {
        expect(metadataOf(list)).toEqual(metadata);
        expect(expected(itemsOf(list))).toEqual(expected(items));
      }
    };
    fc.assert(fc.property(fc.array(pod, { maxLength: 4 }), check), { numRuns: 60 });
  });

  it("say no more than that they are damaged, whatever stands in them", async () => {
    const check = async (object: object, at: number, byte: number, chunkSizes: readonly number[]) => {
      const body = frame("ADDED", encodedPod(object));
      body[4 + (at % (body.length - 4))] = byte;
      await readEvents(protobuf, body, chunkSizes).catch((error: unknown) => {
        expect(String(error)).toMatch(/^(SyntaxError: .*protobuf|WatchFailure: what the watch sent is no event)/);
      });
    };
    const byte = fc.integer({ min: 0, max: 255 });
    await fc.assert(fc.asyncProperty(pod, fc.nat(), byte, sizes, check), { numRuns: 500 });
  });

  it("are not read on after a frame that is too long, or what is no event or no pod", async () => {
    await expect(readEvents(json, Buffer.from("null\n"), [9])).rejects.toMatchObject({ reason: "bad_line" });
    const tooLong = Buffer.from([0x7f, 0xff, 0xff, 0xff]);
    await expect(readEvents(protobuf, tooLong, [1])).rejects.toThrow(`longer than ${maxBytes} bytes`);
    await expect(readEvents(protobuf, frame("ADDED", Buffer.from("{}..")), [9])).rejects.toThrow("begins with k8s");
  });

  it("come with what the server says when it ends the watch", async () => {
    const status = { message: "too old resource version", reason: "Expired", code: 410 };
    const body = frame("ERROR", envelope("Status", "v1", encode(status, statusShape)));
    await expect(readEvents(protobuf, body, [50])).rejects.toMatchObject({ reason: "gone" });
    expect(protobuf.readStatus(envelope("Status", "v1", encode(status, statusShape)))).toEqual({
      kind: "Status",
      ...status,
    });
  });
});
