/** What can become of one export request, as data: what the transports and exporters return, and the sink acts on. */
import { DroplensError, RetryableError } from "../plugin/errors.ts";

/** Fixed words: they are metric labels. */
export type RefusalReason = "bad_request" | "unauthorized" | "not_found" | "too_large" | "refused";

export type NotStored =
  /** Nothing was stored, as far as is known: the same again later. */
  | { readonly kind: "again"; readonly error: string; readonly retryAfterMillis?: number | undefined }
  /** The server will never take it. */
  | { readonly kind: "refused"; readonly reason: RefusalReason; readonly error: string };

export type Reply = { readonly kind: "answered"; readonly body: Uint8Array } | NotStored;

export type Outcome =
  /** Stored, but for `refused` records or data points: which ones the server does not say. */
  { readonly kind: "stored"; readonly refused: number; readonly message: string } | NotStored;

/** Sends one request to one address, once. */
export interface Transport {
  /** Rejects only with `signal.reason`; whatever else goes wrong is a reply. */
  send(body: Uint8Array, signal: AbortSignal): Promise<Reply>;
  /** Lets go of all connections; requests under way come to their end first. The next `send` connects anew. */
  close(): void;
}

export function again(error: string, retryAfterMillis?: number): NotStored {
  return { kind: "again", error, retryAfterMillis };
}

/** For whom only an exception will do. */
export function toError(outcome: NotStored): Error {
  if (outcome.kind === "refused") return new DroplensError("OTEL_REFUSED", outcome.error);
  return new RetryableError("OTEL_UNAVAILABLE", outcome.error, { retryAfterMillis: outcome.retryAfterMillis });
}
