/**
 * What a failed gRPC call means, by the OTLP specification. A status in, a reply out; called by grpc-transport.ts.
 */
import { printable } from "../model/printable.ts";
import { again, type NotStored, type RefusalReason } from "./outcome.ts";
import type { SignalSettings } from "./settings.ts";
import { adviceIn, explained, whenTooLarge } from "./unreachable.ts";
import { readRpcStatus } from "./wire-reader.ts";

export interface GrpcFailure {
  readonly code: number;
  readonly details: string;
  /** grpc-status-details-bin: a google.rpc.Status. */
  readonly statusDetails: Uint8Array | undefined;
}

/** grpc/doc/statuscodes.md; index = number. */
const names = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

const retryable: ReadonlySet<string> = new Set([
  "CANCELLED",
  "DEADLINE_EXCEEDED",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNAVAILABLE",
  "DATA_LOSS",
]);

const refusals: Readonly<Record<string, readonly [RefusalReason, string]>> = {
  INVALID_ARGUMENT: ["bad_request", "it could not read the request"],
  UNAUTHENTICATED: ["unauthorized", "check headers: it wants another login"],
  PERMISSION_DENIED: ["unauthorized", "check headers: the login may not write here"],
  UNIMPLEMENTED: ["not_found", "it has no such service: has the Collector a pipeline for this signal?"],
  RESOURCE_EXHAUSTED: ["refused", "it has no room and does not say when it will: look at its limits"],
};

export function readGrpcFailure(failure: GrpcFailure, settings: SignalSettings): NotStored {
  const name = names[failure.code] ?? String(failure.code);
  const what = `${settings.endpoint.url.host} answered ${name}`;
  const status = failure.statusDetails === undefined ? undefined : readRpcStatus(failure.statusDetails);
  // grpc-js ends with the label of a note that is empty.
  const said = printable(failure.details.replace(/\s*Resolution note:\s*$/, ""), 500);
  const wait = status?.retryMillis;
  // Only a server that says when is one that will have room again.
  if (retryable.has(name) || (name === "RESOURCE_EXHAUSTED" && wait !== undefined)) {
    return again(explained(settings, what, [adviceIn(failure.details), said]), wait);
  }
  // The libraries' own words (Go, C++, JS: "larger than max"; Java: "exceeds maximum size"): there is no code for it.
  const isLarge = name === "RESOURCE_EXHAUSTED" && /larger than max|exceeds maximum/i.test(failure.details);
  const [reason, todo] = isLarge
    ? (["too_large", whenTooLarge(settings, "max_recv_msg_size_mib")] as const)
    : (refusals[name] ?? (["refused", undefined] as const));
  return { kind: "refused", reason, error: explained(settings, what, [todo, said]) };
}
