import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readListItems } from "./list-items.ts";
import { type Pod, readPod } from "./pod.ts";
import { PodEvents } from "./pod-events.ts";
import { PodTable } from "./pod-table.ts";
import { readWatchLines } from "./watch-lines.ts";

const now = Date.parse("2026-11-20T12:00:00Z");
const maxBytes = 100_000;

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 8 }),
  fc.constantFrom('"}]}', '\\"', "\\", "{[", "\n", "pod 🚀", "é\u2028", '{"metadata":{"uid":"forged"}}'),
);
const time = fc.constantFrom("2026-11-20T10:00:00Z", "2026-11-20T11:30:00Z", "no time");
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

describe("pods read from their bytes", () => {
  it("are those of a watch whose lines were parsed whole, wherever its chunks are cut", async () => {
    const check = async (all: readonly object[], chunkSizes: readonly number[]) => {
      const { pods, events } = collector();
      const lines = all.map((object) => `${JSON.stringify({ type: "MODIFIED", object })}\n`).join("");
      const body = inChunks(Buffer.from(lines), chunkSizes);
      await readWatchLines(body, maxBytes, (bytes, start, end) => events.take(bytes, start, end));
      expect(pods).toEqual(expected(all));
    };
    await fc.assert(fc.asyncProperty(fc.array(pod, { maxLength: 4 }), sizes, check), { numRuns: 60 });
  });

  it("are those of a list that was parsed whole, wherever its chunks are cut", async () => {
    const check = async (items: readonly object[], chunkSizes: readonly number[], space: number) => {
      const { pods, events } = collector();
      const list = { kind: "PodList", metadata: { resourceVersion: "7", continue: "é}" }, items };
      const body = inChunks(Buffer.from(JSON.stringify(list, undefined, space)), chunkSizes);
      const rest = await readListItems(body, maxBytes, (bytes, start, end) => events.takeItem(bytes, start, end));
      expect(rest).toEqual({ ...list, items: [] });
      expect(pods).toEqual(expected(items));
    };
    const space = fc.constantFrom(0, 2);
    await fc.assert(fc.asyncProperty(fc.array(pod, { maxLength: 4 }), sizes, space, check), { numRuns: 60 });
  });
});
