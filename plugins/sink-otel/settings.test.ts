import { expect, test } from "vitest";
import { resourceOf } from "../../core/otlp/resource.ts";
import type { Environment } from "../../core/plugin/index.ts";
import { options } from "./config.ts";
import { settingsOf } from "./settings.ts";

const settings = (written: Readonly<Record<string, unknown>>, environment: Environment = {}) =>
  settingsOf(options.parse(written), environment);
const urls = (written: Readonly<Record<string, unknown>>, environment: Environment = {}) => {
  const { logs, metrics } = settings(written, environment);
  return [logs?.endpoint.url.href, metrics?.endpoint.url.href];
};

const E = "OTEL_EXPORTER_OTLP";

test.each([
  {
    name: "nothing said: the specification's default",
    written: {},
    environment: {},
    logs: "http://localhost:4318/v1/logs",
  },
  {
    name: "grpc: its own default port",
    written: { protocol: "grpc" },
    environment: {},
    logs: "http://localhost:4317/",
  },
  {
    name: "the general variable gets the path",
    written: {},
    environment: { [`${E}_ENDPOINT`]: "http://otel:4318" },
    logs: "http://otel:4318/v1/logs",
  },
  {
    name: "its own path is kept",
    written: {},
    environment: { [`${E}_ENDPOINT`]: "https://x.example/otlp/" },
    logs: "https://x.example/otlp/v1/logs",
  },
  {
    name: "the signal's variable is taken as it is",
    written: {},
    environment: { [`${E}_LOGS_ENDPOINT`]: "http://otel:9/x" },
    logs: "http://otel:9/x",
  },
  {
    name: "the signal's variable goes first",
    written: {},
    environment: { [`${E}_LOGS_ENDPOINT`]: "http://a/", [`${E}_ENDPOINT`]: "http://b" },
    logs: "http://a/",
  },
  {
    name: "the option goes before variables",
    written: { endpoint: "http://c" },
    environment: { [`${E}_LOGS_ENDPOINT`]: "http://a/" },
    logs: "http://c/v1/logs",
  },
  {
    name: "the signal's option goes first of all",
    written: { endpoint: "http://c", logsEndpoint: "http://d/in" },
    environment: {},
    logs: "http://d/in",
  },
  {
    name: "empty is unset",
    written: { endpoint: "" },
    environment: { [`${E}_ENDPOINT`]: "" },
    logs: "http://localhost:4318/v1/logs",
  },
  {
    name: "grpc without a scheme is TLS",
    written: { protocol: "grpc", endpoint: "otel:4317" },
    environment: {},
    logs: "https://otel:4317/",
  },
  {
    name: "grpc without a scheme, insecure",
    written: { protocol: "grpc", endpoint: "otel:4317" },
    environment: { [`${E}_INSECURE`]: "true" },
    logs: "http://otel:4317/",
  },
])("endpoint: $name", ({ written, environment, logs }) => {
  expect(urls(written, environment)[0]).toBe(logs);
});

test("each signal has its own path", () => {
  expect(urls({ endpoint: "http://otel:4318" })).toEqual(["http://otel:4318/v1/logs", "http://otel:4318/v1/metrics"]);
});

test.each([
  { written: { endpoint: "otel:4318" }, says: '"otel:4318" has no scheme: write "http://otel:4318"' },
  { written: { endpoint: "localhost" }, says: '"localhost" has no scheme' },
  { written: { logsEndpoint: "ftp://otel" }, says: 'the scheme "ftp" is none for OTLP' },
  { written: { logs: false, metrics: false }, says: "logs and metrics are both off" },
  { written: { timeout: "5m" }, says: "1ms to 50s" },
  { written: { endpoint: "http://me:pass@otel" }, says: "write them as a header" },
  { written: { endpoint: "http://" }, says: '"http://" is no address' },
  { written: { endpoint: "otel:port", protocol: "grpc" }, says: '"otel:port" is no address' },
  { written: { headers: { "x y": "1" } }, says: '"x y" or its value holds a character' },
  { written: { headers: { "Content-Type": "1" } }, says: "is set by Droplens itself" },
])("the config refuses $written", ({ written, says }) => {
  expect(JSON.stringify(options.safeParse(written).error?.issues)).toContain(JSON.stringify(says).slice(1, -1));
});

test.each([
  { written: {}, environment: { [`${E}_ENDPOINT`]: "otel:4318" }, says: `${E}_ENDPOINT: "otel:4318" has no scheme` },
  { written: {}, environment: { [`${E}_ENDPOINT`]: "http://me:pass@otel" }, says: "write them as a header" },
  { written: {}, environment: { [`${E}_HEADERS`]: "x%20y=1" }, says: 'headers: "x y"' },
  { written: {}, environment: { [`${E}_HEADERS`]: "Content-Type=1" }, says: "is set by Droplens itself" },
  { written: { tls: { certFile: "a" } }, environment: {}, says: "keyFile (OTEL_EXPORTER_OTLP_CLIENT_KEY) is missing" },
])("the start refuses $written $environment", ({ written, environment, says }) => {
  expect(() => settings(written, environment)).toThrow(says);
});

test("headers of all places are sent, the nearest one where names are the same", () => {
  const environment = {
    [`${E}_HEADERS`]: "a=1,b=2, c = 3%20x",
    [`${E}_LOGS_HEADERS`]: "B=4",
    [`${E}_METRICS_HEADERS`]: "",
  };
  const { logs, metrics } = settings({ headers: { C: "5" } }, environment);
  expect(logs?.headers).toEqual({ a: "1", b: "4", c: "5" });
  expect(metrics?.headers).toEqual({ a: "1", b: "2", c: "5" });
});

test("protocol, compression, timeout, files and temporality come from the environment", () => {
  const { logs, metrics, temporality, intervalMillis } = settings(
    {},
    {
      [`${E}_PROTOCOL`]: "http/json",
      [`${E}_METRICS_PROTOCOL`]: "grpc",
      [`${E}_COMPRESSION`]: "gzip",
      [`${E}_LOGS_TIMEOUT`]: "2500",
      [`${E}_CERTIFICATE`]: "/ca.pem",
      [`${E}_METRICS_TEMPORALITY_PREFERENCE`]: "LowMemory",
      OTEL_METRIC_EXPORT_INTERVAL: "5000",
    },
  );
  expect(logs).toMatchObject({ protocol: "http/json", gzip: true, timeoutMillis: 2500, tls: { caFile: "/ca.pem" } });
  expect(metrics).toMatchObject({ protocol: "grpc", gzip: true, timeoutMillis: 10_000 });
  expect([temporality, intervalMillis]).toEqual(["delta", 5000]);
});

test("a variable that makes no sense is ignored with a warning, and never shown", () => {
  const { logs, warnings } = settings(
    {},
    { [`${E}_PROTOCOL`]: "thrift", [`${E}_TIMEOUT`]: "soon", [`${E}_HEADERS`]: "secret" },
  );
  expect(logs).toMatchObject({ protocol: "http/protobuf", timeoutMillis: 10_000, headers: {} });
  expect(warnings).toHaveLength(3);
  expect(warnings.join()).not.toMatch(/secret|soon/);
});

test("the resource: the option before OTEL_SERVICE_NAME, before OTEL_RESOURCE_ATTRIBUTES, before the downward API", () => {
  const environment = {
    NODE_NAME: "node-1",
    POD_NAME: "droplens-x",
    POD_NAMESPACE: "kube-system",
    OTEL_SERVICE_NAME: "named",
    OTEL_RESOURCE_ATTRIBUTES: "service.name=other,k8s.node.name=node-2,team=net%20ops,region=eu",
  };
  const { attributes } = resourceOf({ region: "us", "k8s.cluster.name": "prod" }, environment);
  expect(attributes).toMatchObject({
    "service.name": "named",
    "service.namespace": "kube-system",
    "service.instance.id": "kube-system.droplens-x.droplens",
    "k8s.pod.name": "droplens-x",
    "k8s.node.name": "node-2",
    "k8s.cluster.name": "prod",
    team: "net ops",
    region: "us",
    "telemetry.sdk.language": "nodejs",
  });
});

test("outside a pod agents are told apart all the same: by an id that is the process's own", () => {
  const id = () => resourceOf({}, {}).attributes["service.instance.id"];
  expect(id()).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
  expect(id()).toBe(id());
});
