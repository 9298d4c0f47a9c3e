/** What a config makes, composed and run: several pipelines in one process, several sinks of one kind, each with its own part. */
import "reflect-metadata";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Config, PipelineConfig, SinkUse } from "./config/config.ts";
import { whenSchema } from "./config/when.ts";
import { compose } from "./container.ts";
import type { Droplens } from "./droplens.ts";
import type { Endpoint } from "./model/endpoint.ts";
import { definePlugin } from "./plugin/definition.ts";
import type { StandardSchema } from "./plugin/standard-schema.ts";
import { packetDrop } from "./testkit/drops.ts";
import { MemorySink } from "./testkit/memory-sink.ts";
import { MemorySource } from "./testkit/memory-source.ts";
import { MemoryLogger } from "./testkit/test-context.ts";
import { DROPLENS } from "./tokens.ts";

const noOptions: StandardSchema<unknown> = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) },
};

/** Lines are "NAMESPACE PROTOCOL PORT"; the packet comes from a pod there. */
const parser = definePlugin({
  role: "parser",
  name: "parser-words",
  apiVersion: 1,
  options: noOptions,
  create: () => ({
    parseLine(line) {
      const [namespace = "", protocol = "", port] = line.split(" ");
      const sourceAddress = `10.0.0.${namespaces.indexOf(namespace)}`;
      const time = new Date().toISOString();
      return { kind: "drop", drop: packetDrop({ time, sourceAddress, protocol, destinationPort: Number(port) }) };
    },
  }),
});

const namespaces = ["shop", "data", "kube-system"];

const resolver = definePlugin({
  role: "resolver",
  name: "resolver-list",
  apiVersion: 1,
  options: noOptions,
  create: () => ({
    resolve({ address }): Endpoint | undefined {
      const namespace = namespaces[Number(address.split(".")[3])];
      return namespace === undefined
        ? undefined
        : { kind: "pod", address, displayName: namespace, name: "web", namespace };
    },
  }),
});

interface Made {
  readonly config: PipelineConfig;
  readonly source: MemorySource;
  readonly sinks: ReadonlyMap<string, MemorySink>;
}

/** A pipeline whose sinks are all of one kind, by name with their `when`. */
function pipeline(name: string, whens: Readonly<Record<string, unknown>>): Made {
  const source = new MemorySource();
  const sinks = new Map(Object.keys(whens).map((sink) => [sink, new MemorySink()]));
  const memory = definePlugin({
    role: "source",
    name: "memory",
    apiVersion: 1,
    options: noOptions,
    create: () => source,
  });
  const sinkUses = [...sinks].map(([sink, instance]): SinkUse => {
    const definition = definePlugin({
      role: "sink",
      name: "sink-memory",
      apiVersion: 1,
      options: noOptions,
      create: () => instance,
    });
    const when = whens[sink] === undefined ? undefined : whenSchema.parse(whens[sink]);
    return { name: sink, definition, options: {}, where: `sink ${sink}`, queue: {}, when };
  });
  const numbers = { maxAgeMillis: 60_000, repeatIntervalMillis: 60_000, maxFlows: 100, inFlight: 10 };
  const config: PipelineConfig = {
    name,
    ...numbers,
    source: { name: "memory", definition: memory, options: {}, where: "source" },
    parser: { name: "words", definition: parser, options: {}, where: "parser" },
    resolvers: [{ name: "list", definition: resolver, options: {}, where: "resolver" }],
    sinks: sinkUses,
  };
  return { config, source, sinks };
}

async function runToEnd(...made: readonly Made[]): Promise<Droplens> {
  const stateFolder = mkdtempSync(join(tmpdir(), "droplens-container-"));
  onTestFinished(() => rmSync(stateFolder, { recursive: true }));
  const config: Config = {
    origin: "test",
    log: { level: "info", destination: "stdout" },
    stateFolder,
    stopTimeoutMillis: 10_000,
    operations: { host: "127.0.0.1", port: 0 },
    pipelines: made.map((one) => one.config),
  };
  const droplens = await compose({ config, environment: {}, logger: new MemoryLogger() }).get(DROPLENS);
  for (const { source } of made) source.end();
  await droplens.run(new AbortController().signal);
  return droplens;
}

const packets = ({ sinks }: Made): Record<string, number> =>
  Object.fromEntries([...sinks].map(([name, sink]) => [name, sink.packets]));

/** matched = delivered + open + discarded, for each sink of each pipeline. */
function expectBooksToBalance({ pipelines }: Droplens): void {
  for (const one of pipelines) {
    for (const [sink, books] of one.books) {
      const discarded = [...books.discardedByReason.values()].reduce((sum, count) => sum + count, 0);
      const accounted = books.deliveredPackets + one.openPackets(sink) + discarded;
      expect({ pipeline: one.name, sink, accounted }).toEqual({
        pipeline: one.name,
        sink,
        accounted: one.collector.matched,
      });
    }
  }
}

describe("several sinks of one kind", () => {
  it("each gets its own part, and what is not for it is in its books as not_selected", async () => {
    const made = pipeline("drops", {
      all: undefined,
      shop: { namespaces: "shop" },
      udp: { protocols: "udp" },
      quiet: { not: [{ namespaces: "kube-*" }, { ports: "1000-1999" }] },
    });
    made.source.write(
      "shop TCP 80",
      "shop TCP 80",
      "shop UDP 53",
      "data UDP 53",
      "kube-system TCP 443",
      "data TCP 1234",
    );
    const droplens = await runToEnd(made);
    expect(packets(made)).toEqual({ all: 6, shop: 3, udp: 2, quiet: 4 });
    const [drops] = droplens.pipelines;
    const notSelected = [...(drops?.books ?? [])].map(([name, books]) => [
      name,
      books.discardedByReason.get("not_selected"),
    ]);
    expect(Object.fromEntries(notSelected)).toEqual({ all: undefined, shop: 3, udp: 4, quiet: 2 });
    expectBooksToBalance(droplens);
    const { text } = await droplens.metrics();
    expect(text).toContain('droplens_packets_discarded_total{pipeline="drops",sink="shop",reason="not_selected"} 3');
    expect(text).toContain('droplens_packets_delivered_total{pipeline="drops",sink="shop"} 3');
  });
});

describe("several pipelines in one process", () => {
  it("each has its own lines, sinks and books, though the sinks have the same names", async () => {
    const one = pipeline("one", { memory: { namespaces: "shop" } });
    const two = pipeline("two", { memory: undefined });
    one.source.write("shop TCP 80", "data TCP 80");
    two.source.write("data UDP 53", "data UDP 53", "data UDP 54");
    const droplens = await runToEnd(one, two);
    expect([packets(one), packets(two)]).toEqual([{ memory: 1 }, { memory: 3 }]);
    expect(droplens.pipelines.map(({ name, collector }) => [name, collector.matched])).toEqual([
      ["one", 2],
      ["two", 3],
    ]);
    expectBooksToBalance(droplens);
  });
});
