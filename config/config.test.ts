/** Holds what is committed in this folder to the program: the bundle, the example, what is generated. */
import "reflect-metadata";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { testConfig } from "../core/cli/test-config.ts";
import { type Loaded, loadConfig } from "../core/config/load.ts";
import { formatProblem } from "../core/config/problem.ts";
import type { Environment } from "../core/plugin/context.ts";
import { builtIn } from "./built-in.ts";
import { generated } from "./generate.ts";

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "droplens-bundles-"));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const fileOf = (name: string) => new URL(name, import.meta.url);

function configOf(loaded: Loaded) {
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join("\n"));
  return loaded.config;
}

const made = Object.entries(await generated());

describe("what is generated", () => {
  it.each(made)("is up to date (else: npm run generate): %s", (name, text) => {
    expect(readFileSync(fileOf(name), "utf8")).toBe(text);
  });
});

describe("the example", () => {
  it("is a config that is right", async () => {
    copyFileSync(fileOf("droplens.example.yaml"), join(cwd, "droplens.yaml"));
    const config = configOf(await loadConfig({ cwd, environment: {}, builtIn }));
    expect(config.pipelines[0]?.sinks.map((sink) => sink.name)).toEqual(["sink-k8s-events", "prometheus"]);
  });
});

describe("the bundle of kube-iptables-tailer", () => {
  const required = { IPTABLES_LOG_PATH: "/var/log/iptables.log", IPTABLES_LOG_PREFIX: "calico-drop:" };
  const load = (environment: Environment) => loadConfig({ cwd, environment, builtIn });

  it("has the Go tailer's defaults", async () => {
    const config = configOf(await load(required));
    expect(config).toMatchObject({ log: { level: "info" }, operations: { host: "", port: 9090 } });
    const [pipeline] = config.pipelines;
    expect(pipeline).toMatchObject({ maxAgeMillis: 600_000, repeatIntervalMillis: 120_000, inFlight: 100 });
    expect(pipeline?.source.options).toMatchObject({ pollInterval: 5000 });
    expect(pipeline?.parser.options).toMatchObject({ prefix: "calico-drop:", trust: "kernel" });
    expect(pipeline?.parser.options).not.toHaveProperty("timeLayout");
    expect(pipeline?.resolvers[0]?.options).toMatchObject({ podIdentifier: "namespace" });
    expect(pipeline?.sinks[0]?.options).toMatchObject({
      reason: "PacketDrop",
      sourceComponent: "kube-iptables-tailer",
    });
    expect(pipeline?.sinks.map((sink) => sink.name)).toEqual(["sink-k8s-events", "sink-prometheus"]);
  });

  it("follows every variable", async () => {
    const environment = {
      ...required,
      KUBE_API_SERVER: "http://127.0.0.1:8001",
      KUBE_EVENT_DISPLAY_REASON: "Refused",
      KUBE_EVENT_SOURCE_COMPONENT_NAME: "mine",
      METRICS_SERVER_PORT: "9191",
      PACKET_DROP_CHANNEL_BUFFER_SIZE: "7",
      PACKET_DROP_EXPIRATION_MINUTES: "3",
      REPEATED_EVENTS_INTERVAL_MINUTES: "4",
      WATCH_LOGS_INTERVAL_SECONDS: "6",
      POD_IDENTIFIER: "label",
      POD_IDENTIFIER_LABEL: "app",
      PACKET_DROP_LOG_TIME_LAYOUT: "2006-01-02T15:04:05.000000-07:00",
      LOG_LEVEL: "DEBUG",
    };
    const loaded = await load(environment);
    const config = configOf(loaded);
    const [pipeline] = config.pipelines;
    expect(loaded.warnings).toEqual([]);
    expect(config).toMatchObject({ log: { level: "debug" }, operations: { port: 9191 } });
    expect(pipeline).toMatchObject({ inFlight: 7, maxAgeMillis: 180_000, repeatIntervalMillis: 240_000 });
    expect(pipeline?.source.options).toMatchObject({ pollInterval: 6000 });
    expect(pipeline?.parser.options).toMatchObject({ timeLayout: "2006-01-02T15:04:05.000000-07:00" });
    const server = "http://127.0.0.1:8001";
    expect(pipeline?.resolvers[0]?.options).toMatchObject({
      server,
      podIdentifier: "label",
      podIdentifierLabel: "app",
    });
    expect(pipeline?.sinks[0]?.options).toMatchObject({ server, reason: "Refused", sourceComponent: "mine" });
  });

  it("takes defaults, with warnings, for what is no number", async () => {
    const loaded = await load({ ...required, METRICS_SERVER_PORT: "x", WATCH_LOGS_INTERVAL_SECONDS: "y" });
    expect(configOf(loaded).operations.port).toBe(9090);
    expect(loaded.warnings).toHaveLength(2);
  });

  it("runs the same as a file that was copied", async () => {
    const bundled = configOf(await load({ ...required, LOG_LEVEL: "WARN" }));
    copyFileSync(fileOf("kube-iptables-tailer.yaml"), join(cwd, "droplens.yaml"));
    const copied = configOf(await load({ ...required, LOG_LEVEL: "WARN" }));
    const shapeOf = (config: typeof copied) =>
      JSON.stringify(config, (key, value) => (/^(origin|where)$/.test(key) ? "" : value));
    expect(copied.origin).toBe("droplens.yaml");
    expect(shapeOf(copied)).toBe(shapeOf(bundled));
  });
});

describe("the tests of the example", () => {
  it("pass", async () => {
    let out = "";
    const write = (text: string) => {
      out += text;
    };
    const { signal } = new AbortController();
    const stdin = (async function* () {})();
    const place = {
      stdin,
      environment: {},
      cwd: import.meta.dirname,
      terminal: false,
      signal,
      onHangup: () => undefined,
    };
    const code = await testConfig(["droplens.example.test.yaml"], { ...place, stdout: write, stderr: write }, builtIn);
    expect([code, out]).toEqual([0, expect.stringMatching(/[1-9]\d* passed, 0 failed\n$/)]);
  });
});
