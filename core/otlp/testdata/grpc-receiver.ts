/** The same small Collector over gRPC: remembers what it has stored, answers with the status that a test wants. */
import { Metadata, Server, ServerCredentials, type sendUnaryData, status } from "@grpc/grpc-js";
import { pointsIn, readMessage, recordsIn, type SeenPoint, type SeenRecord } from "./otlp-message.ts";

export interface GrpcAnswer {
  readonly code?: number;
  readonly details?: string;
  /** RetryInfo's delay. */
  readonly retrySeconds?: number;
  readonly body?: Uint8Array;
  readonly silent?: boolean;
}

const services = {
  logs: "opentelemetry.proto.collector.logs.v1.LogsService",
  metrics: "opentelemetry.proto.collector.metrics.v1.MetricsService",
} as const;

export class GrpcReceiver {
  readonly records: SeenRecord[] = [];
  readonly points: SeenPoint[] = [];
  /** Headers of each call. */
  readonly calls: Metadata[] = [];
  answer: () => GrpcAnswer = () => ({});
  #server: Server | undefined;
  #port = 0;
  readonly #credentials: ServerCredentials;

  constructor(credentials = ServerCredentials.createInsecure()) {
    this.#credentials = credentials;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Also again after `close`, on the same port. */
  async listen(): Promise<this> {
    const server = new Server();
    for (const signal of ["logs", "metrics"] as const) this.#serve(server, signal);
    this.#port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${this.#port}`, this.#credentials, (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
    this.#server = server;
    return this;
  }

  async close(): Promise<void> {
    this.#server?.forceShutdown();
    this.#server = undefined;
  }

  #serve(server: Server, signal: "logs" | "metrics"): void {
    const same = (bytes: Buffer) => bytes;
    const path = `/${services[signal]}/Export`;
    const codec = {
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    };
    const definition = { Export: { path, requestStream: false, responseStream: false, ...codec } } as const;
    server.addService(definition, {
      Export: (call: { request: Buffer; metadata: Metadata }, done: sendUnaryData<Buffer>) => {
        this.calls.push(call.metadata);
        this.#take(signal, call.request, done);
      },
    });
  }

  #take(signal: "logs" | "metrics", request: Buffer, done: sendUnaryData<Buffer>): void {
    const { code = status.OK, details = "no", retrySeconds, body, silent } = this.answer();
    if (silent) return;
    if (code !== status.OK) {
      const metadata = new Metadata();
      if (retrySeconds !== undefined) metadata.set("grpc-status-details-bin", statusWithRetry(code, retrySeconds));
      done({ code, details, metadata });
      return;
    }
    const message = readMessage(signal, request, false);
    this.records.push(...recordsIn(message));
    this.points.push(...pointsIn(message));
    done(null, Buffer.from(body ?? []));
  }
}

/** google.rpc.Status { 1 code, 3 details: Any { 1 type_url, 2 RetryInfo { 1 Duration { 1 seconds } } } }. */
export function statusWithRetry(code: number, seconds: number): Buffer {
  const field = (number: number, bytes: Buffer) =>
    Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
  const retryInfo = field(1, Buffer.from([0x08, seconds]));
  const any = Buffer.concat([field(1, Buffer.from("type.googleapis.com/google.rpc.RetryInfo")), field(2, retryInfo)]);
  return Buffer.concat([Buffer.from([0x08, code]), field(3, any)]);
}
