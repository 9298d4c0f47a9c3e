/**
 * `telemetry.otlp` and sink-otel in the running program, against a small Collector: what is sent, what is loaded for it,
 * what a reload changes, and what becomes of addresses as a new user gets them wrong.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { OtlpReceiver, type Request } from "../core/otlp/testdata/otlp-receiver.ts";
import { type Child, checkout, droplens } from "./support/child.ts";
import { kernelLine, NodeStage, prefix, type RunningProgram } from "./support/node-stage.ts";

type Finish = ConstructorParameters<typeof NodeStage>[0];

interface Wanted {
  /** YAML of one line. */
  readonly telemetry?: string;
  /** YAML of one line each. */
  readonly sinks?: readonly string[];
}

class Stage {
  readonly node: NodeStage;
  readonly #finish: Finish;

  constructor(finish: Finish) {
    this.node = new NodeStage(finish);
    this.#finish = finish;
    writeFileSync(this.node.log, "");
    mkdirSync(join(this.node.folder, "state"));
  }

  async receiver(): Promise<OtlpReceiver> {
    const receiver = await new OtlpReceiver().listen();
    this.#finish(() => receiver.close());
    return receiver;
  }

  write({ telemetry, sinks = ["{ use: sink-prometheus }"] }: Wanted): void {
    const text = `version: 1
stateFolder: ${join(this.node.folder, "state")}
operations: { host: 127.0.0.1, port: 0 }
${telemetry === undefined ? "" : `telemetry: { otlp: ${telemetry} }\n`}pipelines:
  drops:
    source: { use: source-file, path: ${this.node.log}, pollInterval: 100ms }
    parser: { use: parser-iptables, prefix: "${prefix}" }
    sinks:
${sinks.map((sink) => `      - ${sink}\n`).join("")}`;
    writeFileSync(join(this.node.folder, "droplens.yaml"), text);
  }

  run(wanted: Wanted, environment: Readonly<Record<string, string>> = {}): RunningProgram {
    this.write(wanted);
    return this.node.run(environment);
  }

  /** A command to its end. */
  async command(
    words: readonly string[],
    wanted: Wanted,
    environment = {},
  ): Promise<Child & { readonly code: unknown }> {
    this.write(wanted);
    const child = droplens(words, { cwd: this.node.folder, environment });
    return Object.assign(child, { code: await child.ended() });
  }
}

/** The last value that the Collector has, summed over the series that carry `labels`. */
function lastSum(requests: readonly Request[], name: string, labels: Readonly<Record<string, string>> = {}): number {
  const points = requests.at(-1)?.points.filter(({ metric }) => metric === name) ?? [];
  const wanted = points.filter(({ attributes }) =>
    Object.entries(labels).every(([key, value]) => attributes[key] === value),
  );
  return wanted.reduce((sum, { value }) => sum + value, 0);
}

describe.concurrent("telemetry.otlp", { timeout: 60_000 }, () => {
  it("has at the end what /metrics showed", async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const receiver = await stage.receiver();
    const program = stage.run({ telemetry: `{ endpoint: "${receiver.url}", interval: 200ms }` });
    await program.ready();
    stage.node.drop(80, 3);
    stage.node.drop(81);
    await program.matched(4);
    const delivered = (now: Awaited<ReturnType<typeof program.metrics>>) => now.sum("droplens_packets_delivered_total");
    const samples = await program.measures("two delivered", (now) => delivered(now) === 2);
    await program.child.until("an export", async () => receiver.stored.length > 1);
    const status = JSON.parse((await program.get("/status")).text);
    expect(status.telemetry).toMatchObject({ url: `${receiver.url}/v1/metrics`, protocol: "http/protobuf" });
    const before = receiver.stored.length;
    expect(await program.child.stop()).toBe(0);
    expect(receiver.stored.length).toBeGreaterThan(before);
    // Repeats in open windows are told at the stop: only now are all four delivered.
    expect(lastSum(receiver.stored, "droplens_packets_delivered_total", { sink: "sink-prometheus" })).toBe(4);
    expect(lastSum(receiver.stored, "droplens_lines_read_total")).toBe(samples.sum("droplens_lines_read_total"));
    expect(lastSum(receiver.stored, "droplens_packet_drops_total")).toBe(4);
    const [, ...names] = samples.text.split(/^# TYPE /m).map((text) => text.split(" ", 1)[0]);
    const sent = new Set(receiver.points.map(({ metric }) => metric));
    const withValues = names.filter(
      (name) => samples.text.includes(`\n${name}{`) || samples.text.includes(`\n${name} `),
    );
    expect(withValues.filter((name) => !sent.has(name ?? ""))).toEqual([]);
    expect(receiver.points[0]?.resource).toMatchObject({ "service.name": "droplens" });
  });

  it("takes a changed address by a reload, and ends by one", async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const [first, second] = [await stage.receiver(), await stage.receiver()];
    const program = stage.run({ telemetry: `{ endpoint: "${first.url}", interval: 100ms }` });
    await program.child.until("an export to the first", async () => first.stored.length > 0);
    stage.write({ telemetry: `{ endpoint: "${second.url}", interval: 100ms }` });
    await program.child.until("an export to the second", async () => second.stored.length > 0);
    stage.write({ telemetry: `{ endpoint: "${first.url}", tls: { caFile: ./no.pem } }` });
    await program.child.says(/telemetry\.otlp: tls\.caFile: cannot use.*the new config cannot start/);
    stage.write({});
    await program.child.says(/(the config is reloaded[\s\S]*){2}/);
    expect((await program.get("/status")).text).not.toContain('"telemetry"');
    const counts = [first.requests.length, second.requests.length];
    expect(await program.child.stop()).toBe(0);
    expect([first.requests.length, second.requests.length]).toEqual(counts);
    expect(program.child.logged("warn")).toEqual([]);
  });

  it("is not for replay, nor for config tests", async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const receiver = await stage.receiver();
    const telemetry = `{ endpoint: "${receiver.url}", interval: 100ms }`;
    writeFileSync(join(stage.node.folder, "old.log"), kernelLine(80));
    expect((await stage.command(["replay", "old.log"], { telemetry })).code).toBe(0);
    const test = `config: droplens.yaml\ntests:\n  - name: one\n    lines: ["usb 1-1: new device"]\n    expect: []\n`;
    writeFileSync(join(stage.node.folder, "drops.test.yaml"), test);
    // Its config is the one that `command` has written.
    const tested = await stage.command(["test", "drops.test.yaml"], { telemetry });
    expect(tested).toMatchObject({ code: 0, stderr: "" });
    expect(receiver.requests).toEqual([]);
  });

  it("stops nobody when its Collector is not there", async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const program = stage.run({ telemetry: `{ endpoint: "http://127.0.0.1:1", interval: 100ms }` });
    await program.child.says(/Droplens' own metrics are not stored/);
    await program.ready();
    stage.node.drop(80);
    await program.measures("delivered", (now) => now.sum("droplens_packets_delivered_total") === 1);
    const failed = (await program.metrics()).sum("droplens_telemetry_exports_total", { outcome: "again" });
    expect(failed).toBeGreaterThan(0);
    expect(await program.child.stop()).toBe(0);
    expect(program.child.logged("warn")).toMatchObject([
      { key: "telemetry.otlp", isLast: false, error: expect.stringContaining("nothing listens there") },
      { key: "telemetry.otlp", isLast: true },
    ]);
  });
});

describe.concurrent("what is loaded", { timeout: 60_000 }, () => {
  const asked = { NODE_OPTIONS: `--import=${join(checkout, "test/support/loaded-packages.ts")}` };

  /** The OpenTelemetry and gRPC packages that a run up to its first export has loaded. */
  async function loaded(stage: Stage, wanted: Wanted): Promise<readonly string[]> {
    const program = stage.run(wanted, asked);
    await program.ready();
    await program.child.stop();
    const [, list = ""] = /^packages: (\[.*\])$/m.exec(program.child.stderr) ?? [];
    const packages: string[] = JSON.parse(list);
    expect(packages).toContain("prom-client");
    return packages.filter((name) => /^@opentelemetry\/|grpc/.test(name));
  }

  it("is no OpenTelemetry library without the option", async ({ onTestFinished }) => {
    expect(await loaded(new Stage(onTestFinished), {})).toEqual([]);
  });

  it("is no gRPC library for HTTP", async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const receiver = await stage.receiver();
    const packages = await loaded(stage, { telemetry: `{ endpoint: "${receiver.url}" }` });
    expect(packages).toContain("@opentelemetry/otlp-transformer");
    expect(packages.filter((name) => name.includes("grpc"))).toEqual([]);
    expect(receiver.stored).toHaveLength(1);
  });

  it("is the gRPC library for gRPC", async ({ onTestFinished }) => {
    const packages = await loaded(new Stage(onTestFinished), {
      telemetry: `{ endpoint: "http://127.0.0.1:1", protocol: grpc, timeout: 1s }`,
    });
    expect(packages).toContain("@grpc/grpc-js");
  });
});

describe.concurrent("an address as a new user gets it wrong", { timeout: 60_000 }, () => {
  it("is told with its line and what to write, before anything starts", async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const wanted = {
      telemetry: '{ endpoint: "otel:4318", headers: { "bad name": x }, intervall: 1m }',
      sinks: ['{ use: sink-otel, endpoint: "localhost:4318" }', "{ use: sink-prometheus }"],
    };
    for (const words of [["validate"], ["run"]]) {
      const { code, stderr } = await stage.command(words, wanted);
      expect(code).toBe(2);
      expect(stderr).toContain(
        'droplens.yaml:4:32 telemetry.otlp.endpoint: "otel:4318" has no scheme: write "http://otel:4318", or https:// for TLS',
      );
      expect(stderr).toContain('telemetry.otlp.headers["bad name"]: "bad name" or its value holds a character');
      expect(stderr).toContain('telemetry.otlp: unknown key "intervall" (did you mean "interval"?)');
      expect(stderr).toMatch(
        /droplens\.yaml:\d+:\d+ pipelines\.drops\.sinks\[0\]\.endpoint: "localhost:4318" has no scheme/,
      );
    }
  });

  it("does not answer as it should: told by validate, and other sinks go on", async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const url = await grpcServer(onTestFinished);
    const wanted = {
      telemetry: `{ endpoint: "${url}", interval: 100ms }`,
      sinks: [`{ use: sink-otel, endpoint: "${url}", metrics: false }`, "{ use: sink-prometheus }"],
    };
    const { code, stdout } = await stage.command(["validate"], wanted);
    expect(code).toBe(1);
    const todo = "write protocol: grpc if this is its port for gRPC, or https:// if it is a TLS server";
    for (const place of ["telemetry.otlp: send metrics to", "pipelines.drops.sinks[0] sink-otel: send logs to"]) {
      expect(stdout).toMatch(new RegExp(`PROBLEM ${literal(place)}.*${literal(todo)}`));
    }
    const program = stage.run(wanted);
    stage.node.drop(80);
    await program.measures(
      "delivered",
      (now) => now.sum("droplens_packets_delivered_total", { sink: "sink-prometheus" }) === 1,
    );
    await program.child.says(/"key":"telemetry\.otlp".*write protocol: grpc/);
    const { text } = await program.get("/readyz");
    expect(text).toContain("sink-otel: logs are not stored: cannot reach");
    await program.child.stop("SIGKILL");
  });
});

function literal(text: string): string {
  return text.replace(/[[\].]/g, "\\$&");
}

/** A server that speaks HTTP/2 without TLS only, like a Collector's port for gRPC. */
async function grpcServer(finish: Finish): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  finish(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
