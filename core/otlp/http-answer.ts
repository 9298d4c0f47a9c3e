/**
 * What an HTTP answer to an export means, by the OTLP specification: 2xx stored, 429/502/503/504 again, the rest never.
 * Status, headers and body in, a reply out; called by http-transport.ts.
 */
import { parseRetryAfter } from "../kubernetes/retry-after.ts";
import { printable } from "../model/printable.ts";
import { again, type RefusalReason, type Reply } from "./outcome.ts";
import type { SignalSettings } from "./settings.ts";
import { explained, whenTooLarge } from "./unreachable.ts";
import { readRpcStatus } from "./wire-reader.ts";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504]);

const refusals: Readonly<Record<number, readonly [RefusalReason, string]>> = {
  400: ["bad_request", "it could not read the request: check that the endpoint takes OTLP"],
  401: ["unauthorized", "check headers: it wants another login"],
  403: ["unauthorized", "check headers: the login may not write here"],
  404: [
    "not_found",
    "check the path: endpoint gets /v1/logs or /v1/metrics appended, logsEndpoint and metricsEndpoint do not",
  ],
  405: ["not_found", "check the path: this one takes no POST"],
  415: ["bad_request", "it does not take this protocol: try the other of http/protobuf and http/json"],
};

export function readHttpAnswer(answer: HttpAnswer, settings: SignalSettings): Reply {
  const { status, headers } = answer;
  const url = settings.endpoint.url.href;
  if (status >= 200 && status < 300) return readSuccess(answer, settings);
  const what = `${url} answered ${status}`;
  const said = printable(messageIn(answer), 500);
  // Go's server, before anybody has looked at the request: nothing is judged.
  if (status === 400 && said.startsWith("Client sent an HTTP request to an HTTPS server")) {
    return again(explained(settings, what, ["it is a TLS server: write https://"]));
  }
  if (retryable.has(status)) {
    return again(explained(settings, what, [said]), parseRetryAfter(one(headers["retry-after"]), one(headers.date)));
  }
  const [reason, todo] = isTooLarge(status, said)
    ? (["too_large", whenTooLarge(settings, "max_request_body_size")] as const)
    : (refusals[status] ?? (["refused", redirect(answer)] as const));
  return { kind: "refused", reason, error: explained(settings, what, [todo, said]) };
}

/** The Collector has 400 for it, with the words of Go's MaxBytesReader (seen in 0.160). */
function isTooLarge(status: number, said: string): boolean {
  return status === 413 || (status === 400 && said.includes("request body too large"));
}

/** Any web server says 200 to something; only the Collector's own answer is an ack. */
function readSuccess({ status, headers, body }: HttpAnswer, settings: SignalSettings): Reply {
  const type = one(headers["content-type"])?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (body.length === 0 || type === contentType(settings)) return { kind: "answered", body };
  const what = `${settings.endpoint.url.href} answered ${status} with ${printable(type || "no content type", 100)}`;
  return again(explained(settings, what, ["this is no answer of a Collector: check the address"]));
}

export function contentType({ protocol }: SignalSettings): string {
  return protocol === "http/json" ? "application/json" : "application/x-protobuf";
}

function redirect({ status, headers }: HttpAnswer): string | undefined {
  const location = one(headers.location);
  if (status < 300 || status > 399 || location === undefined) return undefined;
  return `a redirect is not followed: write ${printable(location, 300)} as the endpoint`;
}

/** A google.rpc.Status as protobuf or JSON, or whatever a proxy writes. */
function messageIn({ headers, body }: HttpAnswer): string {
  const type = one(headers["content-type"]) ?? "";
  if (type.startsWith("application/x-protobuf")) return readRpcStatus(body)?.message ?? "";
  const text = body.toString("utf8", 0, 2000);
  if (!type.startsWith("application/json")) return text.trim();
  return /"message"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text;
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
