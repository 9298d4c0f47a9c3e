import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Pod, readPod } from "./pod.ts";
import { PodTable } from "./pod-table.ts";

const noon = Date.parse("2026-11-20T12:00:00Z");
const minute = 60_000;

const at = (time: string): number => Date.parse(`2026-11-20T${time}Z`);

function pod(parts: Partial<Pod> & { id: number }): Pod {
  return {
    uid: uid(parts.id),
    namespace: "shop",
    name: `web-7d4b9c6f5-x2k${parts.id}`,
    nodeName: "node-a",
    hostNetwork: false,
    addresses: ["10.0.0.7"],
    fromMillis: noon - 60 * minute,
    toMillis: undefined,
    workload: { kind: "Deployment", name: "web" },
    label: undefined,
    mirrorUid: undefined,
    ...parts,
  };
}

function uid(id: number): string {
  return `0b9a3a56-7a2f-4c7e-8f2e-${id.toString(16).padStart(12, "0")}`;
}

function tableOf(...pods: Pod[]): PodTable {
  const table = new PodTable(10 * minute);
  for (const each of pods) table.upsert(each, noon);
  return table;
}

describe("the pod table", () => {
  it("gives back all that it was told about a pod", () => {
    const table = tableOf(pod({ id: 1, label: "web" }));
    expect(table.find("10.0.0.7", noon)).toEqual({
      uid: uid(1),
      namespace: "shop",
      name: "web-7d4b9c6f5-x2k1",
      nodeName: "node-a",
      hostNetwork: false,
      workload: { kind: "Deployment", name: "web" },
      label: "web",
    });
  });

  it.each(["db-0", "a", "no-own-letters-", "web-7d4b9c6f5-abcdefghij", "x.y-Z", "-", "a-b-12345678", "a-123456789"])(
    "keeps the name %s as it is",
    (name) => {
      expect(tableOf(pod({ id: 1, name })).find("10.0.0.7", noon)?.name).toBe(name);
    },
  );

  it("knows no owner of an address that nobody has", () => {
    expect(tableOf(pod({ id: 1 })).find("10.0.0.8", noon)).toBeUndefined();
    expect(tableOf(pod({ id: 1 })).find("no address", noon)).toBeUndefined();
  });

  it("never gives a packet to a pod that started after it", () => {
    const table = tableOf(pod({ id: 1, fromMillis: at("11:59:30") }));
    expect(table.find("10.0.0.7", at("11:59:29.999"))).toBeUndefined();
    expect(table.find("10.0.0.7", at("11:59:30.000"))?.uid).toBe(uid(1));
  });

  it("tells the owners of a reused address apart by the packet's time", () => {
    const table = tableOf(pod({ id: 1 }));
    table.remove(uid(1), at("12:00:10.400"));
    table.upsert(pod({ id: 2, fromMillis: at("12:00:20") }), at("12:00:23"));
    expect(table.find("10.0.0.7", at("12:00:05"))?.uid).toBe(uid(1));
    expect(table.find("10.0.0.7", at("12:00:10.900"))?.uid).toBe(uid(1));
    expect(table.find("10.0.0.7", at("12:00:15"))).toBeUndefined();
    expect(table.find("10.0.0.7", at("12:00:21"))?.uid).toBe(uid(2));
  });

  it("gives an address to the new owner while the end of the old one has not been told yet", () => {
    const table = tableOf(pod({ id: 1 }), pod({ id: 2, fromMillis: at("11:58:00") }));
    expect(table.find("10.0.0.7", at("11:57:59"))?.uid).toBe(uid(1));
    expect(table.find("10.0.0.7", at("11:58:00"))?.uid).toBe(uid(2));
  });

  it("does not take the address from its new owner when the old one's deletion comes late", () => {
    const table = tableOf(pod({ id: 1 }), pod({ id: 2, fromMillis: at("11:58:00") }));
    table.remove(uid(1), at("12:00:30"));
    expect(table.find("10.0.0.7", at("12:01:00"))?.uid).toBe(uid(2));
  });

  it("takes a finished pod's address from the end of its last container on", () => {
    const table = tableOf(pod({ id: 1, toMillis: at("11:59:00") }));
    expect(table.find("10.0.0.7", at("11:59:00.900"))?.uid).toBe(uid(1));
    expect(table.find("10.0.0.7", at("11:59:01"))).toBeUndefined();
  });

  it("keeps the first end it saw when later looks at a finished pod say a later one", () => {
    const table = tableOf(pod({ id: 1 }));
    table.upsert(pod({ id: 1, toMillis: noon }), noon);
    table.upsert(pod({ id: 1, toMillis: noon + minute }), noon + minute);
    table.remove(uid(1), noon + 2 * minute);
    expect(table.find("10.0.0.7", noon + 30_000)).toBeUndefined();
  });

  it("does not keep a pod without an address, nor one that finished long ago", () => {
    const table = tableOf(pod({ id: 1, addresses: [] }), pod({ id: 2, toMillis: noon - 11 * minute }));
    expect(table.size).toBe(0);
  });

  it("finds a dual-stack pod by both addresses in any spelling", () => {
    const table = tableOf(pod({ id: 1, addresses: ["10.0.0.7", "fd00:0:0::0007"] }));
    expect(table.find("fd00::7", noon)?.uid).toBe(uid(1));
    expect(table.find("10.0.0.7", noon)?.uid).toBe(uid(1));
    expect(table.addresses).toBe(2);
  });

  it("ends the old address of a pod that got a new one", () => {
    const table = tableOf(pod({ id: 1 }));
    table.upsert(pod({ id: 1, addresses: ["10.0.0.99"] }), noon + minute);
    expect(table.find("10.0.0.7", noon + 2 * minute)).toBeUndefined();
    expect(table.find("10.0.0.7", noon)?.uid).toBe(uid(1));
    expect(table.find("10.0.0.99", noon + minute)?.uid).toBe(uid(1));
    expect(table.find("10.0.0.99", noon)).toBeUndefined();
  });

  it("takes a static pod's event uid from its mirror annotation", () => {
    const table = tableOf(pod({ id: 1, mirrorUid: "5f4dcc3b5aa765d61d8327deb882cf99" }));
    expect(table.find("10.0.0.7", noon)?.uid).toBe("5f4dcc3b5aa765d61d8327deb882cf99");
    table.remove(uid(1), noon);
    expect(table.find("10.0.0.7", noon + 2000)).toBeUndefined();
  });

  it("keeps uids that are no UUID apart", () => {
    const table = tableOf(pod({ id: 1, uid: "one" }), pod({ id: 2, uid: "two", addresses: ["10.0.0.8"] }));
    table.remove("one", noon);
    expect(table.find("10.0.0.7", noon + 2000)).toBeUndefined();
    expect(table.find("10.0.0.8", noon + 2000)?.uid).toBe("two");
    table.expire(noon + 20 * minute);
    expect(table.size).toBe(1);
  });

  it("closes what a new list does not name any more, and opens it again when it was named too late", () => {
    const table = tableOf(pod({ id: 1 }), pod({ id: 2, addresses: ["10.0.0.8"] }));
    table.beginList();
    table.upsert(pod({ id: 2, addresses: ["10.0.0.8"] }), noon);
    table.endList(noon);
    expect(table.find("10.0.0.7", noon + minute)).toBeUndefined();
    expect(table.find("10.0.0.8", noon + minute)?.uid).toBe(uid(2));
    table.upsert(pod({ id: 1 }), noon + 1000);
    expect(table.find("10.0.0.7", noon + minute)?.uid).toBe(uid(1));
  });

  it("lets go of an address ten minutes after its end and uses the room again", () => {
    const table = tableOf();
    const bytes: number[] = [];
    for (let round = 0; round < 200; round++) {
      const now = noon + round * 11 * minute;
      for (let i = 0; i < 50; i++) {
        table.upsert(
          pod({ id: round * 50 + i, name: `${"job".repeat(20)}.${round}.${i}`, addresses: [`10.0.${i}.1`] }),
          now,
        );
        table.remove(uid(round * 50 + i), now);
      }
      table.expire(now + 11 * minute);
      bytes.push(table.bytes);
    }
    expect(table.size).toBe(0);
    expect(Math.max(...bytes.slice(100))).toBe(Math.max(...bytes.slice(0, 100)));
  });

  it("knows the networks in which pods have addresses of their own", () => {
    const table = tableOf(
      pod({ id: 1, addresses: ["10.0.0.7", "fd00::1:0:0:0:7"] }),
      pod({ id: 2, hostNetwork: true, addresses: ["192.168.0.1"] }),
    );
    expect(table.knowsNetwork("10.0.0.250")).toBe(true);
    expect(table.knowsNetwork("10.0.1.250")).toBe(false);
    expect(table.knowsNetwork("fd00::1:0:0:0:99")).toBe(true);
    expect(table.knowsNetwork("192.168.0.2")).toBe(false);
    table.remove(uid(1), noon);
    table.expire(noon + 20 * minute);
    expect(table.knowsNetwork("10.0.0.250")).toBe(false);
  });

  it("agrees with a plain list of intervals whatever happens", () => {
    const step = fc.record({
      id: fc.integer({ min: 0, max: 30 }),
      address: fc.integer({ min: 0, max: 8 }),
      gone: fc.boolean(),
      wait: fc.integer({ min: 0, max: 20 }),
    });
    fc.assert(fc.property(fc.array(step, { maxLength: 200 }), agreesWithModel), { numRuns: 100 });
  });
});

interface ModelInterval {
  readonly id: number;
  readonly address: number;
  readonly from: number;
  to: number;
}

function agreesWithModel(steps: readonly { id: number; address: number; gone: boolean; wait: number }[]): void {
  const table = new PodTable(10 * minute);
  const model: ModelInterval[] = [];
  let now = noon;
  for (const [i, { id, address, gone, wait }] of steps.entries()) {
    now += wait * 1000;
    const living = model.find((interval) => interval.id === id && interval.to === Number.POSITIVE_INFINITY);
    // A pod of a set keeps its address as long as it lives, and comes back as another one.
    if (living && gone) {
      living.to = now + 1000;
      table.remove(uid(id * 1000 + model.indexOf(living)), now);
    } else if (!living) {
      model.push({ id, address, from: now, to: Number.POSITIVE_INFINITY });
      const name = `set-${id}-${"abcdefghijkl".slice(0, i % 12)}`;
      table.upsert(
        pod({ id: id * 1000 + model.length - 1, name, addresses: [`10.0.0.${address}`], fromMillis: now }),
        now,
      );
    }
    table.expire(now);
    for (let asked = 0; asked <= 8; asked++) {
      const time = now - (i % 7) * 30_000;
      const holders = model.filter((each) => each.address === asked && each.from <= time && time < each.to);
      const latest = Math.max(...holders.map((each) => each.from));
      const best = holders.filter((each) => each.from === latest);
      const found = table.find(`10.0.0.${asked}`, time);
      const expected = best.map((each) => uid(each.id * 1000 + model.indexOf(each)));
      if (best.length === 0) expect(found).toBeUndefined();
      else expect(expected).toContain(found?.uid);
    }
  }
}

describe("reading a pod", () => {
  const json = {
    metadata: {
      uid: uid(1),
      name: "web-7d4b9c6f5-x2k8p",
      namespace: "shop",
      creationTimestamp: "2026-11-20T11:00:00Z",
      labels: { app: "web", "pod-template-hash": "7d4b9c6f5" },
      ownerReferences: [{ kind: "ReplicaSet", name: "web-7d4b9c6f5", controller: true }],
    },
    spec: { nodeName: "node-a" },
    status: {
      phase: "Running",
      podIP: "10.0.0.7",
      podIPs: [{ ip: "10.0.0.7" }, { ip: "fd00::7" }],
      startTime: "2026-11-20T11:00:01Z",
    },
  };

  it("takes addresses, times, owner and the one label", () => {
    expect(readPod(json, "app", noon)).toEqual({
      uid: uid(1),
      name: "web-7d4b9c6f5-x2k8p",
      namespace: "shop",
      nodeName: "node-a",
      hostNetwork: false,
      addresses: ["10.0.0.7", "fd00::7"],
      fromMillis: at("11:00:01"),
      toMillis: undefined,
      workload: { kind: "Deployment", name: "web" },
      label: "web",
      mirrorUid: undefined,
    });
  });

  it("ends a finished pod with its last container", () => {
    const ended = (time: string) => ({ state: { terminated: { finishedAt: `2026-11-20T${time}Z` } } });
    const status = {
      ...json.status,
      phase: "Succeeded",
      containerStatuses: [ended("11:20:00"), ended("11:30:00"), { state: {} }],
      initContainerStatuses: [ended("11:10:00")],
    };
    expect(readPod({ ...json, status }, undefined, noon)?.toMillis).toBe(at("11:30:00"));
  });

  it("ends an evicted pod without containers when it was not ready any more, else now", () => {
    const conditions = [{ type: "Ready", status: "False", lastTransitionTime: "2026-11-20T11:40:00Z" }];
    const failed = { ...json.status, phase: "Failed" };
    expect(readPod({ ...json, status: { ...failed, conditions } }, undefined, noon)?.toMillis).toBe(at("11:40:00"));
    expect(readPod({ ...json, status: failed }, undefined, noon)?.toMillis).toBe(noon);
  });

  it.each([
    [
      "a StatefulSet's pod",
      [{ kind: "StatefulSet", name: "db", controller: true }],
      { kind: "StatefulSet", name: "db" },
    ],
    [
      "a ReplicaSet that no Deployment owns",
      [{ kind: "ReplicaSet", name: "own", controller: true }],
      { kind: "ReplicaSet", name: "own" },
    ],
    ["an owner that does not control it", [{ kind: "Thing", name: "x" }], undefined],
    ["a static pod's node", [{ kind: "Node", name: "node-a", controller: true }], undefined],
  ])("names the workload of %s", (_, ownerReferences, workload) => {
    expect(readPod({ ...json, metadata: { ...json.metadata, ownerReferences } }, undefined, noon)?.workload).toEqual(
      workload,
    );
  });

  it("never throws, whatever was sent", () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (metadata, status) => {
        readPod({ metadata: { uid: "u", name: "n", ...Object(metadata) }, spec: status, status }, "app", noon);
        readPod(metadata, undefined, noon);
      }),
    );
  });
});
