import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import { expect, test } from "vitest";
import { hrTime } from "../../core/otlp/hr-time.ts";
import { dropReport, packetDrop } from "../../core/testkit/drops.ts";
import { logAttributes, metricAttributes } from "./drop-attributes.ts";
import { exactTime, logRecord, sentence } from "./log-record.ts";
import { agent, db, host, node, synDrop, web } from "./testdata/ends.ts";

test("a log record says everything that is known, under the names of the note", () => {
  const report = dropReport({ drop: synDrop, source: web, destination: db, count: 3 });
  expect(logRecord(report, 1_795_000_000_123)).toEqual({
    eventName: "droplens.packet.dropped",
    timestamp: [1_795_204_602, 401_765_000],
    observedTimestamp: [1_795_000_000, 123_000_000],
    severityNumber: 13,
    body: "3 TCP packets from shop/web-1 (10.0.0.7:40000) to data/db (10.0.0.9:5432) dropped by calico-drop:",
    attributes: {
      "source.address": "10.0.0.7",
      "source.port": 40_000,
      "destination.address": "10.0.0.9",
      "destination.port": 5432,
      "network.transport": "tcp",
      "network.type": "ipv4",
      "network.interface.name": "cali1",
      "k8s.src.namespace": "shop",
      "k8s.src.name": "web-1",
      "k8s.src.type": "Pod",
      "k8s.src.owner.name": "web",
      "k8s.src.owner.type": "Deployment",
      "k8s.src.node.name": "node-a",
      "droplens.src.pod.uid": "3f0c2d9e-7a51-4f0e-9d4b-0a7d3c1b2e55",
      "k8s.dst.namespace": "data",
      "k8s.dst.name": "db",
      "k8s.dst.type": "Service",
      "droplens.drop.reason": "calico-drop",
      "droplens.rule": "calico-drop:",
      "droplens.drop.count": 3,
      "droplens.iface.out": "eth0",
      "droplens.tcp.flags": ["SYN"],
      "droplens.packet.length": 60,
    },
  });
});

test("a log record names verdict and policy where the rule's log prefix does", () => {
  const drop = packetDrop({ logPrefix: "DROP by policy shop/deny", verdict: "DROP", policy: "shop/deny" });
  const attributes = logAttributes(dropReport({ drop }));
  expect(attributes).toMatchObject({ "droplens.verdict": "drop", "droplens.policy": "shop/deny" });
});

test("what nobody knows is left out", () => {
  const drop = {
    time: "2026-11-20T20:00:00Z",
    ipVersion: 6,
    sourceAddress: "fd00::7",
    destinationAddress: "fd00::9",
  } as const;
  const report = dropReport({ drop });
  expect(logAttributes(report)).toEqual({
    "source.address": "fd00::7",
    "destination.address": "fd00::9",
    "network.type": "ipv6",
    "droplens.drop.count": 1,
  });
  expect(metricAttributes(report)).toEqual({});
  expect(sentence(report)).toBe("packet from fd00::7 to fd00::9 dropped");
});

test("the names that are OpenTelemetry's are spelled as its conventions spell them", () => {
  const conventional = new Set<unknown>(
    Object.entries(conventions)
      .filter(([name]) => name.startsWith("ATTR_"))
      .map(([, key]) => key),
  );
  const drop = { ...synDrop, outInterface: undefined };
  const report = dropReport({ drop: packetDrop({ ...synDrop }), source: web, destination: db });
  const { outInterface: _, ...incoming } = drop;
  const names = [...Object.keys(logAttributes(report)), ...Object.keys(logAttributes(dropReport({ drop: incoming })))];
  const foreign = [...new Set(names)].filter((name) => !/^(k8s\.(src|dst)|droplens)\./.test(name));
  expect(foreign.filter((name) => !conventional.has(name))).toEqual([]);
  expect(foreign.toSorted()).toContain("network.io.direction");
});

test.each([
  { name: "in alone is receive", interfaces: { inInterface: "eth0" }, direction: "receive" },
  { name: "out alone is transmit", interfaces: { outInterface: "eth0" }, direction: "transmit" },
  {
    name: "both are forwarded, which is neither",
    interfaces: { inInterface: "a", outInterface: "b" },
    direction: undefined,
  },
])("the direction: $name", ({ interfaces, direction }) => {
  expect(logAttributes(dropReport({ drop: packetDrop(interfaces) }))["network.io.direction"]).toBe(direction);
});

test("a pod in the node's own network is told as the node", () => {
  const attributes = logAttributes(dropReport({ source: agent, destination: node }));
  expect(attributes).toMatchObject({ "k8s.src.type": "Node", "k8s.src.name": "node-b", "k8s.dst.name": "node-b" });
  expect(Object.keys(attributes).filter((key) => /uid|namespace|owner/.test(key))).toEqual([]);
});

test("a host's name is in the sentence and in no attribute", () => {
  const report = dropReport({ drop: packetDrop({ sourceAddress: host.address }), source: host });
  expect(sentence(report)).toContain("from api.example (203.0.113.9:40000)");
  expect(JSON.stringify(logAttributes(report))).not.toContain("api.example");
});

test("the counter has no address, port, pod name or UID", () => {
  const report = dropReport({ drop: synDrop, source: web, destination: db });
  expect(metricAttributes(report)).toEqual({
    "droplens.drop.reason": "calico-drop",
    "network.transport": "tcp",
    "k8s.src.namespace": "shop",
    "k8s.src.owner.name": "web",
    "k8s.src.owner.type": "Deployment",
    "k8s.dst.namespace": "data",
    "k8s.dst.owner.name": "db",
    "k8s.dst.owner.type": "Service",
  });
});

test("control characters of strangers reach neither the body nor an attribute", () => {
  const hostile = { ...web, name: "\u001b[31mweb", workload: { kind: "Deployment\u202e", name: "a\nb" } };
  const report = dropReport({ drop: packetDrop({ logPrefix: "x\u0007:" }), source: hostile, destination: hostile });
  const texts = JSON.stringify([sentence(report), logAttributes(report), metricAttributes(report)]);
  expect(texts).not.toMatch(/\\u00|\\n|\u202e/);
});

test.each([
  ["2026-11-20T19:56:42.401765Z", [1_795_204_602, 401_765_000]],
  ["2026-11-20T19:56:42.123456789Z", [1_795_204_602, 123_456_789]],
  ["2026-11-20T19:56:42Z", [1_795_204_602, 0]],
  ["1969-12-31T23:59:59Z", undefined],
  ["yesterday", undefined],
])("the time %s is kept to the nanosecond", (text, time) => {
  expect(exactTime(text)).toEqual(time);
});

test("repeats carry the time of their first packet", () => {
  const firstMillis = Date.parse("2026-11-20T19:57:00.250Z");
  const report = dropReport({ drop: synDrop, repeat: true, count: 9, firstMillis });
  expect(logRecord(report, 0).timestamp).toEqual(hrTime(firstMillis));
});
