/**
 * A trial of one sink whose server is in trouble, with two sinks beside it that are not. It measures how long recovery
 * takes, and ends in the equation: packets written = counted at the receivers + open + discarded by reason.
 */
import { expect } from "vitest";
import { difference, type LoadParts, type PacketCounts } from "./flow-load.ts";
import type { RunningProgram } from "./node-stage.ts";
import { type TrialFigures, tellFigures } from "./trial.ts";
import { type Books, booksOf, podMegabytes, settledPackets, type TrialConfig, TrialNode } from "./trial-node.ts";

export interface ServerTrialParts {
  /** onTestFinished of the test at hand. */
  readonly finish: (clean: () => void | Promise<void>) => void;
  readonly load: Omit<LoadParts, "path">;
  readonly config: TrialConfig;
  /** The sink at stake. */
  readonly sink: string;
  /**
   * What its server has in the end, each list of which has to be whole. Asked when the program has ended. Left out: what
   * sink-jsonl has written is looked at, as it is anyway.
   */
  receivers?(): Promise<Readonly<Record<string, PacketCounts>>>;
}

/** What the README of each sink promises, and what a busy machine needs on top. */
const recoveryMillis = 120_000;

export class ServerTrial {
  readonly node: TrialNode;
  readonly program: RunningProgram;
  readonly #parts: ServerTrialParts;
  readonly #recoverySeconds: number[] = [];

  constructor(parts: ServerTrialParts) {
    this.#parts = parts;
    this.node = new TrialNode(parts.finish, parts.load);
    this.program = this.node.run(parts.config);
  }

  /** The other sinks have all that was written up to now, while the one at stake has not. */
  async othersAreUnhurt(): Promise<void> {
    const { sink } = this.#parts;
    const before = this.node.load.packets;
    const samples = await this.node.settled(this.program, ["sink-jsonl", "sink-prometheus"], 20_000);
    expect(settledPackets(samples, sink), `${sink} is not in trouble`).toBeLessThan(before);
  }

  /** From now until all that was written up to now is settled; the load waits, so that its packets are not taken for those. */
  async recovers(): Promise<void> {
    const begin = performance.now();
    await this.node.pauseLoad(async () => {
      await this.node.settled(this.program, [this.#parts.sink], recoveryMillis);
    });
    this.#recoverySeconds.push((performance.now() - begin) / 1000);
  }

  /** The end: nothing more is written, all is settled, the program stops, and every packet has its place. */
  async conclude(
    figures: Pick<TrialFigures, "trial" | "tries" | "of" | "note">,
    { mayDiscard = false, mayRepeat = 0 }: { mayDiscard?: boolean; mayRepeat?: number } = {},
  ): Promise<Books> {
    const { sink } = this.#parts;
    await this.node.endLoad();
    const samples = await this.node.settled(this.program, [sink, "sink-jsonl", "sink-prometheus"], recoveryMillis);
    const books = booksOf(this.program, samples, sink);
    expect(await this.program.child.stop()).toBe(0);
    const { written } = this.node.load;
    const lines = difference(written, this.node.linesWritten());
    const receivers = (await this.#parts.receivers?.()) ?? { lines: this.node.linesWritten() };
    const counted = Object.values(receivers).map((counts) => difference(written, counts));
    const discarded = Object.values(books.discarded).reduce((sum, packets) => sum + packets, 0);
    const hidden = counted.map(({ lost }) => lost - discarded);
    const overCounted = Math.max(...counted.map((one) => one.overCounted));
    tellFigures({
      ...figures,
      packets: this.node.load.packets,
      lost: Math.max(...hidden, lines.lost),
      overCounted,
      discarded: books.discarded,
      peakRssMegabytes: books.peakRssMegabytes,
      note: [figures.note, this.#recoveryNote()].filter((note) => note !== undefined).join("; "),
    });
    expect(books.matched).toBe(this.node.load.packets);
    expect(books.imbalance).toEqual({ [sink]: 0, "sink-jsonl": 0, "sink-prometheus": 0 });
    expect(lines).toEqual({ lost: 0, overCounted: 0 });
    expect(Math.max(...hidden), "packets lost in silence").toBeLessThanOrEqual(0);
    expect(overCounted, "packets counted twice").toBeLessThanOrEqual(mayRepeat);
    expect(books.peakRssMegabytes, "more memory than its pod has").toBeLessThan(podMegabytes);
    if (!mayDiscard) expect(books.discarded).toEqual({});
    return books;
  }

  #recoveryNote(): string | undefined {
    if (this.#recoverySeconds.length === 0) return undefined;
    return `all delivered ${Math.max(...this.#recoverySeconds).toFixed(1)} s after its end, at the latest`;
  }
}
