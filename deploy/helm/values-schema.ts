/**
 * The schema of the chart's values: what is written here, and below `config` the config's own schema, with all of its
 * definitions, so that `helm lint`, `template` and `install` refuse a typo by its name and ask nobody for a schema.
 * Called by `npm run generate`, which writes droplens/values.schema.json; a test holds the two together.
 */
import * as z from "zod";
import { isObject, type JsonSchema, jsonSchemaOf } from "../../core/config/json-schema.ts";

/** `configSchema` is what `droplens schema` prints. */
export function valuesSchemaText(configSchema: string): string {
  const { definitions, title, $schema, ...config } = parsed(configSchema);
  const { properties, ...values } = jsonSchemaOf(valuesSchema) ?? {};
  const schema = {
    title: "Values of the Droplens chart",
    ...values,
    properties: { ...(isObject(properties) ? properties : {}), config: withoutSource(config) },
    definitions,
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

function parsed(text: string): JsonSchema {
  const schema: unknown = JSON.parse(text);
  if (!isObject(schema)) throw new Error("the config's schema is no mapping");
  return schema;
}

/** The chart brings a source and a parser where a pipeline names none. */
function withoutSource(config: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(config), (key, value: unknown) =>
    key === "required" && Array.isArray(value) && value.includes("source") && value.includes("parser")
      ? value.filter((name) => name !== "source" && name !== "parser")
      : value,
  );
}

const texts = z.record(z.string(), z.string());
const path = z.string().regex(/^\//, "an absolute path");
/** Parts of a pod, which the API server checks. */
const mapping = z.record(z.string(), z.unknown());
const list = z.array(mapping);

const valuesSchema = z.strictObject({
  source: z.enum(["file", "journald", "kmsg"]).describe("What is read on each node; decides mounts and rights"),
  file: z.strictObject({
    path: z.union([path, z.array(path).min(1)]).describe("The log file, or several, below hostPath"),
    hostPath: path.describe("The node's folder that is mounted, at the same place"),
  }),
  journald: z.strictObject({ directory: path.describe("Where the node keeps its journal") }),
  prefix: z.union([z.string(), z.array(z.string())]).describe("Text of the rules' log prefix, one or several"),
  config: z.unknown(),
  image: z.strictObject({
    repository: z.string().min(1),
    tag: z.string().describe("Empty: the chart's appVersion"),
    pullPolicy: z.enum(["", "Always", "IfNotPresent", "Never"]),
  }),
  imagePullSecrets: z.array(z.strictObject({ name: z.string() })),
  nameOverride: z.string(),
  fullnameOverride: z.string(),
  state: z.strictObject({
    hostPath: z.union([z.literal(""), path]).describe("Where checkpoints outlive the pod; empty: an emptyDir"),
  }),
  rbac: z.strictObject({ create: z.boolean() }),
  serviceAccount: z.strictObject({ create: z.boolean(), name: z.string(), annotations: texts }),
  podAnnotations: texts,
  podLabels: texts,
  priorityClassName: z.string(),
  updateStrategy: z.strictObject({
    type: z.enum(["RollingUpdate", "OnDelete"]).optional(),
    rollingUpdate: mapping.optional(),
  }),
  terminationGracePeriodSeconds: z.int().min(0),
  resources: z.strictObject({
    requests: mapping.optional(),
    limits: mapping.optional(),
    claims: list.optional(),
  }),
  nodeSelector: texts,
  tolerations: list,
  affinity: z.strictObject({
    nodeAffinity: mapping.optional(),
    podAffinity: mapping.optional(),
    podAntiAffinity: mapping.optional(),
  }),
  podSecurityContext: mapping,
  securityContext: mapping,
  extraArgs: z.array(z.string()),
  extraEnv: list,
  extraVolumes: list,
  extraVolumeMounts: list,
  podMonitor: z.strictObject({
    enabled: z.boolean(),
    labels: texts,
    interval: z.string(),
    scrapeTimeout: z.string(),
  }),
  prometheusRule: z.strictObject({
    enabled: z.boolean(),
    labels: texts,
    disabled: z.array(z.string()).describe("Names of alerts that are left out"),
    extraGroups: list.describe("Rule groups beside them"),
  }),
  dashboard: z.strictObject({ enabled: z.boolean(), labels: texts, annotations: texts }),
  // Helm hands it down to charts that are part of another one.
  global: z.unknown().optional(),
});
