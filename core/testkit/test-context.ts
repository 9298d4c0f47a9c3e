/** A PluginContext for tests: a fake clock, a logger that remembers, metrics whose values can be read. */
import type {
  Clock,
  Counter,
  Environment,
  Histogram,
  Labels,
  Logger,
  Metrics,
  PluginContext,
} from "../plugin/context.ts";
import { FakeClock } from "./fake-clock.ts";

/** A PluginContext whose parts a test can look into. */
export interface TestContext<C extends Clock = FakeClock> extends PluginContext {
  readonly clock: C;
  readonly logger: MemoryLogger;
  readonly metrics: MemoryMetrics;
}

/** A context for `create`: a FakeClock unless `clock` says otherwise, an empty environment unless given. */
export function testContext(): TestContext;
export function testContext<C extends Clock>(parts: {
  clock: C;
  name?: string;
  environment?: Environment;
}): TestContext<C>;
export function testContext(
  parts: { clock?: Clock; name?: string; environment?: Environment } = {},
): TestContext<Clock> {
  return {
    name: parts.name ?? "test",
    pipeline: "drops",
    clock: parts.clock ?? new FakeClock(),
    logger: new MemoryLogger(),
    metrics: new MemoryMetrics(),
    environment: parts.environment ?? {},
  };
}

/** One line that a plugin has logged. */
export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly fields: object;
  readonly message: string;
}

/** Remembers every line. */
export class MemoryLogger implements Logger {
  readonly lines: LogLine[] = [];

  debug(fields: object, message: string): void {
    this.lines.push({ level: "debug", fields, message });
  }
  info(fields: object, message: string): void {
    this.lines.push({ level: "info", fields, message });
  }
  warn(fields: object, message: string): void {
    this.lines.push({ level: "warn", fields, message });
  }
  error(fields: object, message: string): void {
    this.lines.push({ level: "error", fields, message });
  }

  /** The messages of one level. */
  messages(level: LogLine["level"]): string[] {
    return this.lines.filter((line) => line.level === level).map((line) => line.message);
  }
}

/** Remembers every value, by name and labels. Takes any instrument; the process's own registry is stricter. */
export class MemoryMetrics implements Metrics {
  readonly #values = new Map<string, number>();

  /** The value of a series; for a histogram the number of observations. 0 when it was never touched. */
  value(name: string, labels: Labels = {}): number {
    return this.#values.get(seriesKey(name, labels)) ?? 0;
  }

  counter({ name }: { name: string }): Counter {
    return {
      add: (labels, count = 1) => this.#add(name, labels, count),
      series: (labels) => ({ add: (count) => this.#add(name, labels, count) }),
      remove: (labels) => void this.#values.delete(seriesKey(name, labels)),
    };
  }

  gauge({ name }: { name: string }) {
    return {
      set: (labels: Labels, value: number) => void this.#values.set(seriesKey(name, labels), value),
      remove: (labels: Labels) => void this.#values.delete(seriesKey(name, labels)),
    };
  }

  histogram({ name }: { name: string }): Histogram {
    return { observe: (labels) => this.#add(name, labels, 1) };
  }

  /** The sum over all series of a metric. */
  sum(name: string): number {
    const own = [...this.#values].filter(([series]) => series.startsWith(`${name}{`));
    return own.reduce((sum, [, value]) => sum + value, 0);
  }

  /** Every series that has a value, as `name{label="value"}`. */
  series(): string[] {
    return [...this.#values.keys()].sort();
  }

  #add(name: string, labels: Labels, count: number): void {
    const key = seriesKey(name, labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + count);
  }
}

function seriesKey(name: string, labels: Labels): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => a.localeCompare(b));
  return `${name}{${pairs.map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(",")}}`;
}
