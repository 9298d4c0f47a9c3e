/**
 * A real OpenTelemetry Collector as a process: OTLP in over gRPC and HTTP, one JSON line a batch out, into files of its
 * own for each time that it is started. OTELCOL names its program (.ci/run builds it).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { ownPort } from "../support/own-port.ts";
import { waitFor } from "./wait-for.ts";

/** What the file exporter writes: OTLP in protobuf's JSON. */
export interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

export interface WrittenRecord {
  readonly timeUnixNano: string;
  readonly severityNumber: number;
  readonly eventName: string;
  readonly body: { readonly stringValue: string };
  readonly attributes: readonly Attribute[];
}

export interface WrittenPoint {
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
  /** sink-otel's. */
  readonly asInt: string;
  /** The telemetry's. */
  readonly asDouble?: number;
  /** A histogram's. */
  readonly count?: string;
  readonly attributes?: readonly Attribute[];
}

interface Group<Part> {
  readonly resource: { readonly attributes: readonly Attribute[] };
  readonly scopeLogs?: readonly { readonly logRecords: readonly Part[] }[];
  readonly scopeMetrics?: readonly { readonly metrics: readonly WrittenMetric[] }[];
}

interface Points {
  readonly dataPoints: readonly WrittenPoint[];
}

export interface WrittenMetric {
  readonly name: string;
  readonly unit: string;
  readonly sum: Points & { readonly aggregationTemporality: number; readonly isMonotonic: boolean };
  readonly gauge?: Points;
  readonly histogram?: Points;
}

type Line = {
  readonly resourceLogs?: readonly Group<WrittenRecord>[];
  readonly resourceMetrics?: readonly Group<never>[];
};

export class Collector {
  readonly httpPort: number;
  readonly grpcPort: number;
  /** Larger requests over HTTP are refused; 0: the Collector's own limit. For the next start. */
  maxRequestBytes = 0;
  readonly #folder: string;
  #starts = 0;
  #child: ChildProcess | undefined;
  #output = "";

  private constructor(folder: string, httpPort: number, grpcPort: number) {
    this.#folder = folder;
    this.httpPort = httpPort;
    this.grpcPort = grpcPort;
  }

  /** Not started yet: its ports are known, and nobody listens there. */
  static async make(folder: string): Promise<Collector> {
    return new Collector(folder, await ownPort(), await ownPort());
  }

  endpoint(protocol: string): string {
    return `http://127.0.0.1:${protocol === "grpc" ? this.grpcPort : this.httpPort}`;
  }

  async start(): Promise<void> {
    const file = join(this.#folder, `otelcol-${++this.#starts}.yaml`);
    await writeFile(file, this.#config());
    const child = spawn(collectorProgram(), ["--config", file], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (bytes: Buffer) => {
        this.#output = (this.#output + bytes.toString()).slice(-50_000);
      });
    }
    const explain = () => this.#output;
    for (const port of [this.httpPort, this.grpcPort]) {
      await waitFor(`the Collector on port ${port}`, () => listens(port), { explain });
    }
  }

  /** As its pod would be ended: it answers what it has taken, and writes it. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }

  /** At once. What it has answered it has written. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** All records in the files. */
  async records(): Promise<WrittenRecord[]> {
    const lines = await this.#lines("logs");
    return lines.flatMap(({ resourceLogs = [] }) =>
      resourceLogs.flatMap(({ scopeLogs = [] }) => scopeLogs.flatMap(({ logRecords }) => logRecords)),
    );
  }

  /** All points of a metric in the files, oldest first, with their metric. */
  async points(name: string): Promise<(WrittenPoint & { readonly metric: WrittenMetric })[]> {
    const own = (await this.metrics()).filter((metric) => metric.name === name);
    return own.flatMap((metric) => metric.sum.dataPoints.map((point) => ({ ...point, metric })));
  }

  /** Of each export all metrics, oldest first. */
  async metrics(): Promise<WrittenMetric[]> {
    const lines = await this.#lines("metrics");
    return lines.flatMap(({ resourceMetrics = [] }) =>
      resourceMetrics.flatMap(({ scopeMetrics = [] }) => scopeMetrics.flatMap((scope) => scope.metrics)),
    );
  }

  async resources(signal: "logs" | "metrics" = "logs"): Promise<Readonly<Record<string, unknown>>[]> {
    const lines = await this.#lines(signal);
    return lines.flatMap(({ resourceLogs = [], resourceMetrics = [] }) =>
      [...resourceLogs, ...resourceMetrics].map(({ resource }) => attributesOf(resource)),
    );
  }

  async #lines(signal: "logs" | "metrics"): Promise<Line[]> {
    const files = Array.from({ length: this.#starts }, (_, i) => join(this.#folder, `${signal}-${i + 1}.json`));
    const texts = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => "")));
    // What follows the last line break was being written when it was killed: it had not been answered.
    const lines = texts.flatMap((text) => text.split("\n").slice(0, -1));
    return lines.map((line) => JSON.parse(line));
  }

  #config(): string {
    const path = (signal: string) => join(this.#folder, `${signal}-${this.#starts}.json`);
    return `
receivers:
  otlp:
    protocols:
      grpc: { endpoint: "127.0.0.1:${this.grpcPort}" }
      http: { endpoint: "127.0.0.1:${this.httpPort}", max_request_body_size: ${this.maxRequestBytes} }
exporters:
  # With rotation it writes without a buffer (fileexporter's newFileWriter).
  file/logs: { path: "${path("logs")}", rotation: { max_megabytes: 1000 } }
  file/metrics: { path: "${path("metrics")}", rotation: { max_megabytes: 1000 } }
service:
  telemetry: { metrics: { level: none } }
  pipelines:
    logs: { receivers: [otlp], exporters: [file/logs] }
    metrics: { receivers: [otlp], exporters: [file/metrics] }
`;
  }
}

export function attributesOf({
  attributes = [],
}: {
  readonly attributes?: readonly Attribute[];
}): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

function collectorProgram(): string {
  const path = process.env.OTELCOL;
  if (path === undefined || path === "") throw new Error("OTELCOL is not set: name the program of a Collector");
  return path;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("close", () => socket.destroy());
    socket.on("connect", () => socket.destroy());
  });
}
