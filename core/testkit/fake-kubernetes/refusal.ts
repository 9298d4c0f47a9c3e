/** Every "no" of the fake, with the same Status body as the real server's (read off a 1.36 server). */
import { qualifiedName, type Resource } from "./resource.ts";

export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

interface Details {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly causes?: readonly Cause[];
  readonly retryAfterSeconds?: number;
}

/** Thrown anywhere below the router, which answers with it. */
export class Refusal extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: Details;

  constructor(code: number, reason: string, message: string, details: Details = {}) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  get body(): object {
    const { code, reason, message, details } = this;
    return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, details, code };
  }
}

function detailsOf(resource: Resource, name: string): Details {
  return { name, ...(resource.group !== "" && { group: resource.group }), kind: resource.name };
}

export function notFound(resource: Resource, name: string): Refusal {
  return new Refusal(404, "NotFound", `${qualifiedName(resource)} "${name}" not found`, detailsOf(resource, name));
}

export function noSuchPath(): Refusal {
  return new Refusal(404, "NotFound", "the server could not find the requested resource");
}

export function alreadyExists(resource: Resource, name: string): Refusal {
  const message = `${qualifiedName(resource)} "${name}" already exists`;
  return new Refusal(409, "AlreadyExists", message, detailsOf(resource, name));
}

export function conflict(resource: Resource, name: string): Refusal {
  const message =
    `Operation cannot be fulfilled on ${qualifiedName(resource)} "${name}": the object has been modified; ` +
    "please apply your changes to the latest version and try again";
  return new Refusal(409, "Conflict", message, detailsOf(resource, name));
}

export function invalid(resource: Resource, name: string, causes: readonly Cause[]): Refusal {
  const parts = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const list = parts.length === 1 ? parts[0] : `[${parts.join(", ")}]`;
  const message = `${resource.kind} "${name}" is invalid: ${list}`;
  return new Refusal(422, "Invalid", message, { ...(name !== "" && { name }), kind: resource.kind, causes });
}

export function invalidListOptions(field: string, message: string): Refusal {
  const causes = [{ reason: "FieldValueForbidden", message: `Forbidden: ${message}`, field }];
  const whole = `ListOptions.meta.k8s.io "" is invalid: ${field}: Forbidden: ${message}`;
  return new Refusal(422, "Invalid", whole, { kind: "ListOptions", group: "meta.k8s.io", causes });
}

export function badRequest(message: string): Refusal {
  return new Refusal(400, "BadRequest", message);
}

export function forbidden(resource: Resource, name: string, why: string, causes: readonly Cause[] = []): Refusal {
  const subject = name === "" ? qualifiedName(resource) : `${qualifiedName(resource)} "${name}"`;
  const details = { ...(name !== "" && { name }), kind: resource.name, ...(causes.length > 0 && { causes }) };
  return new Refusal(403, "Forbidden", `${subject} is forbidden: ${why}`, details);
}

export function expired(message: string): Refusal {
  return new Refusal(410, "Expired", message);
}

export function tooLargeResourceVersion(wanted: number, current: number): Refusal {
  const message = `Timeout: Too large resource version: ${wanted}, current: ${current}`;
  const causes = [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }];
  return new Refusal(504, "Timeout", message, { causes, retryAfterSeconds: 1 });
}
