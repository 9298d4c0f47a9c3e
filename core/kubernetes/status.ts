/**
 * Reads the `Status` object with which the API server explains a refusal. In comes an ApiResponse, out come its parts.
 * For plugins that tell a full namespace from a terminating one, and for messages.
 */
import { printable } from "../model/printable.ts";
import type { ApiResponse } from "./api-server.ts";

export interface ApiStatus {
  readonly code: number;
  /** "NotFound", "AlreadyExists", "Invalid", "Forbidden" …; empty when the server gave none. */
  readonly reason: string;
  readonly message: string;
  readonly causes: readonly ApiStatusCause[];
}

export interface ApiStatusCause {
  /** "NamespaceTerminating", "FieldValueInvalid" … */
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** Also for answers of what is no API server (a proxy's HTML page): then the message quotes its beginning. */
export function readStatus(response: Pick<ApiResponse, "status" | "body" | "json">): ApiStatus {
  const body = response.json();
  if (isObject(body) && body.kind === "Status") return { ...statusOf(body), code: response.status };
  const quoted = printable(Buffer.from(response.body.subarray(0, 200)).toString("utf8")).trim();
  return { code: response.status, reason: "", message: quoted, causes: [] };
}

/** The object of a watch's ERROR event. */
export function statusOf(object: unknown): ApiStatus {
  const status = isObject(object) ? object : {};
  const details = isObject(status.details) ? status.details : {};
  const causes = Array.isArray(details.causes) ? details.causes : [];
  return {
    code: typeof status.code === "number" ? status.code : 0,
    reason: text(status.reason),
    message: text(status.message),
    causes: causes.filter(isObject).map(({ reason, message, field }) => ({
      reason: text(reason),
      message: text(message),
      field: text(field),
    })),
  };
}

/** One line for a log: `403 Forbidden: events is forbidden: …`. */
export function describeStatus(status: ApiStatus): string {
  return `${[status.code, status.reason].filter(Boolean).join(" ")}${status.message === "" ? "" : `: ${status.message}`}`;
}

function text(value: unknown): string {
  return typeof value === "string" ? printable(value, 2000) : "";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
