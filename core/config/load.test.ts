// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how references are written in a config
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Environment } from "../plugin/context.ts";
import { type Loaded, loadConfig } from "./load.ts";
import { formatProblem } from "./problem.ts";
import { builtInOf } from "./testdata/little-plugins.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "droplens-config-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Given {
  readonly file?: string;
  readonly environment?: Environment;
  readonly replay?: readonly string[];
}

function load(given: Given = {}): Promise<Loaded> {
  return loadConfig({ cwd: folder, environment: {}, builtIn: builtInOf(), ...given });
}

async function problemsOf(files: string | Readonly<Record<string, string>>, given: Given = {}): Promise<string[]> {
  write(typeof files === "string" ? { "droplens.yaml": files } : files);
  const loaded = await load(given);
  return loaded.ok ? [] : loaded.problems.map(formatProblem);
}

async function configOf(files: string | Readonly<Record<string, string>>, given: Given = {}) {
  write(typeof files === "string" ? { "droplens.yaml": files } : files);
  const loaded = await load(given);
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join("\n"));
  return loaded.config;
}

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

const good = `version: 1
pipelines:
  drops:
    source: { use: source-file, path: /var/log/iptables.log }
    parser: { use: parser-iptables, prefix: "calico-drop:" }
    resolvers: [{ use: resolver-dns, timeout: 2s }]
    sinks:
      - { use: sink-memory, queue: { capacity: 10, timeout: 3s } }
`;

/** The good config with one part exchanged. */
const but = (part: string, instead: string) => {
  expect(good).toContain(part);
  return good.replace(part, instead);
};

describe("a config that is right", () => {
  it("gives the config in force with every default filled in", async () => {
    const config = await configOf(good);
    expect(config).toMatchObject({
      origin: "droplens.yaml",
      log: { level: "info" },
      stateFolder: "/var/lib/droplens",
      stopTimeoutMillis: 10_000,
      operations: { host: "", port: 9090 },
    });
    expect(config.pipelines).toHaveLength(1);
    const [drops] = config.pipelines;
    expect(drops).toMatchObject({
      name: "drops",
      maxAgeMillis: 600_000,
      repeatIntervalMillis: 120_000,
      maxFlows: 65_536,
      inFlight: 1000,
      source: {
        name: "source-file",
        where: "droplens.yaml:4:13 pipelines.drops.source",
        options: { path: "/var/log/iptables.log", pollInterval: 5000, maxLineBytes: 65_536, until: "forever" },
      },
      parser: { options: { prefix: "calico-drop:", trust: "kernel" } },
      resolvers: [{ name: "resolver-dns", options: { timeout: 2000 } }],
    });
    expect(drops?.sinks[0]?.queue).toEqual({ capacity: 10, timeoutMillis: 3000 });
  });

  it.each([
    ["droplens.yml", good],
    ["droplens.json", JSON.stringify(jsonConfig())],
    [".droplensrc", good],
    [".config/droplens.yaml", good],
    ["droplens.config.mjs", `export default ${JSON.stringify(jsonConfig())};`],
    ["droplens.config.ts", `const config: object = ${JSON.stringify(jsonConfig())}; export default config;`],
    ["package.json", JSON.stringify({ name: "x", droplens: jsonConfig() })],
  ])("is found as %s in the working directory", async (name, text) => {
    expect((await configOf({ [name]: text })).origin).toBe(name);
  });

  it("is found beside a package.json that says nothing about it", async () => {
    expect((await configOf({ "package.json": "{}", ".droplensrc": good })).origin).toBe(".droplensrc");
  });

  it("is read from the file that --config names, whatever it is called", async () => {
    const config = await configOf({ "etc/my.conf": good }, { file: "etc/my.conf" });
    expect(config.origin).toBe("etc/my.conf");
  });
});

function jsonConfig() {
  return {
    version: 1,
    pipelines: {
      drops: {
        source: { use: "source-file", path: "/var/log/iptables.log" },
        parser: { use: "parser-iptables" },
        sinks: [{ use: "sink-memory" }],
      },
    },
  };
}

describe("a config that is wrong", () => {
  it("shows three mistakes as three lines, each with its place", async () => {
    const text = `version: 1
operations: { port: 99999 }
pipelines:
  drops:
    repeatIntervall: 2m
    source:
      use: source-file
      pth: /var/log/iptables.log
    parser: { use: parser-iptables, trust: kernl }
    sinks: [{ use: sink-memory }]
`;
    expect(await problemsOf(text)).toEqual([
      "droplens.yaml:2:21 operations.port: too big: expected number to be <=65535 (got 99999)",
      'droplens.yaml:5:5 pipelines.drops: unknown key "repeatIntervall" (did you mean "repeatInterval"?)',
      'droplens.yaml:7:7 pipelines.drops.source: missing required key "path"',
      'droplens.yaml:8:7 pipelines.drops.source: unknown key "pth" (did you mean "path"?)',
      'droplens.yaml:9:44 pipelines.drops.parser.trust: expected one of "kernel", "any", got "kernl" (did you mean "kernel"?)',
    ]);
  });

  it.each([
    ["a wrong version", but("version: 1", "version: 2"), "1:10 version: expected 1, got 2"],
    ["no version", but("version: 1\n", ""), '1:1: missing required key "version"'],
    [
      "a duration without a unit",
      but("timeout: 2s", "timeout: 2"),
      '6:47 pipelines.drops.resolvers[0].timeout: not a duration: write a number with its unit, like "250ms", "5s" or "10m" (got 2)',
    ],
    [
      "a number for a text",
      but('"calico-drop:"', "123"),
      "5:45 pipelines.drops.parser.prefix: expected text or a list, got 123: put it in quotes",
    ],
    [
      "a plugin of another role",
      but("use: source-file, path: /var/log/iptables.log", "use: sink-memory"),
      "4:20 pipelines.drops.source.use: sink-memory is a sink, here a source is needed (built in for it: source-file)",
    ],
    [
      "a mistyped plugin",
      but("use: source-file", "use: source-flie"),
      '4:20 pipelines.drops.source.use: unknown plugin "source-flie" (did you mean "source-file"?); a package is named droplens-plugin-…, a file begins with "./"',
    ],
    [
      "a plugin without use",
      but("use: parser-iptables, ", ""),
      '5:13 pipelines.drops.parser: missing required key "use"',
    ],
    ["no sinks", good.slice(0, good.indexOf("    sinks")), '4:5 pipelines.drops: missing required key "sinks"'],
    [
      "an empty list of sinks",
      `${good.slice(0, good.indexOf("    sinks"))}    sinks: []\n`,
      "7:12 pipelines.drops.sinks: at least one sink is needed",
    ],
    [
      "a batch larger than its queue",
      but("capacity: 10", "capacity: 10, maxBatch: 11"),
      "8:62 pipelines.drops.sinks[0].queue.maxBatch: larger than the queue's capacity: a batch could never be full (got 11)",
    ],
    [
      "a queue where there is none",
      but("timeout: 2s", "queue: {}"),
      '6:38 pipelines.drops.resolvers[0]: unknown key "queue" (known here: timeout, servers, use, name)',
    ],
    [
      "a log level that is none",
      `${good}log: { level: trace }\n`,
      '9:15 log.level: expected one of "debug", "info", "warn", "error", got "trace"',
    ],
    [
      "a pipeline's name that is no file name",
      but("  drops:", "  ../drops:"),
      '3:3 pipelines["../drops"]: a name has 1 to 63 letters, digits, dots, dashes and underscores',
    ],
    [
      "a key written twice",
      but("    parser:", "    maxAge: 1m\n    maxAge: 2m\n    parser:"),
      '6:5 pipelines.drops: key "maxAge" is written twice (first at 5:5)',
    ],
    ["a prototype key", `${good}__proto__: { x: 1 }\n`, '9:1: key "__proto__" is not allowed'],
    [
      "a constructor key deep inside",
      but("timeout: 2s", "constructor: 1"),
      '6:38 pipelines.drops.resolvers[0]: key "constructor" is not allowed',
    ],
    [
      "a second document",
      `${good}---\nversion: 1\n`,
      '9:1: a second document begins here: keep one config in a file, without "---"',
    ],
    ["a scalar", "droplens\n", ': expected a mapping with "version: 1" and "pipelines:"'],
    [
      "a list for a mapping",
      but("{ use: resolver-dns, timeout: 2s }", "[]"),
      "6:17 pipelines.drops.resolvers[0]: expected a mapping, got a list",
    ],
    [
      "a reference without quotes within { }",
      but("timeout: 2s", "timeout: ${env:X}"),
      "6:48: not YAML: Unexpected flow-map-start at node end: within { } and [ ] put a reference in quotes",
    ],
    [
      "a tag that makes bytes",
      but("timeout: 2s", "timeout: !!binary aGk="),
      "6:56 pipelines.drops.resolvers[0].timeout: a tag makes this more than text, a number or a boolean: leave the tag out",
    ],
    [
      "an alias to nowhere",
      but("/var/log/iptables.log", "*log"),
      '4:39 pipelines.drops.source.path: no anchor "&log" before this alias',
    ],
  ])("says so: %s", async (_, text, problem) => {
    expect(await problemsOf(text)).toEqual([`droplens.yaml${problem.startsWith(":") ? "" : ":"}${problem}`]);
  });
});

describe("a config file that cannot be read", () => {
  it.each([
    ["an empty one", { "droplens.yaml": "" }, /^droplens.yaml: is empty: begin with "version: 1" and "pipelines:"/],
    ["one of comments", { "droplens.yaml": "# soon\n" }, /^droplens.yaml: is empty/],
    ["broken YAML", { "droplens.yaml": "version: 1\npipelines: [\n" }, /^droplens.yaml:3:1: not YAML: [^\n]*$/],
    ["broken JSON in package.json", { "package.json": '{\n"droplens": [' }, /^package.json:2:14: not YAML/],
    ["a folder", { "droplens.yaml/keep": "" }, /^droplens.yaml: is a directory: name the config file in it/],
    [
      "a huge one",
      { "droplens.yaml": `# ${"x".repeat(1024 * 1024)}` },
      /^droplens.yaml: has 1048578 bytes: a config has at most/,
    ],
    ["a module that throws", { "droplens.config.mjs": "throw new Error('no luck')" }, /no luck/],
    [
      "a module that exports a function",
      { "droplens.config.mjs": "export default () => 1" },
      /^droplens.config.mjs: expected plain data, got a function/,
    ],
    [
      "a module with a circle",
      { "droplens.config.mjs": "const a = {}; a.a = a; export default a" },
      /too large, or a circle/,
    ],
    [
      "a module with a class",
      { "droplens.config.mjs": "export default { version: new Date() }" },
      /^droplens.config.mjs version: expected plain data, got an instance of a class/,
    ],
  ])("is a problem, not a crash: %s", async (_, files, problem) => {
    const problems = await problemsOf(files as Record<string, string>);
    expect(problems.join("\n")).toMatch(problem);
  });

  it("is not passed over for another place when it is named", async () => {
    expect(await problemsOf(good, { file: "other.yaml" })).toEqual([
      "other.yaml: no such file: name an existing config with --config, or leave it out",
    ]);
  });

  it("does not wait for a FIFO or a device", async () => {
    expect(await problemsOf({}, { file: "/dev/zero" })).toEqual(["/dev/zero: is no regular file"]);
  });

  it("stops aliases that multiply", async () => {
    const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}]`);
    const problems = await problemsOf(["version: 1", "l0: &l0 [x]", ...levels].join("\n"));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("more than 50000 values: aliases that multiply are refused");
  });

  it.each(["[", "{a: ", "- "])("stops nesting without end: %s", async (opening) => {
    const problems = await problemsOf(opening.repeat(30_000));
    expect(problems[0]).toMatch(/nested too deeply|not YAML/);
  });

  it("shows the key path where a module has no positions", async () => {
    const wrong = JSON.stringify({ ...jsonConfig(), operations: { prot: 1 } });
    expect(await problemsOf({ "droplens.config.ts": `export default ${wrong}` })).toEqual([
      'droplens.config.ts operations: unknown key "prot" (did you mean "port"?)',
    ]);
  });
});

describe("a config of any kind", () => {
  const pieces = [
    ...good.split(/\b/),
    "__proto__",
    "${env:X}",
    "${",
    "- ",
    "\n",
    "  ",
    "&a ",
    "*a",
    "!!x",
    "[",
    "{",
    "null",
    "'",
    '"',
    "? ",
  ];

  it("is right or has problems, and never throws", async () => {
    const edit = fc.tuple(fc.nat(pieces.length), fc.constantFrom(...pieces));
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 6 }), async (edits) => {
        const text = good.split(/\b/);
        for (const [at, piece] of edits) text.splice(at % text.length, 1, piece);
        write({ "droplens.yaml": text.join("") });
        const loaded = await load();
        expect(loaded.ok || loaded.problems.length > 0).toBe(true);
        for (const problem of loaded.ok ? [] : loaded.problems)
          expect(formatProblem(problem)).toMatch(/^droplens.yaml.*: ./);
      }),
      { numRuns: 200 },
    );
  });

  it("keeps secrets out of its problems", async () => {
    write({ token: "hunter2" });
    const text = but(
      "{ use: sink-memory,",
      '{ use: sink-webhook, url: x, token: "${file:token}", headers: { a: 12345678 },',
    );
    const problems = await problemsOf(text);
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toContain("hunter2");
    expect(problems[1]).toMatch(
      /sinks\[0\].token: too small: expected string to have >=8 characters \(got \*\*\*\); it came from file /,
    );
  });

  it("gives a value that cannot be filled in one problem, not two", async () => {
    const text = but("timeout: 2s", 'timeout: "${env:GONE}"');
    expect(await problemsOf(text)).toEqual([
      "droplens.yaml:6:47 pipelines.drops.resolvers[0].timeout: environment variable GONE is not set: set it, or write ${env:GONE:-default}",
    ]);
  });

  it("says where a wrong value came from, and that quotes keep a number text", async () => {
    const text = `${good}operations:\n  port: "\${env:PORT}"\n`;
    expect(await problemsOf(text, { environment: { PORT: "9090" } })).toEqual([
      'droplens.yaml:10:9 operations.port: expected a number, got "9090": a reference in quotes stays text, take them off; it came from env PORT',
    ]);
  });
});

describe("without a config file", () => {
  it("the built-in bundle runs from the environment", async () => {
    const environment = { IPTABLES_LOG_PATH: "/var/log/x", IPTABLES_LOG_PREFIX: "p:", METRICS_SERVER_PORT: "9191" };
    const config = await configOf({}, { environment });
    expect(config).toMatchObject({ origin: "built-in bundle", operations: { port: 9191 } });
    expect(config.pipelines[0]?.source.options).toMatchObject({ path: "/var/log/x" });
    expect(config.pipelines[0]?.parser.options).toEqual({ prefix: "p:", trust: "kernel" });
  });

  it("names everything that the environment lacks, and the way out", async () => {
    expect(await problemsOf({})).toEqual([
      "environment: IPTABLES_LOG_PATH (or JOURNAL_DIRECTORY) is not set: set it to the file with the kernel's log lines",
      'environment: IPTABLES_LOG_PREFIX is not set: set it to what the rules write, like "calico-drop:" (--log-prefix)',
      "environment: no config file was found either: write a droplens.yaml here, or name one with --config FILE",
    ]);
  });

  it("passes on the warnings of the environment", async () => {
    const environment = { IPTABLES_LOG_PATH: "/x", IPTABLES_LOG_PREFIX: "p:", METRICS_SERVER_PORT: "web" };
    const loaded = await load({ environment });
    expect(loaded.warnings).toEqual(['METRICS_SERVER_PORT: "web" is no whole number: using the default, 9090']);
    expect(loaded.ok && loaded.config.operations.port).toBe(9090);
  });
});

describe("for replay", () => {
  it("every pipeline reads the files to their end, whatever their age", async () => {
    const two = `${good}${good.slice(good.indexOf("  drops:")).replace("drops:", "web:")}`;
    const config = await configOf(two, { replay: ["a.log", "b$$.log"] });
    expect(config.pipelines.map((pipeline) => [pipeline.name, pipeline.maxAgeMillis])).toEqual([
      ["drops", undefined],
      ["web", undefined],
    ]);
    for (const { source } of config.pipelines) {
      expect(source.options).toMatchObject({ path: ["a.log", "b$$.log"], until: "end" });
    }
  });

  it("the variables for the source that is replaced are not needed", async () => {
    const config = await configOf({}, { replay: ["a.log"], environment: { IPTABLES_LOG_PREFIX: "p:" } });
    expect(config.pipelines[0]?.source.options).toMatchObject({ path: ["a.log"], until: "end" });
  });
});
