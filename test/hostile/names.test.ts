/**
 * Names from strangers, through the whole program: pods, labels, owners, nodes and namespaces from an API server, names
 * from reverse DNS; out through every sink, the log and the operations server. Nothing of them arrives as it is.
 */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import { OtlpReceiver } from "../../core/otlp/testdata/otlp-receiver.ts";
import { dropReport, packetDrop } from "../../core/testkit/index.ts";
import { DnsServer, labelBytes, message, record } from "../../plugins/resolver-dns/testdata/dns-server.ts";
import { combinedMessage, noticesOf } from "../../plugins/sink-k8s-events/notice.ts";
import { kernelLine, NodeStage, type RunningProgram } from "../support/node-stage.ts";
import { tellFigures } from "../support/trial.ts";
import { hostileNames, longestText, unsafeText } from "./hostile-names.ts";

/** Everything that a person, a terminal or another program gets to see. */
interface Shown {
  readonly events: unknown;
  readonly log: unknown;
  readonly console: unknown;
  readonly jsonl: unknown;
  readonly otlp: unknown;
  readonly metrics: unknown;
  readonly status: unknown;
}

it.each(["namespace", "name", "label", "name_with_namespace"])(
  "hostile names reach nobody as they are, with podIdentifier %s",
  async (podIdentifier) => {
    const { shown, events } = await runWith(podIdentifier);
    const found = Object.entries(shown).map(([where, texts]) => [where, unsafeText(texts)]);
    const longest = longestText(shown.events);
    tellFigures({
      trial: `hostile names: podIdentifier ${podIdentifier}`,
      tries: hostileNames.length * 3,
      of: "names",
      lost: found.filter(([, text]) => text !== undefined).length,
      note: `${events} events, longest text ${longest} bytes`,
    });

    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(found.map(([where]) => [where, undefined])));
    // Otherwise nothing was tried: the names arrive, made safe.
    for (const texts of [shown.events, shown.console, shown.jsonl, shown.otlp, shown.metrics]) {
      expect(JSON.stringify(texts)).toMatch(/ansi\ufffd/);
    }
    expect(events).toBeGreaterThanOrEqual(hostileNames.length * 2);
    expect(longest).toBeLessThanOrEqual(1024);
    expect(longestText(shown.metrics)).toBeLessThanOrEqual(1024);
    expect(longestText(shown.otlp)).toBeLessThanOrEqual(1024);
    expect(longestText(shown.jsonl)).toBeLessThanOrEqual(1024);
  },
);

it("an event's message has 1,024 bytes at most and is whole UTF-8, whatever the names are", () => {
  const name = fc.oneof(
    fc.string({ unit: "binary", maxLength: 3000 }),
    fc.constantFrom(...hostileNames),
    fc.string({ unit: fc.constantFrom("é", "漢", "\u{1f4a3}", "\ud800", "\u202e", "x"), maxLength: 3000 }),
  );
  const end = fc.record({
    kind: fc.constant("pod" as const),
    address: fc.constant("10.0.0.1"),
    displayName: name,
    namespace: fc.constant("shop"),
    name: fc.constant("web"),
  });
  fc.assert(
    fc.property(end, end, name, (source, destination, policy) => {
      const report = dropReport({ source, destination, drop: packetDrop({ policy }) });
      const messages = noticesOf(report, { sides: "both", namePolicy: true }).map((notice) => notice.message);
      for (const message of [...messages, ...messages.map(combinedMessage)]) {
        expect(Buffer.byteLength(message)).toBeLessThanOrEqual(1024);
        expect(message.isWellFormed()).toBe(true);
        expect(unsafeText(message)).toBeUndefined();
      }
      expect(messages).toHaveLength(2);
    }),
    { numRuns: 2000 },
  );
});

async function runWith(podIdentifier: string): Promise<{ shown: Shown; events: number }> {
  const stage = new NodeStage(onTestFinished);
  const kubernetes = await stage.startKubernetes();
  for (const [i, name] of hostileNames.entries()) {
    for (const pod of hostilePods(name, i)) kubernetes.put(pod);
  }
  const dns = await hostileDns();
  const collector = await new OtlpReceiver().listen();
  onTestFinished(() => collector.close());
  const config = join(stage.folder, "droplens.json");
  const servers = { api: kubernetes.url, dns: dns.address, collector: collector.url };
  writeFileSync(config, JSON.stringify(configOf(stage, servers, podIdentifier)));
  appendFileSync(stage.log, hostileNames.map((_, i) => linesBetween(i)).join(""));
  const program = stage.run({}, { words: ["--config", config] });
  const samples = await program.measures("all delivered", (now) => {
    const delivered = now.sum("droplens_packets_delivered_total");
    return delivered + now.sum("droplens_packets_discarded_total") >= 5 * 4 * hostileNames.length;
  });
  const status = (await program.get("/status")).text;
  expect(await program.child.stop()).toBe(0);
  const events = kubernetes.list("Event");
  const shown = {
    // Where an event lies is the API server's own word; what it says is ours.
    events: events.map((event) => [event.message, event.source, event.reason]),
    ...printedBy(program),
    jsonl: parsedLines(readFileSync(join(stage.folder, "drops.jsonl"), "utf8")),
    otlp: collector.records,
    metrics: samples.text.split("\n"),
    status: JSON.parse(status),
  };
  return { shown, events: events.length };
}

async function hostileDns(): Promise<DnsServer> {
  const dns = await DnsServer.start((question) => {
    const which = Number(/^(\d+)\./.exec(question.name)?.[1]) - 1;
    return message(question, { answers: [record(12, 300, hostileHost(which))] });
  });
  onTestFinished(() => dns.stop());
  return dns;
}

function configOf(stage: NodeStage, at: { api: string; dns: string; collector: string }, podIdentifier: string) {
  const identifier = { podIdentifier, ...(podIdentifier === "label" ? { podIdentifierLabel: "app" } : {}) };
  return {
    version: 1,
    stateFolder: join(stage.folder, "state"),
    log: { level: "debug" },
    operations: { host: "127.0.0.1", port: 0 },
    pipelines: {
      drops: {
        source: { use: "source-file", path: stage.log },
        parser: { use: "parser-iptables" },
        resolvers: [
          { use: "resolver-k8s", server: at.api, ...identifier, startSpread: "0s" },
          { use: "resolver-dns", servers: [at.dns] },
        ],
        sinks: [
          { use: "sink-k8s-events", server: at.api, requestsPerSecond: 100, burst: 1000, distinctMessages: 1000 },
          { use: "sink-prometheus" },
          { use: "sink-jsonl", path: join(stage.folder, "drops.jsonl") },
          { use: "sink-console", color: "never" },
          { use: "sink-otel", endpoint: at.collector },
        ],
      },
    },
  };
}

/** A pod whose name the API server lets pass, with a stranger's text wherever else one can stand; and one beyond that. */
function hostilePods(text: string, i: number) {
  const startTime = `${new Date(Date.now() - 3_600_000).toISOString().slice(0, 19)}Z`;
  const pod = (name: string, namespace: string, ip: string) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace,
      labels: { app: text, [text]: text },
      annotations: { [text]: text },
      ownerReferences: [{ apiVersion: "apps/v1", kind: text, name: text, uid: "u", controller: true }],
    },
    spec: { nodeName: text, containers: [{ name: text, image: text }] },
    status: { phase: "Running", startTime, podIP: ip, podIPs: [{ ip }], message: text, reason: text },
  });
  return [pod(`web-${i}`, "shop", `10.77.1.${i + 1}`), pod(text, text, `10.77.2.${i + 1}`)];
}

/** To the hostile pod and back, to a hostile host and back. */
function linesBetween(i: number): string {
  const [web, evil, host] = [`10.77.1.${i + 1}`, `10.77.2.${i + 1}`, `203.0.113.${i + 1}`];
  const pairs = [
    [web, evil],
    [evil, web],
    [web, host],
    [host, web],
  ] as const;
  return pairs.map(([from, to]) => kernelLine(80).replace(/SRC=\S+ DST=\S+/, `SRC=${from} DST=${to}`)).join("");
}

/** As much of the text as a DNS name holds: labels of any bytes, 255 in all. */
function hostileHost(which: number): Buffer {
  const bytes = Buffer.from(hostileNames[which] ?? "nobody").subarray(0, 240);
  const labels: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 60) labels.push(labelBytes(bytes.subarray(at, at + 60)));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

/** Its stdout is JSON lines of the log, and the console's own; each line is one. */
function printedBy({ child }: RunningProgram): Pick<Shown, "log" | "console"> {
  const lines = `${child.stdout}\n${child.stderr}`.split("\n").filter((line) => line !== "");
  const isLog = (line: string) => line.startsWith('{"');
  return { log: parsedLines(lines.filter(isLog).join("\n")), console: lines.filter((line) => !isLog(line)) };
}

function parsedLines(text: string): unknown[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}
