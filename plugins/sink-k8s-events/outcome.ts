/**
 * What an answer of the API server means for the event that was sent. Pure; called by the poster for every request.
 */
import type { ApiResponse } from "../../core/kubernetes/api-server.ts";
import { type ApiStatus, describeStatus, readStatus } from "../../core/kubernetes/status.ts";

export type Verb = "create" | "patch";

export type Outcome =
  | { readonly kind: "stored" }
  /** PATCH only: the event has expired or was deleted. */
  | { readonly kind: "gone" }
  /** CREATE only: there is an event of this name. */
  | { readonly kind: "conflict" }
  | Retry
  | Discard;

export type Retry = {
  readonly kind: "retry";
  readonly why: "transport" | "throttled" | "server_error" | "webhook_failed" | "unauthorized" | "stopping";
  readonly problem: string;
  readonly retryAfterMillis?: number | undefined;
};

export type Discard = {
  readonly kind: "discard";
  readonly reason:
    | "not_found"
    | "namespace_terminating"
    | "missing_right"
    | "forbidden"
    | "invalid"
    | "conflict"
    | "internal_error";
  readonly problem: string;
  /** The whole namespace refuses this verb: no use in asking again for a while. */
  readonly refusedMillis?: number;
};

// A service account's token is read anew after 60 s, so an earlier try would be refused again.
const unauthorizedMillis = 60_000;
const missingNamespaceMillis = 60_000;
// Shorter than the others: once a person has added the rule, events shall come soon.
const missingRightMillis = 10_000;

export function outcomeOf(verb: Verb, response: ApiResponse): Outcome {
  const { status, retryAfterMillis } = response;
  if (status >= 200 && status < 300) return { kind: "stored" };
  const answer = readStatus(response);
  const problem = describeStatus(answer);
  if (status === 429) return { kind: "retry", why: "throttled", problem, retryAfterMillis };
  if (status >= 500) return { kind: "retry", why: serverErrorKind(answer), problem, retryAfterMillis };
  if (status === 401) return { kind: "retry", why: "unauthorized", problem, retryAfterMillis: unauthorizedMillis };
  if (status === 404 && verb === "patch") return { kind: "gone" };
  if (status === 404) return notFound(answer, problem);
  if (status === 409 && verb === "create") return { kind: "conflict" };
  // A PATCH without resourceVersion conflicts only with another write at the same moment.
  if (status === 409) return { kind: "retry", why: "server_error", problem, retryAfterMillis };
  if (status === 403) return forbidden(answer, problem);
  return { kind: "discard", reason: "invalid", problem };
}

/** A webhook concerns some namespaces, any other error the whole server. */
function serverErrorKind(answer: ApiStatus): "webhook_failed" | "server_error" {
  // apiserver/pkg/admission/plugin/webhook/errors: "Internal error occurred: failed calling webhook ..."
  return answer.message.includes("failed calling webhook") ? "webhook_failed" : "server_error";
}

function notFound(answer: ApiStatus, problem: string): Discard {
  const discard: Discard = { kind: "discard", reason: "not_found", problem };
  // Otherwise it is not the namespace: a proxy, or a wrong path in the server's address.
  return answer.message.startsWith('namespaces "') ? { ...discard, refusedMillis: missingNamespaceMillis } : discard;
}

function forbidden(answer: ApiStatus, problem: string): Discard {
  if (answer.causes.some((cause) => cause.reason === "NamespaceTerminating")) {
    return { kind: "discard", reason: "namespace_terminating", problem, refusedMillis: missingNamespaceMillis };
  }
  // `events is forbidden: User "…" cannot create resource …` (apiserver responsewriters/errors.go);
  // a quota or a policy webhook also answers 403, but for one object and without a user.
  if (answer.message.includes('is forbidden: User "')) {
    return { kind: "discard", reason: "missing_right", problem, refusedMillis: missingRightMillis };
  }
  return { kind: "discard", reason: "forbidden", problem };
}
