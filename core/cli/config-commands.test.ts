// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how references are written in a config
// biome-ignore-all lint/suspicious/noThenProperty: JSON schema's own word
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { builtInOf, little } from "../config/testdata/little-plugins.ts";
import { definePlugin, type PluginDefinition } from "../plugin/definition.ts";
import type { Sink } from "../plugin/sink.ts";
import { version } from "../version.ts";
import type { ExitCode, Io } from "./io.ts";
import { runPlugins } from "./plugins.ts";
import { runPrintConfig } from "./print-config.ts";
import { configJsonSchema, runSchema } from "./schema.ts";
import { runValidate } from "./validate.ts";

let cwd: string;
let out: string;
let problems: string;
let io: Io;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "droplens-cli-"));
  out = "";
  problems = "";
  io = {
    stdout: (text) => {
      out += text;
    },
    stderr: (text) => {
      problems += text;
    },
    stdin: (async function* () {})(),
    environment: { LOGS: "/var/log" },
    cwd,
    terminal: false,
    signal: new AbortController().signal,
    onHangup: () => {},
  };
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const config = `version: 1
log: { level: WARN }
pipelines:
  drops:
    maxAge: \${env:AGE:-10}m
    source: { use: source-file, path: ["\${env:LOGS}/iptables.log", /var/log/kern.log] }
    parser: { use: parser-iptables }
    sinks:
      - use: sink-webhook
        url: https://me:hunter2hunter2@example.org/drops
        token: \${file:token}
        headers: { X-Team: blue }
        queue: { capacity: 500, timeout: 2s }
`;

function write(text = config): void {
  writeFileSync(join(cwd, "droplens.yaml"), text);
  writeFileSync(join(cwd, "token"), "correct-horse\n");
}

describe("print-config", () => {
  it("prints the config in force, where each value came from, and no secret", async () => {
    write();
    expect(await runPrintConfig({}, io, builtInOf())).toBe(0);
    expect(out.replaceAll(cwd, "CWD").replaceAll(version, "VERSION")).toBe(`# droplens.yaml, every default filled in

version: 1 # droplens.yaml:1:10
log:
  level: WARN # droplens.yaml:2:15
  destination: auto # default
stateFolder: /var/lib/droplens # default
stopTimeout: 10s # default
operations:
  host: "" # default
  port: 9090 # default
pipelines:
  drops:
    maxAge: 10m # default of env AGE (droplens.yaml:5:13)
    repeatInterval: 2m # default
    maxFlows: 65536 # default
    inFlight: 1000 # default
    source:
      use: source-file # built in, VERSION, droplens.yaml:6:20
      path:
        - /var/log/iptables.log # env LOGS (droplens.yaml:6:40)
        - /var/log/kern.log # droplens.yaml:6:68
      pollInterval: 5s # default
      maxLineBytes: 65536 # default
      until: forever # default
    parser:
      use: parser-iptables # built in, VERSION, droplens.yaml:7:20
      trust: kernel # default
    # default
    resolvers: []
    sinks:
      - use: sink-webhook # built in, VERSION, droplens.yaml:9:14
        queue:
          capacity: 500 # droplens.yaml:13:28
          timeout: 2s # droplens.yaml:13:42
        url: https://me:***@example.org/drops # droplens.yaml:10:14
        token: "***" # file CWD/token (droplens.yaml:11:16)
        headers:
          X-Team: "***" # droplens.yaml:12:28
        batch:
          size: 100 # default
          wait: 1s # default
`);
    expect(out + problems).not.toMatch(/correct-horse|hunter2|blue/);
  });

  it("prints what can be used as a config again", async () => {
    write(
      config
        .replace(/ {8}(token|headers).*\n/g, "")
        .replace("me:hunter2hunter2@example.org/drops", "h/$$$$5$$$${env:X}"),
    );
    await runPrintConfig({}, io, builtInOf());
    const first = out;
    out = "";
    expect(parse(first)).toHaveProperty("pipelines.drops.sinks[0].url", "https://h/$5$${env:X}");
    write(first);
    expect(await runPrintConfig({}, io, builtInOf())).toBe(0);
    expect(parse(out)).toEqual(parse(first));
  });

  it("shows the defaults of a plugin whose schema cannot tell them", async () => {
    const own = { version: 1 as const, vendor: "own", validate: () => ({ value: { password: "x", depth: 3 } }) };
    const foreign: PluginDefinition = {
      role: "sink",
      name: "sink-foreign",
      apiVersion: 1,
      options: { "~standard": own },
      create: () => ({ deliver: async () => undefined }),
    };
    write(config.replace(/- use: sink-webhook.*/s, "- use: sink-foreign\n"));
    expect(await runPrintConfig({}, io, builtInOf([...little, foreign]))).toBe(0);
    expect(out).toContain('password: "***" # default\n        depth: 3 # default\n');
  });

  it("tells every problem of a wrong config and exits with 2", async () => {
    write("version: 1\npiplines: {}\n");
    expect(await runPrintConfig({}, io, builtInOf())).toBe(2);
    expect(problems).toBe(
      'droplens.yaml:1:1: missing required key "pipelines"\n' +
        'droplens.yaml:2:1: unknown key "piplines" (did you mean "pipelines"?)\n',
    );
  });
});

describe("validate", () => {
  const validate = (options: { offline?: boolean; checkTimeoutMillis?: number }, more: PluginDefinition[] = []) =>
    runValidate(options, io, builtInOf([...little, ...more]));

  it("tells what each plugin found, and exits with 1 when one cannot do its work", async () => {
    write();
    expect(await validate({})).toBe(1);
    expect(out).toBe(
      "droplens.yaml: the config is right\n" +
        "ok      pipelines.drops.source source-file: read the file\n" +
        "PROBLEM pipelines.drops.sinks[0] sink-webhook: reach https://me:***@example.org/drops: connection refused: is the server running?\n",
    );
  });

  it("asks no plugin when offline", async () => {
    write();
    expect(await validate({ offline: true })).toBe(0);
    expect(out).toBe("droplens.yaml: the config is right\n");
  });

  it("tells every problem and exits with 2, asking nobody", async () => {
    write(config.replace("path:", "pth:").replace("capacity: 500", "capacity: many"));
    expect(await validate({})).toBe(2);
    expect(out).toBe("");
    expect(problems).toBe(
      'droplens.yaml:6:13 pipelines.drops.source: missing required key "path"\n' +
        'droplens.yaml:6:33 pipelines.drops.source: unknown key "pth" (did you mean "path"?)\n' +
        'droplens.yaml:13:28 pipelines.drops.sinks[0].queue.capacity: expected a number, got "many"\n',
    );
  });

  const sinkOf = (create: () => Sink): PluginDefinition =>
    definePlugin({ role: "sink", name: "sink-test", apiVersion: 1, options: z.strictObject({}), create });
  const useTest = config.replace(/- use: sink-webhook.*/s, "- use: sink-test\n");

  it("does not wait for a plugin that gives no answer", async () => {
    write(useTest);
    const silent = sinkOf(() => ({ deliver: async () => undefined, check: () => new Promise(() => undefined) }));
    expect(await validate({ checkTimeoutMillis: 20 }, [silent])).toBe(1);
    expect(out).toContain(
      "PROBLEM pipelines.drops.sinks[0] sink-test: check whether it can do its work: no answer within 20 ms\n",
    );
  });

  it("names the plugin that cannot be made", async () => {
    write(useTest);
    const broken = sinkOf(() => {
      throw new Error("no credentials");
    });
    expect(await validate({}, [broken])).toBe(1);
    expect(out).toContain("sink-test: check whether it can do its work: cannot make sink-test (droplens.yaml:");
  });

  it("stops what it made, and prints nothing that is not printable", async () => {
    write(useTest);
    let stops = 0;
    const sink = sinkOf(() => ({
      deliver: async () => undefined,
      check: async () => [{ ok: false, what: "look", problem: "\u001b[31mred" }],
      stop: async () => {
        stops++;
      },
    }));
    expect(await validate({}, [sink])).toBe(1);
    expect(stops).toBe(1);
    expect(out).toContain("look: \ufffd[31mred\n");
  });
});

describe("plugins", () => {
  it("lists what is built in and what the config loads", async () => {
    writeFileSync(
      join(cwd, "mine.mjs"),
      `export default { role: "sink", name: "sink-mine", apiVersion: 1, version: "3.1.0",
        options: { "~standard": { version: 1, vendor: "mine", validate: (value) => ({ value }) } },
        create: () => ({ deliver: async () => undefined }) };`,
    );
    write(config.replace(/- use: sink-webhook.*/s, "- use: sink-memory\n      - use: ./mine.mjs\n"));
    expect(await runPlugins({}, io, builtInOf())).toBe(0);
    const cells = out
      .trimEnd()
      .split("\n")
      .map((line) => line.replaceAll(cwd, "CWD").split(/ {2,}/));
    expect(cells).toEqual([
      ["NAME", "ROLE", "VERSION", "FROM", "USED BY"],
      ["source-file", "source", version, "built in", "pipelines.drops.source"],
      ["parser-iptables", "parser", version, "built in", "pipelines.drops.parser"],
      ["resolver-dns", "resolver", version, "built in", "-"],
      ["sink-webhook", "sink", version, "built in", "-"],
      ["sink-memory", "sink", version, "built in", "pipelines.drops.sinks[0]"],
      ["sink-mine", "sink", "3.1.0", "CWD/mine.mjs", "pipelines.drops.sinks[1]"],
    ]);
    const columns = out
      .trimEnd()
      .split("\n")
      .map((line) => line.search(/ pipelines| USED| -$/));
    expect(new Set(columns).size).toBe(1);
  });

  it("lists what is built in where there is no config", async () => {
    expect(await runPlugins({}, io, builtInOf())).toBe(0);
    expect(out).toMatch(/^source-file +source +\S+ +built in +-$/m);
    expect(problems).toBe("");
  });

  it("tells the problems of a wrong config and exits with 2", async () => {
    write("version: 1\n");
    expect(await runPlugins({}, io, builtInOf())).toBe(2);
    expect(problems).toBe('droplens.yaml:1:1: missing required key "pipelines"\n');
  });
});

describe("schema", () => {
  const definitionOf = (name: string) => {
    const { definitions } = configJsonSchema(little) as { definitions: Record<string, Record<string, never>> };
    return definitions[name] as unknown;
  };

  it("prints draft-07 JSON", async () => {
    const code: ExitCode = await runSchema({}, io, builtInOf());
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      $schema: "http://json-schema.org/draft-07/schema#",
      required: ["version", "pipelines"],
      additionalProperties: false,
    });
  });

  it("lets `use` decide which options may stand beside it", () => {
    expect(definitionOf("sink")).toMatchObject({
      required: ["use"],
      allOf: [
        { if: { properties: { use: { const: "sink-webhook" } } }, then: { $ref: "#/definitions/sink-webhook" } },
        { if: { properties: { use: { const: "sink-memory" } } }, then: { $ref: "#/definitions/sink-memory" } },
      ],
    });
    expect(definitionOf("sink-webhook")).toMatchObject({
      required: ["use", "url"],
      additionalProperties: false,
      properties: { use: { const: "sink-webhook" }, name: {}, queue: {}, url: {}, token: {} },
    });
  });

  it("keeps the descriptions and lets references stand for numbers and durations", () => {
    expect(definitionOf("source-file")).toMatchObject({
      properties: {
        path: { description: "The files" },
        pollInterval: { default: "5s", anyOf: [{ type: "string" }, { $ref: "#/definitions/reference" }] },
        maxLineBytes: {
          default: 65536,
          anyOf: [{ type: "integer", minimum: 128 }, { $ref: "#/definitions/reference" }],
        },
      },
    });
  });
});
