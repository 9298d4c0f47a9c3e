/** Rights: answers access reviews and refuses requests, both by the same rule, which a test may set. */

import type { Access } from "./fault.ts";
import { isRecord, textAt } from "./object.ts";
import { noSuchPath, Refusal } from "./refusal.ts";

export type Allows = (access: Access) => boolean;

/** Who the fake takes everybody for. */
const user = "system:serviceaccount:droplens:droplens";

export function requireAccess(allows: Allows, access: Access): void {
  if (allows(access)) return;
  const { verb, resource, group, namespace, name } = access;
  const qualified = group === "" ? resource : `${resource}.${group}`;
  const subject = name === "" ? qualified : `${qualified} "${name}"`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const why = `User "${user}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`;
  const details = { ...(name !== "" && { name }), ...(group !== "" && { group }), kind: resource };
  throw new Refusal(403, "Forbidden", `${subject} is forbidden: ${why}`, details);
}

export function review(kind: string, allows: Allows, body: unknown): object {
  const apiVersion = "authorization.k8s.io/v1";
  const spec = isRecord(body) && isRecord(body.spec) ? body.spec : {};
  if (kind === "selfsubjectrulesreviews") {
    const resourceRules = [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }];
    const status = { resourceRules, nonResourceRules: [], incomplete: true };
    return { kind: "SelfSubjectRulesReview", apiVersion, metadata: {}, spec, status };
  }
  if (kind !== "selfsubjectaccessreviews") throw noSuchPath();
  const allowed = allows(reviewedAccess(spec));
  const status = { allowed, ...(!allowed && { reason: "" }) };
  return { kind: "SelfSubjectAccessReview", apiVersion, metadata: {}, spec, status };
}

function reviewedAccess(spec: Record<string, unknown>): Access {
  const attribute = (field: string) => textAt(spec, `resourceAttributes.${field}`);
  return {
    verb: attribute("verb"),
    resource: [attribute("resource"), attribute("subresource")].filter((part) => part !== "").join("/"),
    group: attribute("group"),
    namespace: attribute("namespace"),
    name: attribute("name"),
  };
}
