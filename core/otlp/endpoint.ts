/**
 * Where a signal goes. The rules are the OTLP exporter specification's: `/v1/logs` is appended to the general endpoint
 * only; the scheme decides about TLS; only for gRPC it may be left out. Called by settings.ts.
 */
import { DroplensError } from "../plugin/errors.ts";
import type { OtelEnvironment, Signal } from "./environment.ts";
import { endpointProblem, type OtlpOptions, type Protocol, schemeOf } from "./options.ts";

export interface Endpoint {
  /** For gRPC only its scheme and host count. */
  readonly url: URL;
  /** Where it was written: "endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT". */
  readonly origin: string;
}

interface Written {
  readonly text: string;
  readonly origin: string;
  /** The path of the signal is appended. */
  readonly general: boolean;
}

/** The ports that every Collector listens on unless it is told otherwise. */
const customPort: Readonly<Record<string, string>> = { grpc: "4317", http: "4318" };

export function endpointOf(
  signal: Signal,
  protocol: Protocol,
  from: { readonly options: OtlpOptions; readonly environment: OtelEnvironment },
): Endpoint {
  const family = protocol === "grpc" ? "grpc" : "http";
  const written = writtenEndpoint(signal, from) ?? {
    text: `http://localhost:${customPort[family]}`,
    origin: "the default",
    general: true,
  };
  const url = urlOf(written, protocol, insecure(signal, from));
  if (written.general && family === "http") url.pathname = `${url.pathname.replace(/\/+$/, "")}/v1/${signal}`;
  return { url, origin: written.origin };
}

/** What to try when an endpoint with the other protocol's usual port does not answer as it should. */
export function portHint(protocol: Protocol, url: URL): string | undefined {
  if (protocol !== "grpc" && url.port === customPort.grpc) {
    return "4317 is a Collector's usual port for gRPC: write protocol: grpc, or port 4318";
  }
  if (protocol === "grpc" && url.port === customPort.http) {
    return `4318 is a Collector's usual port for HTTP: write protocol: http/protobuf, or port 4317`;
  }
  return undefined;
}

function writtenEndpoint(
  signal: Signal,
  { options, environment }: { readonly options: OtlpOptions; readonly environment: OtelEnvironment },
): Written | undefined {
  const ownKey = signal === "logs" ? "logsEndpoint" : "metricsEndpoint";
  if (options[ownKey]) return { text: options[ownKey], origin: ownKey, general: false };
  if (options.endpoint) return { text: options.endpoint, origin: "endpoint", general: true };
  const own = environment.own(signal, "ENDPOINT");
  if (own !== undefined) return { text: own.text, origin: own.name, general: false };
  const general = environment.general("ENDPOINT");
  return general === undefined ? undefined : { text: general.text, origin: general.name, general: true };
}

function insecure(
  signal: Signal,
  { options, environment }: { readonly options: OtlpOptions; readonly environment: OtelEnvironment },
): boolean {
  return options.insecure ?? environment.oneOf(environment.either(signal, "INSECURE"), ["true", "false"]) === "true";
}

/** The scheme decides about TLS; an address for gRPC may have none. */
function urlOf({ text, origin }: Written, protocol: Protocol, plain: boolean): URL {
  const problem = endpointProblem(text, protocol);
  if (problem !== undefined) throw new DroplensError("OTEL_ENDPOINT", `${origin}: ${problem}`);
  return new URL(schemeOf(text) === undefined ? `${plain ? "http" : "https"}://${text}` : text);
}
