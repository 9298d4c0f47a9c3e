/**
 * How to reach a Collector, as the user writes it: the keys that sink-otel and `telemetry.otlp` share. What is left out
 * comes from the `OTEL_*` environment, then from the specification's defaults (settings.ts), so no key has a default.
 * Loads no OpenTelemetry library: every config is checked with it.
 */
import { validateHeaderName, validateHeaderValue } from "node:http";
import { z } from "zod";
import { duration } from "../plugin/duration.ts";

export const protocols = ["http/protobuf", "http/json", "grpc"] as const;
export type Protocol = (typeof protocols)[number];

/** An attempt has to end before a delivery queue gives it up (sink-otel's after 60s). */
export const maxTimeoutMillis = 50_000;

const bounded = (least: number, most: number, words: string) =>
  duration()
    .refine((millis) => millis >= least && millis <= most, `expected a duration from ${words}`)
    .optional();

const file = z.string().min(1).optional();

/** A shape for z.strictObject. */
export const otlpKeys = {
  protocol: z.enum(protocols).optional().describe("http/protobuf by default"),
  endpoint: z
    .string()
    .optional()
    .describe("The Collector, like http://otel:4318; /v1/logs and /v1/metrics are appended unless it is for grpc"),
  metricsEndpoint: z.string().optional().describe("Where metrics go, in place of endpoint; taken as it is"),
  headers: z
    .record(z.string(), z.string())
    .optional()
    .describe("Sent with each request, beside those of the environment"),
  compression: z.enum(["none", "gzip"]).optional().describe("How requests are packed; none by default"),
  timeout: bounded(1, maxTimeoutMillis, "1ms to 50s").describe("How long one request may take; 10s by default"),
  tls: z
    .strictObject({
      caFile: file.describe("Whom to trust, PEM, in place of the system's authorities"),
      certFile: file.describe("This client's certificate, PEM"),
      keyFile: file.describe("Its private key, PEM"),
    })
    .optional()
    .describe("Files are read again when the connection is lost"),
  insecure: z.boolean().optional().describe("An endpoint for grpc without a scheme: plain text instead of TLS"),
  interval: bounded(100, 3_600_000, "100ms to 1h").describe("How often metrics are sent; 1m by default"),
  resource: z
    .record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .describe("Resource attributes, before those of the environment"),
} as const;

type Keys = z.output<z.ZodObject<typeof otlpKeys>>;

/** `logsEndpoint` only where logs are sent. */
export type OtlpOptions = Keys & { readonly logsEndpoint?: string | undefined };

/** For superRefine: what the types alone do not say. Of a header only the name is told: its value may be secret. */
export function checkOtlp(
  { protocol, headers = {}, ...keys }: Pick<OtlpOptions, "protocol" | "headers" | EndpointKey>,
  context: z.RefinementCtx,
): void {
  const tell = (path: string[], message: string | undefined) => {
    if (message !== undefined) context.addIssue({ code: "custom", path, message });
  };
  for (const key of endpointKeys) tell([key], endpointProblem(keys[key] ?? "", protocol));
  for (const [name, value] of Object.entries(headers)) tell(["headers", name], headerProblem(name, value));
}

const endpointKeys = ["endpoint", "logsEndpoint", "metricsEndpoint"] as const;
type EndpointKey = (typeof endpointKeys)[number];

/** Why `text` is no address; empty counts as left out, so that `"${env:NAME:-}"` is legal. */
export function endpointProblem(text: string, protocol: Protocol | undefined): string | undefined {
  if (text === "") return undefined;
  const scheme = schemeOf(text);
  if (scheme === undefined && protocol !== "grpc") {
    return `${JSON.stringify(text)} has no scheme: write "http://${text}", or https:// for TLS`;
  }
  if (scheme !== undefined && scheme !== "http" && scheme !== "https") {
    return `the scheme "${scheme}" is none for OTLP: write http:// or https://`;
  }
  const whole = scheme === undefined ? `https://${text}` : text;
  if (!/:\/\/[^/]/.test(whole) || !URL.canParse(whole)) {
    return `${JSON.stringify(text)} is no address: write it like http://otel:4318`;
  }
  // A password in a URL would be sent by no OTLP client; better said than lost.
  if (new URL(whole).username === "") return undefined;
  return "an address carries no user or password: write them as a header, authorization";
}

/** In lower case; undefined: there is none. */
export function schemeOf(endpoint: string): string | undefined {
  return /^([a-z][a-z0-9+.-]*):\/\//i.exec(endpoint)?.[1]?.toLowerCase();
}

const ours = new Set(["content-type", "content-length", "content-encoding", "transfer-encoding", "host"]);

export function headerProblem(name: string, value: string): string | undefined {
  if (ours.has(name.toLowerCase())) return `"${name}" is set by Droplens itself: leave it out`;
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return undefined;
  } catch {
    return `${JSON.stringify(name)} or its value holds a character that HTTP does not allow`;
  }
}
