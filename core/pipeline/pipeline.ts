/**
 * One road from a source to its sinks: chunk → drops → window → resolution → queues. It reads as fast as the slowest
 * part that is not stuck, and keeps the checkpoint. Made and run by Droplens (core/droplens.ts), once each.
 */
import { setImmediate } from "node:timers/promises";
import type { Clock, Logger } from "../plugin/context.ts";
import { describeError } from "../plugin/errors.ts";
import type { SourceLag } from "../plugin/source.ts";
import type { Checkpoint, CheckpointFile } from "./checkpoint.ts";
import { CheckpointKeeper } from "./checkpoint-keeper.ts";
import { Collector } from "./collector.ts";
import { Deliveries, type SinkStage } from "./deliveries.ts";
import type { DeliveryBooks } from "./delivery-books.ts";
import type { DeliveryQueue } from "./delivery-queue.ts";
import { Reading } from "./reading.ts";
import { Resolution } from "./resolution.ts";
import { SampleLog } from "./sample-log.ts";
import { takeSnapshot } from "./snapshot.ts";
import type { Stage } from "./stage.ts";
import { Ticks } from "./ticks.ts";
import { aborted } from "./waiters.ts";
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

/** What a reload may exchange. */
export interface PipelinePlan {
  readonly options: PipelineOptions;
  readonly source: Stage<"source">;
  readonly parser: Stage<"parser">;
  readonly resolvers: readonly Stage<"resolver">[];
  readonly sinks: readonly SinkStage[];
}

export interface PipelineParts extends PipelinePlan {
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

const closedAtOnce = 500;

export class Pipeline {
  readonly window: Window;
  readonly collector: Collector;
  readonly resolution: Resolution;
  /** Packets taken over from a checkpoint, by sink. */
  readonly restoredPackets = new Map<string, number>();
  #parts: PipelineParts;
  readonly #reading: Reading;
  readonly #deliveries: Deliveries;
  readonly #keeper: CheckpointKeeper;
  readonly #ticks = new Ticks();
  readonly #draining = new AbortController();
  readonly #owedTo = new Map<FoldedDrop, readonly string[]>();
  /** Packets that were in no queue when the time to stop was up. */
  #lostAtStop = 0;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    const { options, clock, logger, observe, sinks } = parts;
    const samples = new SampleLog(logger, clock);
    const onSample = samples.line.bind(samples);
    this.window = new Window({ ...options, onReport: (report) => this.resolution.accept(report) });
    this.collector = new Collector({ window: this.window, clock, maxAgeMillis: options.maxAgeMillis, onSample });
    this.resolution = this.#makeResolution(samples);
    const waitForEver = options.replay;
    this.#deliveries = new Deliveries({ clock, logger, waitForEver, onAck: observe.delivered }, sinks);
    this.#keeper = new CheckpointKeeper(parts);
    const { collector } = this;
    this.#reading = new Reading({ collector, clock, logger, room: (signal) => this.#room(signal) }, parts);
  }

  get name(): string {
    return this.#parts.options.name;
  }

  /** The stages at work. */
  get plan(): PipelinePlan {
    return this.#parts;
  }

  get checkpointPath(): string | undefined {
    return this.#parts.checkpoint?.path;
  }

  get linesRead(): number {
    return this.#reading.linesRead;
  }

  get queues(): readonly DeliveryQueue[] {
    return this.#deliveries.queues;
  }

  get books(): ReadonlyMap<string, DeliveryBooks> {
    return this.#deliveries.books;
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
    return this.#parts.source.instance.lag?.() ?? [];
  }

  /**
   * Reads until `signal` aborts or the source is at its end, then drains: closes all windows and waits for the sinks
   * until `deadline` aborts. What is then left is in the checkpoint, or discarded as `shutdown_deadline` without one.
   * Rejects when the source fails for good; it drains all the same.
   */
  async run(signal: AbortSignal, deadline: AbortSignal): Promise<void> {
    await this.#restore();
    this.#deliveries.start(this.#draining.signal);
    const ticking = new AbortController();
    const ticks = this.#tick(ticking.signal);
    try {
      // A source that does not heed its signal shall not keep the process from its end.
      await Promise.race([this.#reading.run(signal), aborted(deadline)]);
    } finally {
      ticking.abort();
      await ticks;
      await this.#drain(deadline);
    }
  }

  /**
   * Goes on with another plan, whose new stages have been started: between two chunks, with every packet where it was.
   * Resolves when the stages that are no longer in the plan may be stopped.
   */
  async reconfigure(plan: PipelinePlan): Promise<void> {
    await this.#reading.pause();
    const { maxAgeMillis } = plan.options;
    // A place means something to the plugin that made it, and only to that.
    if (plan.source.plugin !== this.#parts.source.plugin) this.#reading.resume = undefined;
    this.#parts = { ...this.#parts, ...plan };
    this.window.configure(plan.options);
    this.collector.configure(maxAgeMillis);
    this.resolution.useResolvers(plan.resolvers.map((stage) => stage.instance));
    const leaving = this.#deliveries.exchange(plan.sinks, this.#packetsPast());
    this.#reading.proceed(plan);
    this.#ticks.wake();
    await Promise.all([leaving, this.resolution.settled()]);
  }

  /** Packets that a sink which comes now has missed. */
  #packetsPast(): number {
    const restored = Math.max(0, ...this.restoredPackets.values());
    const early = [...this.discardedBeforeSinks().values()].reduce((sum, count) => sum + count, 0);
    const coming = this.window.openPackets + this.resolution.waitingPackets;
    return this.collector.matched + restored - early - coming;
  }

  /** Waits while too much is under way. */
  async #room(signal: AbortSignal): Promise<void> {
    this.#ticks.wake();
    await this.resolution.below(this.#parts.options.inFlight);
    await this.#deliveries.room(signal);
    await setImmediate();
  }

  /** Apart: a window may wait for room as long as a sink is stuck, the checkpoint may not. */
  async #tick(signal: AbortSignal): Promise<void> {
    const { clock, options, checkpoint } = this.#parts;
    const close = async () => {
      await this.#closeWindows(clock.now(), signal);
      return this.window.flows === 0;
    };
    const save = async () => (await this.#save()) && this.#isAtRest();
    const closing = options.replay || this.#ticks.run(close, clock, signal);
    await Promise.all([closing, checkpoint && this.#ticks.run(save, clock, signal)]);
  }

  /** Nothing changes before the next chunk. */
  #isAtRest(): boolean {
    return this.window.flows === 0 && [...this.books.keys()].every((sink) => this.openPackets(sink) === 0);
  }

  async #closeWindows(nowMillis: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.window.closeDue(nowMillis, closedAtOnce)) await this.#room(signal);
  }

  async #drain(deadline: AbortSignal): Promise<void> {
    await Promise.race([this.#drainAll(deadline), aborted(deadline)]);
    this.#draining.abort();
    await this.#deliveries.ended();
    await this.#keepRest();
  }

  async #drainAll(deadline: AbortSignal): Promise<void> {
    await this.#closeWindows(Number.POSITIVE_INFINITY, deadline);
    await this.resolution.below(1);
    await this.#deliveries.drain();
  }

  /** After the deadline: the checkpoint keeps what is left, or it is counted as lost. */
  async #keepRest(): Promise<void> {
    const kept = await this.#save(true);
    const { logger } = this.#parts;
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
    const { resume } = this.#reading;
    const state = JSON.stringify([resume ?? null, this.collector.matched, this.window.openPackets, ...settled]);
    return this.#keeper.save(state, () => this.#snapshot(), atOnce);
  }

  #snapshot(): Checkpoint {
    const { window, resolution, queues } = this;
    return takeSnapshot({ window, resolution, queues, owedTo: this.#owedTo, resume: this.#reading.resume });
  }

  async #restore(): Promise<void> {
    const checkpoint = await this.#keeper.load();
    if (checkpoint === undefined) return;
    this.#reading.resume = checkpoint.resume;
    for (const folded of checkpoint.windows) this.#restoreWindow(folded as FoldedDrop);
    for (const { sinks, ...folded } of checkpoint.undelivered) this.#restoreReport(folded as FoldedDrop, sinks);
  }

  #restoreWindow(folded: FoldedDrop): void {
    if (!this.window.restore(folded, this.#parts.clock.now())) return;
    for (const sink of this.books.keys()) this.#noteRestored(sink, folded.count);
  }

  #restoreReport(folded: FoldedDrop, sinks: readonly string[]): void {
    const present = sinks.filter((sink) => this.books.has(sink));
    if (present.length < sinks.length) {
      const fields = { sinks, packets: folded.count };
      this.#parts.logger.warn(fields, "the checkpoint holds packets for a sink that is no longer configured");
    }
    if (present.length === 0) return;
    for (const sink of present) this.#noteRestored(sink, folded.count);
    this.#owedTo.set(folded, present);
    this.resolution.accept(folded);
  }

  #noteRestored(sink: string, packets: number): void {
    this.restoredPackets.set(sink, (this.restoredPackets.get(sink) ?? 0) + packets);
  }

  #makeResolution(samples: SampleLog): Resolution {
    const { resolvers, clock, observe } = this.#parts;
    return new Resolution({
      resolvers: resolvers.map((stage) => stage.instance),
      clock,
      signal: this.#draining.signal,
      onReport: (report, folded) => {
        const only = this.#owedTo.size > 0 ? this.#owedTo.get(folded) : undefined;
        if (only !== undefined) this.#owedTo.delete(folded);
        this.#deliveries.offer(report, only);
      },
      onResolved: observe.resolved,
      onError: (resolver, error) => samples.resolverFailed(this.#nameOf(resolver), describeError(error)),
    });
  }

  #nameOf(resolver: unknown): string {
    return (
      this.#parts.resolvers.find((stage) => stage.instance === resolver)?.name ?? "a resolver of before the reload"
    );
  }
}
