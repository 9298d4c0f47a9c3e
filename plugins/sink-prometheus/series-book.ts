/**
 * The series of one counter: finds the series of a report's label values, caps how many there are, removes the stale.
 * Called by prometheus-sink.ts for every report, so a known series is found without making a string or an object.
 */
import { type Counter, type Labels, printable } from "../../core/plugin/index.ts";
import type { LabelValue } from "./drop-labels.ts";

export interface Series {
  readonly labels: Labels;
  readonly path: readonly LabelValue[];
  /** Packets that the counter has not been told of yet. */
  pending: number;
  /** Packets that the counter has been told of. */
  counted: number;
  lastAddedMillis: number;
}

/** A level of labels: the value to the next level, and at the last one to the series. */
type Branch = Map<LabelValue, Branch | Series>;

const overflow = "overflow";

/** DNS allows names of 253 bytes, Kubernetes too; a log prefix has 29 at most. */
const maxValueBytes = 253;

export class SeriesBook {
  readonly #counter: Counter;
  readonly #labelNames: readonly string[];
  readonly #maxSeries: number;
  readonly #root: Branch = new Map();
  readonly #series = new Set<Series>();
  readonly #overflow: Series;
  readonly #touched: Series[] = [];
  /** The way of the last search: reports in a row have much in common. `#way[i]` is where `#wayValues[i]` led from. */
  readonly #way: Branch[];
  readonly #wayValues: LabelValue[] = [];
  /** How many of `#wayValues` led on. */
  #wayLength = 0;

  constructor(counter: Counter, labelNames: readonly string[], maxSeries: number) {
    this.#counter = counter;
    this.#labelNames = labelNames;
    this.#maxSeries = maxSeries;
    this.#way = [this.#root];
    this.#overflow = this.#plant(labelNames.map(() => overflow));
  }

  /** Series that were made and not removed, `overflow` left out. */
  get size(): number {
    return this.#series.size;
  }

  /** Counts `count` packets for `values`, which stay the caller's. They show after the next `flush`. */
  add(values: readonly LabelValue[], count: number): void {
    const series = this.#find(values) ?? this.#findCleanOrMake(values);
    if (series.pending === 0) this.#touched.push(series);
    series.pending += count;
  }

  /** Tells the counter what was added: once a batch for each series, since that is the dear part. */
  flush(nowMillis: number): void {
    for (const series of this.#touched) {
      this.#counter.add(series.labels, series.pending);
      series.counted += series.pending;
      series.pending = 0;
      series.lastAddedMillis = nowMillis;
    }
    this.#touched.length = 0;
  }

  /** Removes the series to which nothing was added since `beforeMillis`; returns how many packets they had counted. */
  removeStale(beforeMillis: number): number {
    let packets = 0;
    for (const series of this.#series) {
      if (series.lastAddedMillis > beforeMillis) continue;
      packets += series.counted;
      this.#series.delete(series);
      this.#counter.remove(series.labels);
      prune(this.#root, series.path, 0);
      this.#wayLength = 0;
    }
    return packets;
  }

  #find(values: readonly LabelValue[]): Series | undefined {
    const last = values.length - 1;
    let depth = 0;
    while (depth < this.#wayLength && values[depth] === this.#wayValues[depth]) depth++;
    this.#wayLength = depth;
    let branch = this.#way[depth] as Branch;
    for (; depth < last; depth++) {
      const value = values[depth] as LabelValue;
      const next = branch.get(value);
      if (!(next instanceof Map)) return undefined;
      this.#wayValues[depth] = value;
      this.#way[depth + 1] = next;
      this.#wayLength = depth + 1;
      branch = next;
    }
    const series = branch.get(values[last] ?? "");
    return series instanceof Map ? undefined : series;
  }

  #findCleanOrMake(values: readonly LabelValue[]): Series {
    if (values.every(isClean)) return this.#make(values);
    const clean = values.map(cleanValue);
    return this.#find(clean) ?? this.#make(clean);
  }

  #make(clean: readonly LabelValue[]): Series {
    if (this.#series.size >= this.#maxSeries) return this.#overflow;
    const series = this.#plant(clean.map(ownCopy));
    this.#series.add(series);
    return series;
  }

  #plant(path: readonly LabelValue[]): Series {
    // Frozen, so that the counter may know the labels by the object.
    const labels = Object.freeze(Object.fromEntries(this.#labelNames.map((name, i) => [name, String(path[i] ?? "")])));
    const series: Series = { labels, path, pending: 0, counted: 0, lastAddedMillis: 0 };
    let branch = this.#root;
    for (const value of path.slice(0, -1)) {
      const known = branch.get(value);
      const next: Branch = known instanceof Map ? known : new Map();
      if (next !== known) branch.set(value, next);
      branch = next;
    }
    branch.set(path.at(-1) ?? "", series);
    return series;
  }
}

/** Cleaning twice changes nothing; that is why only clean values are in the tree, and raw ones are never mistaken. */
export function cleanValue(value: LabelValue): LabelValue {
  return typeof value === "number" || isClean(value) ? value : printable(value, maxValueBytes);
}

/** Short, and nothing but printable ASCII. */
function isClean(value: LabelValue): boolean {
  if (typeof value === "number") return true;
  if (value.length > maxValueBytes) return false;
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    if (unit < 0x20 || unit > 0x7e) return false;
  }
  return true;
}

/** V8 keeps the whole line or page alive of which a string is a slice; a series may live for ever. */
function ownCopy(value: LabelValue): LabelValue {
  return typeof value === "number" ? value : Buffer.from(value).toString();
}

/** Takes the series at the end of `path` out, and the branches that it leaves empty. */
function prune(branch: Branch, path: readonly LabelValue[], depth: number): void {
  const value = path[depth] ?? "";
  const next = branch.get(value);
  if (next instanceof Map) prune(next, path, depth + 1);
  if (!(next instanceof Map) || next.size === 0) branch.delete(value);
}
