/**
 * Asks the API server whether we may do something (SelfSubjectAccessReview), for the check() of plugins and for the
 * message that names a missing right. In comes a right, out a Finding-like answer.
 */
import type { ApiServer } from "./api-server.ts";
import { describeStatus, readStatus } from "./status.ts";

export interface Right {
  readonly verb: string;
  /** Plural: "pods", "events". */
  readonly resource: string;
  /** "" or left out: the core group. */
  readonly group?: string;
  /** Left out: in all namespaces. */
  readonly namespace?: string;
}

export interface AccessAnswer {
  /** "unknown": the server would not say. */
  readonly verdict: "allowed" | "denied" | "unknown";
  /** Why not: the authorizer's words, or why it could not be asked. */
  readonly reason?: string;
}

/** Rejects like ApiServer.request when the server cannot be reached. */
export async function accessReview(api: ApiServer, right: Right, signal: AbortSignal): Promise<AccessAnswer> {
  const { verb, resource, group = "", namespace = "" } = right;
  const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  const body = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes: { verb, resource, group, namespace } },
  };
  const response = await api.request({ method: "POST", path, body }, signal);
  const answer = response.json();
  if (response.status >= 300 || typeof answer !== "object" || answer === null || !("status" in answer)) {
    return { verdict: "unknown", reason: `cannot ask: ${describeStatus(readStatus(response))}` };
  }
  const status = answer.status;
  if (typeof status === "object" && status !== null && "allowed" in status && status.allowed === true) {
    return { verdict: "allowed" };
  }
  const reason = typeof status === "object" && status !== null && "reason" in status ? String(status.reason) : "";
  return reason === "" ? { verdict: "denied" } : { verdict: "denied", reason };
}

/** "create events in all namespaces", "list pods.metrics.k8s.io in namespace shop": for messages. */
export function describeRight({ verb, resource, group, namespace }: Right): string {
  const what = group ? `${resource}.${group}` : resource;
  return `${verb} ${what} in ${namespace ? `namespace ${namespace}` : "all namespaces"}`;
}
