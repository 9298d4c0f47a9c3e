/**
 * Folds packets of the same flow: the first one is reported at once, its repeats within `repeatIntervalMillis` are
 * counted and reported together when the window closes. No packet is left out: each is in a report, or in `openPackets`.
 * The collector feeds it; reports go to `onReport` in the same call.
 */
import { FlowKey } from "../model/flow-key.ts";
import type { PacketDrop } from "../model/packet-drop.ts";
import { FlowTable } from "./flow-table.ts";

/** A report before its addresses are resolved. */
export interface FoldedDrop {
  readonly drop: PacketDrop;
  readonly count: number;
  readonly firstMillis: number;
  readonly lastMillis: number;
  readonly repeat: boolean;
}

export interface WindowOptions {
  readonly repeatIntervalMillis: number;
  /** Open flows at most; the oldest is closed early to make room. */
  readonly maxFlows: number;
  onReport(report: FoldedDrop): void;
}

const none = -1;

export class Window {
  #options: WindowOptions;
  readonly #table: FlowTable;
  readonly #restored = new FlowKey();
  #openPackets = 0;
  /** By entry of the table. */
  #drops: (PacketDrop | undefined)[] = [];
  #firstMillis = new Float64Array(0);
  #pending = new Float64Array(0);
  #pendingFirstMillis = new Float64Array(0);
  #lastMillis = new Float64Array(0);
  /** When the window was opened by our own clock: what `closeDue` goes by. */
  #openedMillis = new Float64Array(0);
  /** Entries in the order of opening: a doubly linked list. */
  #next = new Int32Array(0);
  #previous = new Int32Array(0);
  #oldest = none;
  #newest = none;

  constructor(options: WindowOptions) {
    this.#options = options;
    this.#table = new FlowTable(Math.min(options.maxFlows, 1024));
    this.#allocate();
  }

  /** From now on; open windows go by the new interval too. */
  configure({ repeatIntervalMillis, maxFlows }: Omit<WindowOptions, "onReport">): void {
    this.#options = { ...this.#options, repeatIntervalMillis, maxFlows };
  }

  /** Flows whose window is open. */
  get flows(): number {
    return this.#table.size;
  }

  /** Repeats that no report has brought yet. */
  get openPackets(): number {
    return this.#openPackets;
  }

  /** True when the packet is a repeat and now counted; false when `open` must follow with the same words. */
  repeat(words: Uint32Array, timeMillis: number): boolean {
    const entry = this.#table.find(words);
    if (entry < 0) return false;
    if (timeMillis - (this.#firstMillis[entry] as number) >= this.#options.repeatIntervalMillis) {
      this.#close(entry);
      return false;
    }
    if (this.#pending[entry] === 0) this.#pendingFirstMillis[entry] = timeMillis;
    if (timeMillis > (this.#lastMillis[entry] as number)) this.#lastMillis[entry] = timeMillis;
    (this.#pending[entry] as number)++;
    this.#openPackets++;
    return true;
  }

  /** Opens the flow's window and reports its first packet. */
  open(words: Uint32Array, drop: PacketDrop, timeMillis: number, nowMillis: number): void {
    this.#insert(words, drop, timeMillis, nowMillis);
    this.#options.onReport({ drop, count: 1, firstMillis: timeMillis, lastMillis: timeMillis, repeat: false });
  }

  /** Closes windows that are over by `nowMillis` (Infinity: all), oldest first, `most` at once. True: there are more. */
  closeDue(nowMillis: number, most: number): boolean {
    const limit = nowMillis - this.#options.repeatIntervalMillis;
    for (let closed = 0; closed < most; closed++) {
      if (this.#oldest === none) return false;
      const opened = this.#openedMillis[this.#oldest] as number;
      // Opened in the future: the clock was set back, and nobody shall wait an hour for a count.
      if (opened > limit && opened <= nowMillis) return false;
      this.#close(this.#oldest);
    }
    return true;
  }

  /** What a crash must not lose: the repeats that no report has brought yet. */
  *pending(): Generator<FoldedDrop> {
    for (let entry = this.#oldest; entry !== none; entry = this.#next[entry] as number) {
      const report = this.#pendingReport(entry);
      if (report !== undefined) yield report;
    }
  }

  /** Takes back what `pending` gave to a checkpoint. False when the record's addresses are none. */
  restore(report: FoldedDrop, nowMillis: number): boolean {
    const key = this.#restored;
    if (!key.fill(report.drop) || this.#table.find(key.words) >= 0) return false;
    // As old as it was: a process that never lives as long as a window shall close it all the same.
    const openedMillis = Math.min(nowMillis, report.firstMillis);
    const entry = this.#insert(key.words, report.drop, report.firstMillis, openedMillis);
    this.#pending[entry] = report.count;
    this.#pendingFirstMillis[entry] = report.firstMillis;
    this.#lastMillis[entry] = report.lastMillis;
    this.#openPackets += report.count;
    return true;
  }

  #insert(words: Uint32Array, drop: PacketDrop, timeMillis: number, nowMillis: number): number {
    if (this.#table.size >= this.#options.maxFlows) this.#close(this.#oldest);
    const entry = this.#table.add(words);
    if (entry >= this.#pending.length) this.#allocate();
    this.#drops[entry] = drop;
    this.#firstMillis[entry] = timeMillis;
    this.#lastMillis[entry] = timeMillis;
    this.#openedMillis[entry] = nowMillis;
    this.#pending[entry] = 0;
    this.#append(entry);
    return entry;
  }

  #close(entry: number): void {
    const report = this.#pendingReport(entry);
    this.#unlink(entry);
    this.#table.remove(entry);
    this.#drops[entry] = undefined;
    if (report === undefined) return;
    this.#openPackets -= report.count;
    this.#options.onReport(report);
  }

  #pendingReport(entry: number): FoldedDrop | undefined {
    const drop = this.#drops[entry];
    const count = small(this.#pending[entry] as number);
    if (drop === undefined || count === 0) return undefined;
    const firstMillis = this.#pendingFirstMillis[entry] as number;
    return { drop, count, firstMillis, lastMillis: this.#lastMillis[entry] as number, repeat: true };
  }

  #append(entry: number): void {
    this.#previous[entry] = this.#newest;
    this.#next[entry] = none;
    if (this.#newest === none) this.#oldest = entry;
    else this.#next[this.#newest] = entry;
    this.#newest = entry;
  }

  #unlink(entry: number): void {
    const next = this.#next[entry] as number;
    const previous = this.#previous[entry] as number;
    if (previous === none) this.#oldest = next;
    else this.#next[previous] = next;
    if (next === none) this.#newest = previous;
    else this.#previous[next] = previous;
  }

  #allocate(): void {
    const entries = this.#table.entries;
    this.#firstMillis = grown(this.#firstMillis, new Float64Array(entries));
    this.#pending = grown(this.#pending, new Float64Array(entries));
    this.#pendingFirstMillis = grown(this.#pendingFirstMillis, new Float64Array(entries));
    this.#lastMillis = grown(this.#lastMillis, new Float64Array(entries));
    this.#openedMillis = grown(this.#openedMillis, new Float64Array(entries));
    this.#next = grown(this.#next, new Int32Array(entries));
    this.#previous = grown(this.#previous, new Int32Array(entries));
  }
}

/** The same number, as V8 keeps small integers: with the form of a fraction, reports would be of two shapes. */
function small(count: number): number {
  return count <= 0x7fff_ffff ? count | 0 : count;
}

function grown<A extends Float64Array | Int32Array>(old: A, larger: A): A {
  larger.set(old as never);
  return larger;
}
