/**
 * Who reports: Droplens as an OpenTelemetry resource. The option `resource` goes before OTEL_SERVICE_NAME, that before
 * OTEL_RESOURCE_ATTRIBUTES, those before the downward API. Called when the sink starts.
 * The SDK's envDetector reads process.env, which a plugin must not (README.md).
 */
import {
  defaultResource,
  detectResources,
  type Resource,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from "@opentelemetry/resources";
import { printable } from "../model/printable.ts";
import type { Environment } from "../plugin/context.ts";
import { version } from "../version.ts";
import { OtelEnvironment } from "./environment.ts";

/** Variables that a pod spec fills by the downward API, or by hand. */
const downward = {
  NODE_NAME: "k8s.node.name",
  POD_NAME: "k8s.pod.name",
  POD_UID: "k8s.pod.uid",
  POD_NAMESPACE: "k8s.namespace.name",
  CONTAINER_NAME: "k8s.container.name",
  DAEMONSET_NAME: "k8s.daemonset.name",
  CLUSTER_NAME: "k8s.cluster.name",
} as const;

type Attributes = Record<string, string | number | boolean>;

export function resourceOf(own: Attributes, environment: Environment): Resource {
  const variables = new OtelEnvironment(environment);
  const serviceName = variables.variable("OTEL_SERVICE_NAME");
  const attributes: Attributes = {
    ...fromPod(environment),
    ...variables.pairs(variables.variable("OTEL_RESOURCE_ATTRIBUTES")),
    ...(serviceName && { "service.name": serviceName.text }),
    ...own,
  };
  // Its random id is one for the whole process. Without any, the counters of two agents would be one series to a backend.
  const detected = detectResources({ detectors: [serviceInstanceIdDetector] });
  return defaultResource()
    .merge(detected)
    .merge(resourceFromAttributes(cleaned(attributes)));
}

function fromPod(environment: Environment): Attributes {
  const attributes: Attributes = { "service.name": "droplens", "service.version": version };
  for (const [name, key] of Object.entries(downward)) {
    const value = environment[name];
    if (value !== undefined && value !== "") attributes[key] = value;
  }
  const { "k8s.namespace.name": namespace, "k8s.pod.name": pod, "k8s.container.name": container } = attributes;
  if (namespace !== undefined) attributes["service.namespace"] = namespace;
  const inPod = namespace !== undefined && pod !== undefined;
  if (inPod) attributes["service.instance.id"] = `${namespace}.${pod}.${container ?? "droplens"}`;
  return attributes;
}

function cleaned(attributes: Attributes): Attributes {
  const pairs = Object.entries(attributes);
  return Object.fromEntries(
    pairs.map(([key, value]) => [key, typeof value === "string" ? printable(value, 1024) : value]),
  );
}
