/**
 * OTLP over gRPC: one unary call per export, cancelled by the signal at any moment. Made and called by exporter.ts.
 * The gRPC library is loaded by the first call: it costs 4 MB that HTTP does not need.
 */
import type { ChannelCredentials, Client, Metadata } from "@grpc/grpc-js";
import { describeError } from "../plugin/errors.ts";
import { readGrpcFailure } from "./grpc-answer.ts";
import { again, type Reply, type Transport } from "./outcome.ts";
import type { SignalSettings } from "./settings.ts";
import { readTlsMaterial } from "./tls-material.ts";
import { explained } from "./unreachable.ts";

type Grpc = typeof import("@grpc/grpc-js");

interface Connection {
  readonly client: Client;
  readonly metadata: Metadata;
}

const methods = {
  logs: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
  metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
} as const;

const deadlineExceeded = 4;
const unavailable = 14;
const gzip = 2;

export class GrpcTransport implements Transport {
  readonly #settings: SignalSettings;
  readonly #userAgent: string;
  #connection: Promise<Connection> | undefined;

  constructor(settings: SignalSettings, userAgent: string) {
    this.#settings = settings;
    this.#userAgent = userAgent;
  }

  async send(data: Uint8Array, signal: AbortSignal): Promise<Reply> {
    signal.throwIfAborted();
    let connection: Connection;
    try {
      this.#connection ??= this.#connect();
      connection = await this.#connection;
    } catch (error) {
      this.close();
      return again(
        explained(this.#settings, `cannot connect to ${this.#settings.endpoint.url.host}`, [describeError(error)]),
      );
    }
    signal.throwIfAborted();
    return await this.#call(connection, data, signal);
  }

  close(): void {
    this.#connection?.then(({ client }) => client.close()).catch(() => undefined);
    this.#connection = undefined;
  }

  async #connect(): Promise<Connection> {
    // A CommonJS package: in the bundle its names are below `default` only.
    const { default: grpc } = await import("@grpc/grpc-js");
    const { endpoint, headers } = this.#settings;
    const metadata = new grpc.Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    const port = endpoint.url.port === "" ? (endpoint.url.protocol === "http:" ? ":80" : ":443") : "";
    const client = new grpc.Client(`${endpoint.url.host}${port}`, await this.#credentials(grpc), {
      "grpc.primary_user_agent": this.#userAgent,
      // One's own connection: two sinks share nothing.
      "grpc.use_local_subchannel_pool": 1,
      // Its default is two minutes, which a Collector that restarts would be waited for.
      "grpc.max_reconnect_backoff_ms": 5000,
      ...(this.#settings.gzip && { "grpc.default_compression_algorithm": gzip }),
    });
    return { client, metadata };
  }

  async #credentials(grpc: Grpc): Promise<ChannelCredentials> {
    if (this.#settings.endpoint.url.protocol === "http:") return grpc.credentials.createInsecure();
    const { ca, key, cert } = await readTlsMaterial(this.#settings.tls);
    return grpc.credentials.createSsl(ca ?? null, key ?? null, cert ?? null);
  }

  #call({ client, metadata }: Connection, data: Uint8Array, signal: AbortSignal): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const same = (bytes: Buffer) => bytes;
      const call = client.makeUnaryRequest(
        methods[this.#settings.signal],
        same,
        same,
        Buffer.from(data),
        metadata,
        (error, answer) => {
          signal.removeEventListener("abort", onAbort);
          if (error === null) return resolve({ kind: "answered", body: answer ?? new Uint8Array() });
          if (signal.aborted) return reject(signal.reason);
          if (error.code === deadlineExceeded || error.code === unavailable) this.close();
          const [statusDetails] = error.metadata?.get("grpc-status-details-bin") ?? [];
          const details = {
            code: error.code,
            details: error.details,
            statusDetails: statusDetails as Buffer | undefined,
          };
          resolve(readGrpcFailure(details, this.#settings));
        },
      );
      const onAbort = () => call.cancel();
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}
