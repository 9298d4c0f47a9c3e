/**
 * What is in force: options before the signal's own variables, those before the general ones, then the specification's
 * defaults. Options and environment in, one plain object out, or a DroplensError. Called when the sink starts or checks.
 */
import { validateHeaderName, validateHeaderValue } from "node:http";
import { DroplensError, type Environment } from "../../core/plugin/index.ts";
import { maxTimeoutMillis, type Protocol, protocols, type SinkOtelOptions } from "./config.ts";
import { type Endpoint, endpointOf } from "./endpoint.ts";
import { OtelEnvironment, type Signal } from "./environment.ts";

export interface SignalSettings {
  readonly signal: Signal;
  readonly protocol: Protocol;
  readonly endpoint: Endpoint;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly gzip: boolean;
  readonly timeoutMillis: number;
  readonly tls: TlsFiles;
}

export interface TlsFiles {
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

export interface Settings {
  readonly logs: SignalSettings | undefined;
  readonly metrics: SignalSettings | undefined;
  readonly intervalMillis: number;
  readonly temporality: "cumulative" | "delta";
  /** What of the environment was ignored. */
  readonly warnings: readonly string[];
}

interface From {
  readonly options: SinkOtelOptions;
  readonly environment: OtelEnvironment;
}

export function settingsOf(options: SinkOtelOptions, variables: Environment): Settings {
  const environment = new OtelEnvironment(variables);
  const from = { options, environment };
  return {
    logs: options.logs ? signalSettings("logs", from) : undefined,
    metrics: options.metrics ? signalSettings("metrics", from) : undefined,
    intervalMillis:
      options.interval ??
      environment.millis(environment.variable("OTEL_METRIC_EXPORT_INTERVAL"), 100, 3_600_000) ??
      60_000,
    temporality: options.temporality ?? preferredTemporality(environment),
    warnings: environment.warnings,
  };
}

function signalSettings(signal: Signal, from: From): SignalSettings {
  const { options, environment } = from;
  const protocol =
    options.protocol ?? environment.oneOf(environment.either(signal, "PROTOCOL"), protocols) ?? "http/protobuf";
  const compression =
    options.compression ?? environment.oneOf(environment.either(signal, "COMPRESSION"), ["none", "gzip"]);
  return {
    signal,
    protocol,
    endpoint: endpointOf(signal, protocol, from),
    headers: headersOf(signal, from),
    gzip: compression === "gzip",
    timeoutMillis:
      options.timeout ?? environment.millis(environment.either(signal, "TIMEOUT"), 1, maxTimeoutMillis) ?? 10_000,
    tls: tlsFiles(signal, from),
  };
}

/** "lowmemory" means delta for a counter. */
function preferredTemporality(environment: OtelEnvironment): "cumulative" | "delta" {
  const variable = environment.own("metrics", "TEMPORALITY_PREFERENCE");
  const word = environment.oneOf(variable, ["cumulative", "delta", "lowmemory"]);
  return word === undefined || word === "cumulative" ? "cumulative" : "delta";
}

/** Headers of all three places are sent; of the same name, the nearest one. */
function headersOf(signal: Signal, { options, environment }: From): Record<string, string> {
  const headers: Record<string, string> = {};
  const places = [
    environment.pairs(environment.general("HEADERS")),
    environment.pairs(environment.own(signal, "HEADERS")),
    options.headers ?? {},
  ];
  for (const [name, value] of places.flatMap((place) => Object.entries(place))) headers[name.toLowerCase()] = value;
  for (const [name, value] of Object.entries(headers)) checkHeader(name, value);
  return headers;
}

const ours = new Set(["content-type", "content-length", "content-encoding", "transfer-encoding", "host"]);

function checkHeader(name: string, value: string): void {
  if (ours.has(name))
    throw new DroplensError("OTEL_HEADER", `headers: "${name}" is set by sink-otel itself: leave it out`);
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch {
    // The value may be a secret: it is not shown.
    throw new DroplensError(
      "OTEL_HEADER",
      `headers: "${name}" or its value holds a character that HTTP does not allow`,
    );
  }
}

function tlsFiles(signal: Signal, { options, environment }: From): TlsFiles {
  const path = (key: string) => environment.either(signal, key)?.text;
  const files = {
    caFile: options.tls?.caFile ?? path("CERTIFICATE"),
    certFile: options.tls?.certFile ?? path("CLIENT_CERTIFICATE"),
    keyFile: options.tls?.keyFile ?? path("CLIENT_KEY"),
  };
  if ((files.certFile === undefined) !== (files.keyFile === undefined)) {
    const missing =
      files.keyFile === undefined
        ? "keyFile (OTEL_EXPORTER_OTLP_CLIENT_KEY)"
        : "certFile (OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE)";
    throw new DroplensError(
      "OTEL_TLS",
      `tls: a client certificate needs its key and the other way round: ${missing} is missing`,
    );
  }
  return files;
}
