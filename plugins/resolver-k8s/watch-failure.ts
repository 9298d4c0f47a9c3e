/**
 * Why a list or a watch ended, in the terms of what to do next: in comes an HTTP status, an ERROR event or whatever
 * was thrown, out goes one error with a reason for the metric. Called by the pod watch.
 */
import type { ApiStatus } from "../../core/kubernetes/status.ts";
import { describeStatus } from "../../core/kubernetes/status.ts";
import { describeError, isRetryable } from "../../core/plugin/index.ts";

export type WatchFailureReason =
  | "gone"
  | "unauthorized"
  | "forbidden"
  | "throttled"
  | "server_error"
  | "refused"
  | "unreachable"
  | "bad_line"
  | "no_initial_events"
  | "internal";

export class WatchFailure extends Error {
  readonly reason: WatchFailureReason;
  readonly retryAfterMillis: number;

  constructor(reason: WatchFailureReason, message: string, retryAfterMillis = 0) {
    super(message);
    this.name = "WatchFailure";
    this.reason = reason;
    this.retryAfterMillis = retryAfterMillis;
  }
}

export function statusFailure(status: ApiStatus, retryAfterMillis = 0): WatchFailure {
  return new WatchFailure(reasonOf(status), describeStatus(status), retryAfterMillis);
}

export function watchFailure(error: unknown): WatchFailure {
  if (error instanceof WatchFailure) return error;
  const isBroken = error instanceof SyntaxError;
  const reason = isBroken ? "bad_line" : isRetryable(error) ? "unreachable" : "internal";
  return new WatchFailure(reason, describeError(error));
}

function reasonOf({ code, reason, causes }: ApiStatus): WatchFailureReason {
  // After etcd was restored from a backup the server is behind us: only a list helps (client-go does the same).
  if (causes.some((cause) => cause.reason === "ResourceVersionTooLarge")) return "gone";
  // A compacted resourceVersion comes as 410 with either reason, also within a 200 as an ERROR event.
  if (code === 410 || reason === "Expired" || reason === "Gone") return "gone";
  if (code === 401) return "unauthorized";
  if (code === 403) return "forbidden";
  if (code === 429) return "throttled";
  return code >= 500 ? "server_error" : "refused";
}
