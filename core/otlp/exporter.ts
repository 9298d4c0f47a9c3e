/**
 * One signal's way to the Collector: what the SDK's serializer makes of a request is sent once, within the timeout, and
 * the answer is read for what was refused. Requests in, outcomes out; called by sink-otel and by telemetry.otlp.
 */
import {
  type ISerializer,
  JsonLogsSerializer,
  JsonMetricsSerializer,
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
} from "@opentelemetry/otlp-transformer";
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";
import type { ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { printable } from "../model/printable.ts";
import type { Clock } from "../plugin/context.ts";
import { version } from "../version.ts";
import { GrpcTransport } from "./grpc-transport.ts";
import { HttpTransport } from "./http-transport.ts";
import { again, type Outcome, type Transport } from "./outcome.ts";
import type { SignalSettings } from "./settings.ts";
import { explained } from "./unreachable.ts";

interface Answer {
  readonly partialSuccess?: {
    readonly rejectedLogRecords?: unknown;
    readonly rejectedDataPoints?: unknown;
    readonly errorMessage?: unknown;
  };
}

type Serializer<Request> = ISerializer<Request, Answer>;

export class Exporter<Request> {
  readonly settings: SignalSettings;
  readonly #serializer: Serializer<Request>;
  readonly #transport: Transport;
  readonly #clock: Clock;

  constructor(settings: SignalSettings, serializer: Serializer<Request>, clock: Clock) {
    const userAgent = `droplens/${version}`;
    this.settings = settings;
    this.#serializer = serializer;
    this.#clock = clock;
    this.#transport =
      settings.protocol === "grpc" ? new GrpcTransport(settings, userAgent) : new HttpTransport(settings, userAgent);
  }

  /** One attempt. Rejects only with `signal.reason`. */
  async export(request: Request, signal: AbortSignal): Promise<Outcome> {
    signal.throwIfAborted();
    const limit = new AbortController();
    const timer = new AbortController();
    const late = () => limit.abort();
    this.#clock.sleep(this.settings.timeoutMillis, timer.signal).then(late, () => undefined);
    try {
      const bytes = this.#serializer.serializeRequest(request) ?? new Uint8Array();
      const reply = await this.#transport.send(bytes, AbortSignal.any([signal, limit.signal]));
      return reply.kind === "answered" ? this.#read(reply.body) : reply;
    } catch (error) {
      signal.throwIfAborted();
      if (!limit.signal.aborted) throw error;
      // A connection that does not answer may be half open: the next attempt gets a new one.
      this.#transport.close();
      const what = `no answer from ${this.settings.endpoint.url.href} within ${this.settings.timeoutMillis} ms`;
      return again(explained(this.settings, what, []));
    } finally {
      timer.abort();
    }
  }

  close(): void {
    this.#transport.close();
  }

  #read(body: Uint8Array): Outcome {
    try {
      if (this.settings.protocol === "http/json" && body.length > 0) JSON.parse(Buffer.from(body).toString());
      const { partialSuccess } = this.#serializer.deserializeResponse(body);
      const refused = Number(partialSuccess?.rejectedLogRecords ?? partialSuccess?.rejectedDataPoints ?? 0);
      const message = printable(String(partialSuccess?.errorMessage ?? ""), 500);
      return { kind: "stored", refused: Number.isFinite(refused) && refused > 0 ? refused : 0, message };
    } catch {
      const what = `the answer of ${this.settings.endpoint.url.href} cannot be read`;
      return again(explained(this.settings, what, ["this is no answer of a Collector: check the address"]));
    }
  }
}

export function logsExporter(settings: SignalSettings, clock: Clock): Exporter<ReadableLogRecord[]> {
  const serializer = settings.protocol === "http/json" ? JsonLogsSerializer : ProtobufLogsSerializer;
  return new Exporter<ReadableLogRecord[]>(settings, serializer, clock);
}

export function metricsExporter(settings: SignalSettings, clock: Clock): Exporter<ResourceMetrics> {
  const serializer = settings.protocol === "http/json" ? JsonMetricsSerializer : ProtobufMetricsSerializer;
  return new Exporter<ResourceMetrics>(settings, serializer, clock);
}
