/** Everything a plugin needs from outside is handed to it here, so that it can be tested without a cluster. */

/** Handed to `create`; the same object for the whole life of the instance. */
export interface PluginContext {
  /** The instance's name in logs and metrics: the plugin's name, or `name:` from the config. */
  readonly name: string;
  /** The pipeline it belongs to. */
  readonly pipeline: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** The process's environment. Plugins read it here only, never from `process.env`. */
  readonly environment: Environment;
}

/** Variables of the environment; what is not set is undefined. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Structured, one JSON line each: fields first, then a sentence. Never one line per packet. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  /** Something is off but nothing was lost. */
  warn(fields: object, message: string): void;
  /** Something was lost, or a person is needed. */
  error(fields: object, message: string): void;
}

/** Real time, or a test's. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after `millis`; rejects with `signal.reason` as soon as it aborts. */
  sleep(millis: number, signal: AbortSignal): Promise<void>;
}

/**
 * The process's Prometheus registry. Asking again for a name gives the same instrument, so that two instances of a
 * plugin share it; asking with other labels or another kind throws.
 */
export interface Metrics {
  counter(instrument: Instrument): Counter;
  gauge(instrument: Instrument): Gauge;
  histogram(instrument: Instrument & { readonly buckets: readonly number[] }): Histogram;
}

/** What a metric is called, and by which labels its series differ. */
export interface Instrument {
  /** With its unit, counters ending in `_total`: `dns_lookups_total`. Written as it is. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/** A value for each label of the instrument: no more, no fewer. Values from strangers are printable and few. */
export type Labels = Readonly<Record<string, string>>;

/** Only ever grows. */
export interface Counter {
  /** Adds `count`, 1 if left out. */
  add(labels: Labels, count?: number): void;
  /** One series, looked up once: for hot paths. After `remove` it counts into nothing: ask again. */
  series(labels: Labels): CounterSeries;
  /** Takes a series away, for what no longer exists. */
  remove(labels: Labels): void;
}

/** One series of a counter. */
export interface CounterSeries {
  add(count: number): void;
}

/** Goes up and down. */
export interface Gauge {
  set(labels: Labels, value: number): void;
  remove(labels: Labels): void;
}

/** Counts observations in buckets. */
export interface Histogram {
  observe(labels: Labels, value: number): void;
}
