/**
 * What is in force for a signal: options before the signal's own variables, those before the general ones, then the
 * specification's defaults. Options and environment in, one plain object out, or a DroplensError. Called when a sink or
 * the telemetry starts or is checked.
 */
import { DroplensError } from "../plugin/errors.ts";
import { type Endpoint, endpointOf } from "./endpoint.ts";
import type { OtelEnvironment, Signal } from "./environment.ts";
import { headerProblem, maxTimeoutMillis, type OtlpOptions, type Protocol, protocols } from "./options.ts";

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

interface From {
  readonly options: OtlpOptions;
  readonly environment: OtelEnvironment;
}

export function signalSettings(signal: Signal, from: From): SignalSettings {
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

/** How often metrics are sent. */
export function intervalMillis({ options, environment }: From): number {
  const written = environment.variable("OTEL_METRIC_EXPORT_INTERVAL");
  return options.interval ?? environment.millis(written, 100, 3_600_000) ?? 60_000;
}

/** For logs and /status. */
export function shownSettings({ endpoint, protocol }: SignalSettings): {
  readonly url: string;
  readonly protocol: string;
} {
  return { url: endpoint.url.href, protocol };
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
  for (const [name, value] of Object.entries(headers)) {
    const problem = headerProblem(name, value);
    if (problem !== undefined) throw new DroplensError("OTEL_HEADER", `headers: ${problem}`);
  }
  return headers;
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
