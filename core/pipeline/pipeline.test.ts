import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RetryableError } from "../plugin/errors.ts";
import type { LineParser, Parser } from "../plugin/parser.ts";
import type { Resolver } from "../plugin/resolver.ts";
import type { DeliveryOptions } from "../plugin/sink.ts";
import { packetDrop } from "../testkit/drops.ts";
import { FakeClock, settle } from "../testkit/fake-clock.ts";
import { MemorySink } from "../testkit/memory-sink.ts";
import { MemorySource } from "../testkit/memory-source.ts";
import { MemoryLogger } from "../testkit/test-context.ts";
import { CheckpointFile } from "./checkpoint.ts";
import { Pipeline, type PipelineOptions } from "./pipeline.ts";

/** Lines are "PORT" or "PORT SECONDS-AGO"; anything else is another line or broken. */
function portParser(clock: FakeClock): LineParser {
  return {
    parseLine(line) {
      const match = /^(\d+)(?: (\d+))?$/.exec(line);
      if (match === null) return line.startsWith("!") ? { kind: "malformed", reason: "bang" } : { kind: "other-line" };
      const time = new Date(clock.now() - Number(match[2] ?? 0) * 1000).toISOString();
      return { kind: "drop", drop: packetDrop({ time, destinationPort: Number(match[1]) }) };
    },
  };
}

const defaults: PipelineOptions = {
  name: "drops",
  maxAgeMillis: 600_000,
  repeatIntervalMillis: 120_000,
  maxFlows: 1000,
  inFlight: 100,
  replay: false,
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "droplens-pipeline-"));
});
afterEach(() => rm(folder, { recursive: true }));

interface Wanted {
  readonly options?: Partial<PipelineOptions>;
  readonly source?: MemorySource;
  readonly resolvers?: readonly Resolver[];
  readonly checkpoint?: CheckpointFile;
  readonly parser?: Parser;
  /** Of the slow sink's queue. */
  readonly whenFull?: DeliveryOptions["whenFull"];
}

function makePipeline(wanted: Wanted = {}) {
  const {
    options = {},
    source = new MemorySource(),
    resolvers = [],
    checkpoint,
    parser,
    whenFull = "discard",
  } = wanted;
  const clock = new FakeClock();
  const logger = new MemoryLogger();
  const [fast, slow] = [new MemorySink(), new MemorySink()];
  const limits = { capacity: 100, maxBatch: 10, concurrency: 1, timeoutMillis: 1e6, maxAgeMillis: 1e6 };
  const delivery = { ...limits, whenFull: "discard" } as const;
  const pipeline = new Pipeline({
    options: { ...defaults, ...options },
    source: { role: "source", name: "memory", plugin: "memory", options: {}, where: "x.yaml:4:3", instance: source },
    parser: {
      role: "parser",
      name: "ports",
      plugin: "ports",
      options: {},
      where: "x.yaml:5:3",
      instance: parser ?? portParser(clock),
    },
    resolvers: resolvers.map((instance) => ({
      role: "resolver",
      name: "resolver",
      plugin: "",
      options: {},
      where: "",
      instance,
    })),
    sinks: [
      {
        role: "sink",
        name: "fast",
        plugin: "",
        options: {},
        where: "",
        instance: fast,
        delivery: { ...delivery, capacity: 1000 },
      },
      {
        role: "sink",
        name: "slow",
        plugin: "",
        options: {},
        where: "",
        instance: slow,
        delivery: { ...limits, whenFull },
      },
    ],
    clock,
    logger,
    checkpoint,
    observe: { resolved: () => {}, delivered: () => {} },
  });
  const stop = new AbortController();
  const deadline = new AbortController();
  const running = pipeline.run(stop.signal, deadline.signal);
  running.catch(() => {});
  return { pipeline, source, fast, slow, clock, logger, stop, deadline, running };
}

type Made = ReturnType<typeof makePipeline>;

/** The promise of the books, for every sink, at any moment. */
function expectBooksToBalance({ pipeline }: Made): void {
  const early = [...pipeline.discardedBeforeSinks().values()].reduce((sum, count) => sum + count, 0);
  for (const [sink, books] of pipeline.books) {
    const discarded = [...books.discardedByReason.values()].reduce((sum, count) => sum + count, 0);
    const restored = pipeline.restoredPackets.get(sink) ?? 0;
    const accounted = books.deliveredPackets + pipeline.openPackets(sink) + discarded + early;
    expect(accounted, sink).toBe(pipeline.collector.matched + restored);
  }
}

describe("pipeline", () => {
  it("brings every packet to every sink, folded by flow", async () => {
    const made = makePipeline();
    made.source.write("80", "80", "443", "hello", "80", "!");
    await settle();
    expect(made.fast.reports.map(({ drop, count }) => [drop.destinationPort, count])).toEqual([
      [80, 1],
      [443, 1],
    ]);
    expectBooksToBalance(made);
    await made.clock.advance(130_000);
    expect(made.fast.packets).toBe(4);
    expect(made.slow.packets).toBe(4);
    expect(made.pipeline.linesRead).toBe(6);
    expect(made.pipeline.collector.malformedByReason).toEqual(new Map([["bang", 1]]));
    made.source.end();
    await made.running;
    expectBooksToBalance(made);
  });

  it("discards what is too old, counted", async () => {
    const made = makePipeline();
    made.source.write("80 601", "80 599");
    made.source.end();
    await made.running;
    expect(made.fast.packets).toBe(1);
    expect(made.pipeline.discardedBeforeSinks().get("expired")).toBe(1);
    expectBooksToBalance(made);
  });

  it("lets a stuck sink delay nobody else", async () => {
    const made = makePipeline();
    made.slow.answer = () => new Promise(() => {});
    for (let chunk = 0; chunk < 30; chunk++) {
      made.source.write(...Array.from({ length: 10 }, (_, i) => String(1 + chunk * 10 + i)));
    }
    for (let second = 0; second < 3; second++) {
      await settle();
      await made.clock.advance(1000);
    }
    for (let i = 0; i < 30; i++) await settle();
    expect(made.fast.packets).toBe(300);
    expect(made.pipeline.books.get("slow")?.discardedByReason).toEqual(new Map([["queue_full", 200]]));
    expectBooksToBalance(made);
    made.stop.abort();
    made.deadline.abort();
    await made.running;
    expectBooksToBalance(made);
    expect(made.pipeline.books.get("slow")?.discardedByReason.get("shutdown_deadline")).toBe(100);
  });

  it("waits for a full queue in a replay, so that nothing is discarded", async () => {
    const made = makePipeline({ options: { replay: true, maxAgeMillis: undefined } });
    made.slow.answer = async () => {
      await settle();
      return undefined;
    };
    for (let chunk = 0; chunk < 30; chunk++) {
      made.source.write(...Array.from({ length: 10 }, (_, i) => String(1 + chunk * 10 + i)));
    }
    made.source.end();
    await made.running;
    expect(made.slow.packets).toBe(300);
    expectBooksToBalance(made);
  });

  it("waits for a stuck sink where its queue says so: nothing is lost, not even of a chunk larger than the queue", async () => {
    const made = makePipeline({ whenFull: "wait" });
    const { promise, resolve } = Promise.withResolvers<undefined>();
    made.slow.answer = () => promise;
    made.source.write(...Array.from({ length: 150 }, (_, i) => String(1 + i)));
    made.source.write("1000");
    for (let minute = 0; minute < 10; minute++) await made.clock.advance(60_000);
    expect([made.fast.packets, made.pipeline.linesRead]).toEqual([150, 150]);
    resolve(undefined);
    await settle();
    expect(made.pipeline.linesRead).toBe(151);
    made.source.end();
    await made.running;
    expect([made.fast.packets, made.slow.packets]).toEqual([151, 151]);
    expectBooksToBalance(made);
  });

  it("runs no timer while all is at rest, and saves what comes then within a second", async () => {
    const checkpoint = new CheckpointFile(folder, "drops");
    const made = makePipeline({ checkpoint });
    const atRest = async (resume: number) => {
      await made.clock.advance(1000);
      const load = await checkpoint.load();
      return load.kind === "found" && load.checkpoint.resume === resume && made.clock.sleeping === 0;
    };
    for (let chunk = 1; chunk <= 3; chunk++) {
      made.source.write(String(chunk), String(chunk));
      await settled(() => atRest(chunk));
    }
    expect([made.fast.packets, made.slow.packets]).toEqual([6, 6]);
    made.source.end();
    await made.running;
  });

  it("goes on saving while it waits for a stuck sink, and ends at its deadline", async () => {
    const checkpoint = new CheckpointFile(folder, "drops");
    const made = makePipeline({ whenFull: "wait", checkpoint });
    made.slow.answer = () => new Promise(() => {});
    const ports = Array.from({ length: 600 }, (_, i) => String(1 + i));
    made.source.write(...ports, ...ports);
    // 500 windows close before the room is asked for.
    for (let second = 0; second < 125; second++) await made.clock.advance(1000);
    await vi.waitFor(async () => {
      await made.clock.advance(1000);
      const load = await checkpoint.load();
      const { windows, undelivered } = load.kind === "found" ? load.checkpoint : { windows: [], undelivered: [] };
      expect([windows.length, undelivered.length, ...new Set(undelivered.map(({ sinks }) => sinks.join()))]).toEqual([
        100,
        1100,
        "slow",
      ]);
    }, realTime);
    made.stop.abort();
    await settle();
    made.deadline.abort();
    await made.running;
    expect(made.pipeline.discardedBeforeSinks().get("shutdown_deadline")).toBeUndefined();
    expectBooksToBalance(made);
  });

  it("asks resolvers in order and takes the first answer, at hand or later", async () => {
    const resolvers: Resolver[] = [
      { resolve: ({ address }) => (address === "10.0.0.7" ? pod(address, "web") : undefined) },
      { resolve: async ({ address }) => pod(address, "late") },
    ];
    const made = makePipeline({ resolvers });
    made.source.write("80");
    await settle();
    expect(made.fast.reports[0]).toMatchObject({ source: { name: "web" }, destination: { name: "late" } });
    made.source.end();
    await made.running;
  });

  it("shows the bare address when a resolver fails, and says so once a minute", async () => {
    const resolvers: Resolver[] = [{ resolve: () => Promise.reject(new Error("no route")) }];
    const made = makePipeline({ resolvers });
    made.source.write("80", "81", "82");
    await settle();
    expect(made.fast.reports).toHaveLength(3);
    expect(made.fast.reports[0]?.source).toEqual({ kind: "address", address: "10.0.0.7", displayName: "10.0.0.7" });
    expect(made.logger.messages("warn")).toHaveLength(1);
    made.source.end();
    await made.running;
  });

  it("stops reading while too many reports wait for a resolver", async () => {
    let answer = () => {};
    const gate = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const resolvers: Resolver[] = [{ resolve: () => gate.then(() => undefined) }];
    const made = makePipeline({ resolvers, options: { inFlight: 2 } });
    for (const port of ["1", "2", "3", "4"]) made.source.write(port);
    await settle();
    expect(made.pipeline.linesRead).toBe(2);
    expectBooksToBalance(made);
    answer();
    await settle();
    expect(made.pipeline.linesRead).toBe(4);
    made.source.end();
    await made.running;
  });

  it("loses nothing in a crash: a restart takes over open windows and undelivered reports", async () => {
    const source = new MemorySource();
    const checkpoint = new CheckpointFile(folder, "drops");
    const before = makePipeline({ source, checkpoint });
    before.slow.answer = () => new Promise(() => {});
    source.write("80", "80", "80", "443");
    await settled(async () => {
      await before.clock.advance(1000);
      return (await checkpoint.load()).kind === "found" && before.fast.packets === 2;
    });
    // Killed here: what `before` does from now on does not count.
    const toldBefore = before.fast.packets;
    const after = makePipeline({ source, checkpoint: new CheckpointFile(folder, "drops") });
    await settled(() => source.resumedFrom === 1);
    source.write("80");
    source.end();
    await after.running;
    expect(after.slow.packets).toBe(5);
    expect(toldBefore + after.fast.packets).toBe(5);
    expectBooksToBalance(after);
    before.stop.abort();
    before.deadline.abort();
    await before.running;
  });

  it("keeps what could not be delivered before the deadline in the checkpoint", async () => {
    const source = new MemorySource();
    const before = makePipeline({ source, checkpoint: new CheckpointFile(folder, "drops") });
    before.slow.answer = () => new Promise(() => {});
    source.write("80", "80");
    await settle();
    before.stop.abort();
    await settle();
    before.deadline.abort();
    await before.running;
    expect(before.pipeline.books.get("slow")?.discardedByReason.size).toBe(0);
    const after = makePipeline({ source, checkpoint: new CheckpointFile(folder, "drops") });
    source.end();
    await after.running;
    expect(after.slow.packets).toBe(2);
    expect(before.fast.packets + after.fast.packets).toBe(2);
    expectBooksToBalance(after);
  });

  it("says why a checkpoint cannot be used, and reads from the beginning", async () => {
    const checkpoint = new CheckpointFile(folder, "drops");
    await writeFile(checkpoint.path, "garbage");
    const made = makePipeline({ checkpoint });
    made.source.write("80");
    made.source.end();
    await made.running;
    expect(made.source.resumedFrom).toBeUndefined();
    expect(made.logger.messages("error")).toHaveLength(1);
    expect(made.fast.packets).toBe(1);
  });

  it("reads again from the last place after a retryable error of the source", async () => {
    const source = new MemorySource();
    const read = source.read.bind(source);
    let failures = 0;
    source.read = async function* (resume, signal) {
      for await (const chunk of read(resume, signal)) {
        yield chunk;
        if (failures++ === 0) throw Object.assign(new Error("gone"), { retryable: true });
      }
    };
    const made = makePipeline({ source });
    source.write("80");
    source.write("81");
    await settle();
    await made.clock.advance(1000);
    expect(made.fast.packets).toBe(2);
    source.end();
    await made.running;
  });

  it("fails when the source fails for good, after what was read is delivered", async () => {
    const source = new MemorySource();
    source.read = async function* () {
      yield { bytes: Buffer.from("80\n"), resume: 1 };
      throw new Error("not a file");
    };
    const made = makePipeline({ source });
    await expect(made.running).rejects.toThrow("cannot read on from memory (x.yaml:4:3): not a file");
    expect(made.fast.packets).toBe(1);
  });

  it("fails, and names the parser, when its scan throws, even what a source might try again", async () => {
    const source = new MemorySource();
    source.read = async function* () {
      yield { bytes: Buffer.from("80\n"), resume: 1 };
    };
    const parser = {
      scan() {
        throw new RetryableError("ODD", "no idea");
      },
    };
    const made = makePipeline({ source, parser });
    await expect(made.running).rejects.toThrow("cannot go on with ports (x.yaml:5:3): no idea");
  });
});

function pod(address: string, name: string) {
  return { kind: "pod", address, displayName: name, name } as const;
}

/** Of a busy machine. */
const realTime = { timeout: 10_000 };

/** Real files need real time: waits until `done`, at most two seconds. */
async function settled(done: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await done()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("it did not settle within two seconds");
}
