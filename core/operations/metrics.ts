/**
 * The process's metrics on one prom-client registry (never its global one). Values are kept in plain numbers and handed
 * to prom-client when it is scraped, so that counting on the hot path costs an addition and no hashing of labels.
 * Text format 0.0.4: OpenMetrics would rename `packet_drops_count` to `packet_drops_count_total`.
 */
// Its index would also load what pushes metrics and what gathers them from clusters, and with them node:https, node:zlib
// and node:cluster: a seventh of the CPU time of a start (bench start).
import PromCounter from "prom-client/lib/counter.js";
import PromGauge from "prom-client/lib/gauge.js";
import PromHistogram from "prom-client/lib/histogram.js";
import PromRegistry from "prom-client/lib/registry.js";
import type { Counter, CounterSeries, Gauge, Histogram, Instrument, Labels, Metrics } from "../plugin/context.ts";

/** Asked for the values at each scrape. */
export type Reader = () => Iterable<readonly [Labels, number]>;

type Kind = "counter" | "gauge" | "histogram";

interface Registered {
  readonly kind: Kind;
  readonly labels: string;
  readonly facade: Counter | Gauge | Histogram;
}

export class PrometheusMetrics implements Metrics {
  readonly registry = new PromRegistry();
  readonly #registered = new Map<string, Registered>();
  readonly #readers = new Map<string, Set<Reader>>();

  /** The page that Prometheus scrapes. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  counter(instrument: Instrument): Counter {
    return this.#once("counter", instrument, () => {
      const cells = new Cells();
      this.observe("counter", instrument, () => cells.values());
      return {
        add: (labels, count = 1) => cells.cell(labels).add(count),
        series: (labels) => cells.cell(labels),
        remove: (labels) => cells.remove(labels),
      } satisfies Counter;
    });
  }

  gauge(instrument: Instrument): Gauge {
    return this.#once("gauge", instrument, () => {
      const cells = new Cells();
      this.observe("gauge", instrument, () => cells.values());
      return {
        set: (labels, value) => cells.cell(labels).set(value),
        remove: (labels) => cells.remove(labels),
      } satisfies Gauge;
    });
  }

  histogram(instrument: Instrument & { readonly buckets: readonly number[] }): Histogram {
    return this.#once("histogram", instrument, () => {
      const { name, help, labels = [], buckets } = instrument;
      const registers = [this.registry];
      const histogram = new PromHistogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers });
      return { observe: (values, value) => histogram.observe({ ...values }, value) } satisfies Histogram;
    });
  }

  /**
   * A metric whose values are read at each scrape. Several readers may share a name: one for each pipeline. What it
   * returns ends the reading.
   */
  observe(kind: "counter" | "gauge", instrument: Instrument, reader: Reader): () => void {
    const readers = this.#readers.get(instrument.name) ?? this.#expose(kind, instrument);
    readers.add(reader);
    return () => readers.delete(reader);
  }

  #expose(kind: "counter" | "gauge", instrument: Instrument): Set<Reader> {
    const all = new Set<Reader>();
    this.#readers.set(instrument.name, all);
    const { name, help, labels = [] } = instrument;
    const parts = { name, help, labelNames: [...labels], registers: [this.registry] };
    if (kind === "gauge")
      new PromGauge({ ...parts, collect: collectInto((gauge, of, value) => gauge.set(of, value), all) });
    else new PromCounter({ ...parts, collect: collectInto((counter, of, value) => counter.inc(of, value), all) });
    return all;
  }

  #once<F extends Counter | Gauge | Histogram>(kind: Kind, { name, labels = [] }: Instrument, make: () => F): F {
    const known = this.#registered.get(name);
    const joined = [...labels].sort().join(",");
    if (known === undefined) {
      const facade = make();
      this.#registered.set(name, { kind, labels: joined, facade });
      return facade;
    }
    if (known.kind !== kind || known.labels !== joined) {
      throw new Error(`metric ${name} is already a ${known.kind} with the labels {${known.labels}}`);
    }
    return known.facade as F;
  }
}

interface Resettable {
  reset(): void;
}

function collectInto<M extends Resettable>(
  write: (metric: M, labels: Record<string, string>, value: number) => void,
  readers: ReadonlySet<Reader>,
): (this: M) => void {
  return function collect() {
    this.reset();
    for (const read of readers) for (const [labels, value] of read()) write(this, { ...labels }, value);
  };
}

class Cell implements CounterSeries {
  readonly labels: Labels;
  value = 0;
  isRemoved = false;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  add(count: number): void {
    this.value += count;
  }

  set(value: number): void {
    this.value = value;
  }
}

class Cells {
  readonly #cells = new Map<string, Cell>();
  /** Frozen labels cannot change: their cell is known by the object, which is ten times as fast as by its content. */
  readonly #ofFrozen = new WeakMap<Labels, Cell>();

  cell(labels: Labels): Cell {
    const known = this.#ofFrozen.get(labels);
    return known === undefined || known.isRemoved ? this.#find(labels) : known;
  }

  remove(labels: Labels): void {
    const key = cellKey(labels);
    const cell = this.#cells.get(key);
    if (cell !== undefined) cell.isRemoved = true;
    this.#cells.delete(key);
  }

  #find(labels: Labels): Cell {
    const key = cellKey(labels);
    const cell = this.#cells.get(key) ?? new Cell({ ...labels });
    this.#cells.set(key, cell);
    if (Object.isFrozen(labels)) this.#ofFrozen.set(labels, cell);
    return cell;
  }

  *values(): Generator<readonly [Labels, number]> {
    for (const cell of this.#cells.values()) yield [cell.labels, cell.value];
  }
}

/** Names and values, each JSON-quoted: a value cannot pretend to be two. */
function cellKey(labels: Labels): string {
  let key = "";
  for (const name of Object.keys(labels).sort()) key += `${name}${JSON.stringify(labels[name])}`;
  return key;
}
