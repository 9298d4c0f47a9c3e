/**
 * One road from a source to its sinks: chunk → drops → window → resolution → queues. It reads as fast as the slowest
 * part that is not stuck, and keeps the checkpoint. Made and run by Droplens (core/droplens.ts), once each.
 */
import { setImmediate } from "node:timers/promises";
import type { DropReport } from "../model/drop-report.ts";
import { backoffMillis } from "../plugin/backoff.ts";
import type { Clock, Logger } from "../plugin/context.ts";
import { describeError, isRetryable } from "../plugin/errors.ts";
import type { DeliveryOptions } from "../plugin/sink.ts";
import type { JsonValue, SourceLag } from "../plugin/source.ts";
import type { Checkpoint, CheckpointFile } from "./checkpoint.ts";
import { CheckpointKeeper } from "./checkpoint-keeper.ts";
import { Collector } from "./collector.ts";
import { DeliveryBooks } from "./delivery-books.ts";
import { DeliveryQueue } from "./delivery-queue.ts";
import { countLines } from "./line-count.ts";
import { chunkParser } from "./line-scanner.ts";
import { Resolution } from "./resolution.ts";
import { SampleLog } from "./sample-log.ts";
import { takeSnapshot } from "./snapshot.ts";
import type { Stage } from "./stage.ts";
import { type FoldedDrop, Window } from "./window.ts";

export interface PipelineOptions {
  readonly name: string;
  readonly maxAgeMillis: number | undefined;
  readonly repeatIntervalMillis: number;
  readonly maxFlows: number;
  readonly inFlight: number;
  /** Files from the past: windows go by the packets' time only, and a full queue is waited for. */
  readonly replay: boolean;
}

export interface PipelineParts {
  readonly options: PipelineOptions;
  readonly source: Stage<"source">;
  readonly parser: Stage<"parser">;
  readonly resolvers: readonly Stage<"resolver">[];
  readonly sinks: readonly SinkStage[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Undefined: the place lives in memory. */
  readonly checkpoint: CheckpointFile | undefined;
  readonly observe: {
    /** Milliseconds that a report waited for resolvers. */
    resolved(millis: number): void;
    /** Milliseconds from a report's making to its ack. */
    delivered(sink: string, millis: number): void;
  };
}

export interface SinkStage extends Stage<"sink"> {
  readonly delivery: DeliveryOptions;
}

/** How long a full queue may hold up the others before it is left to itself. */
const patienceMillis = 1000;
const tickMillis = 1000;
const closedAtOnce = 500;
const sourceBackoff = { firstMillis: 500, maxMillis: 30_000 };

export class Pipeline {
  readonly parts: PipelineParts;
  readonly window: Window;
  readonly collector: Collector;
  readonly resolution: Resolution;
  readonly queues: readonly DeliveryQueue[];
  readonly books: ReadonlyMap<string, DeliveryBooks>;
  /** Packets taken over from a checkpoint, by sink. */
  readonly restoredPackets = new Map<string, number>();
  linesRead = 0;
  readonly #draining = new AbortController();
  readonly #owedTo = new Map<FoldedDrop, readonly string[]>();
  readonly #leftToThemselves = new Set<DeliveryQueue>();
  #resume: JsonValue | undefined;
  #delivering: Promise<unknown> = Promise.resolve();
  readonly #samples: SampleLog;
  readonly #keeper: CheckpointKeeper;
  /** Packets that were in no queue when the time to stop was up. */
  #lostAtStop = 0;

  constructor(parts: PipelineParts) {
    this.parts = parts;
    const { options, clock, logger } = parts;
    this.window = new Window({ ...options, onReport: (report) => this.resolution.accept(report) });
    this.#samples = new SampleLog(logger, clock);
    const onSample = this.#samples.line.bind(this.#samples);
    this.collector = new Collector({ window: this.window, clock, maxAgeMillis: options.maxAgeMillis, onSample });
    this.resolution = this.#makeResolution();
    this.books = new Map(parts.sinks.map(({ name }) => [name, new DeliveryBooks()]));
    this.#keeper = new CheckpointKeeper(parts);
    this.queues = parts.sinks.map((stage) => this.#makeQueue(stage));
  }

  get name(): string {
    return this.parts.options.name;
  }

  /** Packets that the sink has neither stored nor given up. */
  openPackets(sink: string): number {
    const queued = this.books.get(sink)?.openPackets ?? 0;
    return this.window.openPackets + this.resolution.waitingPackets + queued;
  }

  /** Packets given up before they came to any sink, by reason. */
  discardedBeforeSinks(): ReadonlyMap<string, number> {
    const counts = new Map([["expired", this.collector.expired]]);
    if (this.#lostAtStop > 0) counts.set("shutdown_deadline", this.#lostAtStop);
    return counts;
  }

  lag(): readonly SourceLag[] {
    return this.parts.source.instance.lag?.() ?? [];
  }

  /**
   * Reads until `signal` aborts or the source is at its end, then drains: closes all windows and waits for the sinks
   * until `deadline` aborts. What is then left is in the checkpoint, or discarded as `shutdown_deadline` without one.
   * Rejects when the source fails for good; it drains all the same.
   */
  async run(signal: AbortSignal, deadline: AbortSignal): Promise<void> {
    await this.#restore();
    this.#delivering = Promise.all(this.queues.map((queue) => queue.run(this.#draining.signal)));
    const ticking = new AbortController();
    const ticks = this.#tick(ticking.signal);
    try {
      // A source that does not heed its signal shall not keep the process from its end.
      await Promise.race([this.#readAll(signal), ended(deadline)]);
    } finally {
      ticking.abort();
      await ticks;
      await this.#drain(deadline);
    }
  }

  async #readAll(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      try {
        await this.#read(signal, () => {
          failures = 0;
        });
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (!isRetryable(error)) throw error;
        const waitMillis = backoffMillis(++failures, sourceBackoff, error.retryAfterMillis);
        this.parts.logger.warn({ error: describeError(error), waitMillis }, "reading failed: trying again");
        await this.parts.clock.sleep(waitMillis, signal).catch(() => {});
      }
    }
  }

  async #read(signal: AbortSignal, onChunk: () => void): Promise<void> {
    const parser = chunkParser(this.parts.parser.instance);
    for await (const { bytes, resume } of this.parts.source.instance.read(this.#resume, signal)) {
      this.collector.beginChunk();
      parser.scan(bytes, this.collector);
      this.linesRead += countLines(bytes);
      this.#resume = resume;
      onChunk();
      await this.#room();
    }
  }

  /** Waits while too much is under way. A queue that stays full for a second is stuck: it alone loses, counted. */
  async #room(): Promise<void> {
    await this.resolution.below(this.parts.options.inFlight);
    for (const queue of this.queues) {
      if (queue.hasRoom) this.#leftToThemselves.delete(queue);
      else if (!this.#leftToThemselves.has(queue)) await this.#waitFor(queue);
    }
    await setImmediate();
  }

  async #waitFor(queue: DeliveryQueue): Promise<void> {
    if (this.parts.options.replay) return queue.room();
    const patience = new AbortController();
    const limit = this.parts.clock.sleep(patienceMillis, patience.signal).catch(() => {});
    await Promise.race([queue.room(), limit]);
    patience.abort();
    if (!queue.hasRoom) this.#leftToThemselves.add(queue);
  }

  async #tick(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.parts.clock.sleep(tickMillis, signal).catch(() => {});
      if (!this.parts.options.replay) await this.#closeWindows(this.parts.clock.now(), signal);
      await this.#save();
    }
  }

  async #closeWindows(nowMillis: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.window.closeDue(nowMillis, closedAtOnce)) await this.#room();
  }

  async #drain(deadline: AbortSignal): Promise<void> {
    await Promise.race([this.#drainAll(deadline), ended(deadline)]);
    this.#draining.abort();
    await this.#delivering;
    await this.#keepRest();
  }

  async #drainAll(deadline: AbortSignal): Promise<void> {
    await this.#closeWindows(Number.POSITIVE_INFINITY, deadline);
    await this.resolution.below(1);
    for (const queue of this.queues) queue.close();
    await this.#delivering;
  }

  /** After the deadline: the checkpoint keeps what is left, or it is counted as lost. */
  async #keepRest(): Promise<void> {
    const kept = await this.#save(true);
    const { logger } = this.parts;
    const log = (rest: object) => {
      if (kept) logger.warn(rest, "stopped before all was delivered: the rest is in the checkpoint");
      else logger.error(rest, "stopped before all was delivered: the rest is discarded");
    };
    const packets = this.window.openPackets + this.resolution.waitingPackets;
    if (packets > 0) log({ packets });
    if (!kept) this.#lostAtStop += packets;
    for (const queue of this.queues.filter(({ length }) => length > 0)) {
      const rest = { sink: queue.name, reports: queue.length };
      log(kept ? rest : { ...rest, packets: queue.discardRest("shutdown_deadline") });
    }
  }

  #save(atOnce = false): Promise<boolean> {
    const settled = [...this.books.values()].map((books) => `${books.deliveredPackets} ${books.openPackets}`);
    const state = JSON.stringify([this.#resume ?? null, this.collector.matched, this.window.openPackets, ...settled]);
    return this.#keeper.save(state, () => this.#snapshot(), atOnce);
  }

  #snapshot(): Checkpoint {
    const { window, resolution, queues } = this;
    return takeSnapshot({ window, resolution, queues, owedTo: this.#owedTo, resume: this.#resume });
  }

  async #restore(): Promise<void> {
    const checkpoint = await this.#keeper.load();
    if (checkpoint === undefined) return;
    this.#resume = checkpoint.resume;
    for (const folded of checkpoint.windows) this.#restoreWindow(folded as FoldedDrop);
    for (const { sinks, ...folded } of checkpoint.undelivered) this.#restoreReport(folded as FoldedDrop, sinks);
  }

  #restoreWindow(folded: FoldedDrop): void {
    if (!this.window.restore(folded, this.parts.clock.now())) return;
    for (const sink of this.books.keys()) this.#noteRestored(sink, folded.count);
  }

  #restoreReport(folded: FoldedDrop, sinks: readonly string[]): void {
    const present = sinks.filter((sink) => this.books.has(sink));
    if (present.length < sinks.length) {
      const fields = { sinks, packets: folded.count };
      this.parts.logger.warn(fields, "the checkpoint holds packets for a sink that is no longer configured");
    }
    if (present.length === 0) return;
    for (const sink of present) this.#noteRestored(sink, folded.count);
    this.#owedTo.set(folded, present);
    this.resolution.accept(folded);
  }

  #noteRestored(sink: string, packets: number): void {
    this.restoredPackets.set(sink, (this.restoredPackets.get(sink) ?? 0) + packets);
  }

  #makeResolution(): Resolution {
    const { resolvers, clock, observe } = this.parts;
    return new Resolution({
      resolvers: resolvers.map((stage) => stage.instance),
      clock,
      signal: this.#draining.signal,
      onReport: (report, folded) => this.#offer(report, folded),
      onResolved: observe.resolved,
      onError: (index, error) => this.#samples.resolverFailed(resolvers[index]?.name ?? "", describeError(error)),
    });
  }

  #offer(report: DropReport, folded: FoldedDrop): void {
    const only = this.#owedTo.size > 0 ? this.#owedTo.get(folded) : undefined;
    if (only !== undefined) this.#owedTo.delete(folded);
    for (const queue of this.queues) if (only === undefined || only.includes(queue.name)) queue.offer(report);
  }

  #makeQueue({ name, instance: sink, delivery: options }: SinkStage): DeliveryQueue {
    const { clock, logger, observe } = this.parts;
    const books = this.books.get(name) ?? new DeliveryBooks();
    const onAck = (millis: number) => observe.delivered(name, millis);
    return new DeliveryQueue({ name, sink, options, clock, logger, books, onAck });
  }
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
