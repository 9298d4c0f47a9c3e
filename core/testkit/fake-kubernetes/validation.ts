/** What the real server refuses of objects that our plugins and kubectl write, in its words; and what it fills in. */
import { isRecord, type KubernetesObject, textAt, valueAt } from "./object.ts";
import { badRequest, type Cause, invalid } from "./refusal.ts";
import type { Resource } from "./resource.ts";

/** Throws a Refusal. `name` is what the object will be called, generated part included. */
export function validate(resource: Resource, object: KubernetesObject): void {
  const name = object.metadata.name ?? "";
  const causes = [...nameCauses(resource, object), ...(kindCauses[resource.kind]?.(object) ?? [])];
  if (causes.length > 0) throw invalid(resource, name, causes);
}

export function withDefaults(resource: Resource, object: KubernetesObject): KubernetesObject {
  if (resource.kind === "Event") return eventWithDefaults(object);
  if (resource.kind === "Pod") return podWithDefaults(object);
  if (resource.kind !== "Namespace") return object;
  const { metadata } = object;
  const labels = { ...metadata.labels, "kubernetes.io/metadata.name": metadata.name ?? "" };
  const defaults = { spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } };
  return { ...defaults, ...object, metadata: { ...metadata, labels } };
}

const kindCauses: Readonly<Record<string, (object: KubernetesObject) => readonly Cause[]>> = {
  Pod: podCauses,
  Event: eventCauses,
};

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const subdomainRule =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and " +
  "end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

function nameCauses(resource: Resource, object: KubernetesObject): readonly Cause[] {
  const name = object.metadata.name ?? "";
  if (name === "") return [required("metadata.name", "name or generateName is required")];
  // core/v1 events take any name that is a path segment.
  if (resource.kind === "Event") {
    const bad = ["/", "%"].filter((part) => name.includes(part));
    return bad.map((part) => invalidValue("metadata.name", name, `may not contain '${part}'`));
  }
  const tooLong = name.length > (resource.kind === "Namespace" ? 63 : 253);
  return subdomain.test(name) && !tooLong ? [] : [invalidValue("metadata.name", name, subdomainRule)];
}

function podCauses(object: KubernetesObject): readonly Cause[] {
  const containers = valueAt(object, "spec.containers");
  if (!Array.isArray(containers) || containers.length === 0) return [required("spec.containers")];
  return containers.flatMap((container, i) =>
    textAt(container, "name") === "" ? [required(`spec.containers[${i}].name`)] : [],
  );
}

/** legacyValidateEvent of pkg/apis/core/validation/events.go. */
function eventCauses(object: KubernetesObject): readonly Cause[] {
  const involved = textAt(object, "involvedObject.namespace");
  const namespace = object.metadata.namespace ?? "";
  const fits = involved === namespace || (involved === "" && namespace === "default");
  const causes = fits ? [] : [invalidValue("involvedObject.namespace", involved, "does not match event.namespace")];
  if (textAt(object, "eventTime") === "") return causes;
  return [
    ...causes,
    ...boundedText(object, "reportingComponent", Number.POSITIVE_INFINITY),
    ...boundedText(object, "reportingInstance", 128),
    ...boundedText(object, "action", 128),
    ...boundedText(object, "reason", 128),
    ...(Buffer.byteLength(textAt(object, "message")) > 1024
      ? [invalidValue("message", "", "can have at most 1024 characters")]
      : []),
  ];
}

function boundedText(object: KubernetesObject, field: string, maxBytes: number): readonly Cause[] {
  const text = textAt(object, field);
  if (text === "") return [required(field)];
  return Buffer.byteLength(text) > maxBytes ? [invalidValue(field, "", `can have at most ${maxBytes} characters`)] : [];
}

function required(field: string, detail?: string): Cause {
  return { reason: "FieldValueRequired", message: `Required value${detail ? `: ${detail}` : ""}`, field };
}

function invalidValue(field: string, value: string, problem: string): Cause {
  return { reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value)}: ${problem}`, field };
}

function eventWithDefaults(object: KubernetesObject): KubernetesObject {
  return {
    source: {},
    ...object,
    firstTimestamp: wholeSeconds(object, "firstTimestamp"),
    lastTimestamp: wholeSeconds(object, "lastTimestamp"),
    eventTime: microTime(object),
    reportingComponent: object.reportingComponent ?? "",
    reportingInstance: object.reportingInstance ?? "",
  };
}

/** metav1.Time drops what is below a second. */
function wholeSeconds(object: KubernetesObject, field: string): string | null {
  const text = textAt(object, field);
  if (text === "") return null;
  if (Number.isNaN(Date.parse(text))) throw badTime(object, text, "2006-01-02T15:04:05Z07:00");
  return `${new Date(text).toISOString().slice(0, 19)}Z`;
}

/** metav1.MicroTime wants exactly six digits behind the point. */
function microTime(object: KubernetesObject): string | null {
  const text = textAt(object, "eventTime");
  if (text === "") return null;
  if (!/T\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/.test(text))
    throw badTime(object, text, "2006-01-02T15:04:05.000000Z07:00");
  return text;
}

function badTime(object: KubernetesObject, text: string, layout: string) {
  const kind = object.kind ?? "Event";
  return badRequest(
    `${kind} in version "v1" cannot be handled as a ${kind}: parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse`,
  );
}

function podWithDefaults(object: KubernetesObject): KubernetesObject {
  const spec = isRecord(object.spec) ? object.spec : {};
  const defaults = {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    securityContext: {},
    schedulerName: "default-scheduler",
    enableServiceLinks: true,
  };
  return {
    ...object,
    spec: { ...defaults, ...spec },
    // What a client writes into status is not taken from a create.
    status: { phase: "Pending", qosClass: "BestEffort" },
  };
}
