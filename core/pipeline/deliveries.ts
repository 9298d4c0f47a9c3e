/**
 * The back of a pipeline: a queue for each sink, and the rule that a full one may hold up the others for a moment only,
 * unless the config says that it is to be waited for.
 * Sinks can come, go and be exchanged while it runs: a reload does that.
 */
import type { When } from "../config/when.ts";
import type { DropReport } from "../model/drop-report.ts";
import type { Clock, Logger } from "../plugin/context.ts";
import type { DeliveryOptions } from "../plugin/sink.ts";
import { DeliveryBooks } from "./delivery-books.ts";
import { DeliveryQueue } from "./delivery-queue.ts";
import { selection } from "./selection.ts";
import type { Stage } from "./stage.ts";

export interface SinkStage extends Stage<"sink"> {
  readonly delivery: DeliveryOptions;
  /** Which reports it gets; left out: all. */
  readonly when?: When | undefined;
}

export interface DeliveriesParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** A full queue is waited for, however long it takes (replay). */
  readonly waitForEver: boolean;
  onAck(sink: string, millis: number): void;
}

/** How long a full queue may hold up the others before it is left to itself. */
const patienceMillis = 1000;

/** How long a sink that is taken away may go on delivering what it still has. */
const farewellMillis = 10_000;

interface Lane {
  readonly stage: SinkStage;
  readonly queue: DeliveryQueue;
  readonly end: AbortController;
  running: Promise<void>;
}

export class Deliveries {
  readonly #parts: DeliveriesParts;
  readonly #lanes = new Map<string, Lane>();
  readonly #books = new Map<string, DeliveryBooks>();
  readonly #leftToThemselves = new Set<DeliveryQueue>();
  #signal: AbortSignal | undefined;

  constructor(parts: DeliveriesParts, sinks: readonly SinkStage[]) {
    this.#parts = parts;
    for (const stage of sinks) this.#add(stage);
  }

  get queues(): readonly DeliveryQueue[] {
    return [...this.#lanes.values()].map((lane) => lane.queue);
  }

  get books(): ReadonlyMap<string, DeliveryBooks> {
    return this.#books;
  }

  /** Begins delivering; `signal` ends it, with the rest undelivered. */
  start(signal: AbortSignal): void {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#abort(), { once: true });
    for (const lane of this.#lanes.values()) this.#run(lane);
  }

  /** To the named sinks, or to all. */
  offer(report: DropReport, only?: readonly string[]): void {
    for (const { queue } of this.#lanes.values())
      if (only === undefined || only.includes(queue.name)) queue.offer(report);
  }

  /**
   * Waits while a queue is too full, or until `signal` aborts. One that stays full for a second is stuck: it alone loses,
   * counted; but one that is waited for is waited for.
   */
  async room(signal: AbortSignal): Promise<void> {
    for (const { queue } of this.#lanes.values()) {
      if (queue.hasRoom) this.#leftToThemselves.delete(queue);
      else if (queue.isWaitedFor) await queue.room(signal);
      else if (!this.#leftToThemselves.has(queue)) await this.#waitFor(queue, signal);
    }
  }

  /** No more reports: resolves when all queues are empty, or with the signal of `start`. */
  async drain(): Promise<void> {
    for (const { queue } of this.#lanes.values()) queue.close();
    await this.ended();
  }

  async ended(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.running));
  }

  /**
   * Delivers to these sinks from now on. What an exchanged sink still had goes to its successor of the same name; what a
   * removed one had is delivered first. A new one is told of `packetsBefore` that came before its time. Resolves when the
   * stages that are not in `sinks` may be stopped.
   */
  async exchange(sinks: readonly SinkStage[], packetsBefore: number): Promise<void> {
    const leaving: Promise<void>[] = [];
    for (const [name, lane] of [...this.#lanes]) {
      const successor = sinks.find((stage) => stage.name === name);
      if (successor !== lane.stage) leaving.push(this.#leave(name, lane, successor));
    }
    for (const stage of sinks) if (!this.#lanes.has(stage.name)) this.#join(stage, packetsBefore);
    await Promise.all(leaving);
  }

  #join(stage: SinkStage, packetsBefore: number): void {
    this.#run(this.#add(stage));
    if (packetsBefore > 0) this.#books.get(stage.name)?.discardedByReason.set("before_its_time", packetsBefore);
  }

  async #leave(name: string, lane: Lane, successor: SinkStage | undefined): Promise<void> {
    this.#lanes.delete(name);
    this.#leftToThemselves.delete(lane.queue);
    if (successor === undefined) return this.#takeLeave(name, lane);
    const next = this.#add(successor);
    this.#run(next);
    for (const report of await lane.queue.retire(lane.running)) next.queue.adopt(report);
  }

  async #takeLeave(name: string, { queue, running, end }: Lane): Promise<void> {
    this.#books.delete(name);
    queue.close();
    const patience = new AbortController();
    await Promise.race([running, this.#parts.clock.sleep(farewellMillis, patience.signal).catch(() => {})]);
    patience.abort();
    end.abort();
    await running;
    const packets = queue.discardRest("sink_removed");
    if (packets > 0)
      this.#parts.logger.error({ sink: name, packets }, "a sink was taken away before it had delivered all");
  }

  #run(lane: Lane): void {
    if (this.#signal !== undefined) lane.running = lane.queue.run(lane.end.signal);
  }

  #abort(): void {
    for (const lane of this.#lanes.values()) lane.end.abort();
  }

  #add(stage: SinkStage): Lane {
    const { clock, logger, onAck, waitForEver } = this.#parts;
    const { name, instance: sink, delivery, when } = stage;
    const options = waitForEver ? { ...delivery, whenFull: "wait" as const } : delivery;
    const books = this.#books.get(name) ?? new DeliveryBooks();
    this.#books.set(name, books);
    const ack = (millis: number) => onAck(name, millis);
    const selects = when === undefined ? undefined : selection(when);
    const queue = new DeliveryQueue({ name, sink, options, selects, clock, logger, books, onAck: ack });
    const lane = { stage, queue, end: new AbortController(), running: Promise.resolve() };
    this.#lanes.set(name, lane);
    return lane;
  }

  async #waitFor(queue: DeliveryQueue, signal: AbortSignal): Promise<void> {
    const patience = new AbortController();
    const limit = this.#parts.clock.sleep(patienceMillis, patience.signal).catch(() => {});
    await Promise.race([queue.room(signal), limit]);
    patience.abort();
    if (!queue.hasRoom) this.#leftToThemselves.add(queue);
  }
}
