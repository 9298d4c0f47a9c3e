/**
 * Reports to log records to the Collector, one request a batch. Called by otel-sink.ts.
 * The SDK makes the records; what it would queue and silently lose (README.md) never gets a queue: a batch's records are
 * collected as they are emitted and sent at once.
 */
import type { Logger as OtelLogger } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import { LoggerProvider, type LogRecordProcessor, type ReadableLogRecord } from "@opentelemetry/sdk-logs";
import { type Exporter, logsExporter } from "../../core/otlp/exporter.ts";
import type { Outcome } from "../../core/otlp/outcome.ts";
import { probe } from "../../core/otlp/probe.ts";
import type { Scope } from "../../core/otlp/scope.ts";
import type { SignalSettings } from "../../core/otlp/settings.ts";
import type { Clock, DropReport, Finding } from "../../core/plugin/index.ts";
import { logRecord } from "./log-record.ts";

export class LogExport {
  readonly #exporter: Exporter<ReadableLogRecord[]>;
  readonly #clock: Clock;
  readonly #collected = new Collected();
  readonly #logger: OtelLogger;

  constructor(parts: { settings: SignalSettings; resource: Resource; scope: Scope; clock: Clock }) {
    const { settings, resource, scope, clock } = parts;
    this.#clock = clock;
    this.#exporter = logsExporter(settings, clock);
    const provider = new LoggerProvider({ resource, processors: [this.#collected] });
    this.#logger = provider.getLogger(scope.name, scope.version, { attributes: scope.attributes });
  }

  async export(reports: readonly DropReport[], signal: AbortSignal): Promise<Outcome> {
    const now = this.#clock.now();
    // Synchronous: two batches under way at once cannot mix.
    for (const report of reports) this.#logger.emit(logRecord(report, now));
    return await this.#exporter.export(this.#collected.take(), signal);
  }

  /** Asks the Collector whether it takes log records. */
  probe(signal: AbortSignal): Promise<Finding> {
    return probe(this.#exporter.settings, () => this.#exporter.export([], signal));
  }

  close(): void {
    this.#exporter.close();
  }
}

class Collected implements LogRecordProcessor {
  #records: ReadableLogRecord[] = [];

  onEmit(record: ReadableLogRecord): void {
    this.#records.push(record);
  }

  take(): ReadableLogRecord[] {
    const records = this.#records;
    this.#records = [];
    return records;
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}
