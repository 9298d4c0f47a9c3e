import "reflect-metadata";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { builtIn } from "../../config/built-in.ts";
import type { ExitCode, Io } from "./io.ts";
import { testConfig } from "./test-config.ts";

let cwd: string;
let out: string;
let problems: string;
let io: Io;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "droplens-config-test-"));
  [out, problems] = ["", ""];
  io = {
    stdout: (text) => {
      out += text;
    },
    stderr: (text) => {
      problems += text;
    },
    stdin: (async function* () {})(),
    environment: { NODE_NAME: "from-the-shell" },
    cwd,
    terminal: false,
    signal: new AbortController().signal,
    onHangup: () => undefined,
  };
  writeFileSync(join(cwd, "droplens.yaml"), config);
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const config = `version: 1
pipelines:
  drops:
    source: { use: source-file, path: /nowhere/kern.log }
    parser: { use: parser-iptables, prefix: "deny:" }
    resolvers: [{ use: resolver-k8s, kubeconfig: /nowhere/kubeconfig }, { use: resolver-dns }]
    sinks: [{ use: sink-k8s-events }, { use: sink-prometheus, queue: { capacity: 1 } }]
`;

interface Packet {
  readonly time?: string;
  readonly to?: string;
  readonly port?: number;
}

const line = ({ time = "2026-11-20T19:56:42Z", to = "10.0.0.9", port = 80 }: Packet = {}) =>
  `${time} node-1 kernel: deny: IN=eth0 OUT= SRC=10.0.0.7 DST=${to} LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1 DF PROTO=TCP SPT=36084 DPT=${port} WINDOW=64240 RES=0x00 SYN URGP=0`;

/** A file with one test; JSON is YAML. */
const file = (test: object, rest: object = {}): string =>
  JSON.stringify({ ...rest, tests: [{ name: "it", lines: [line()], expect: [{}], ...test }] }, undefined, 1);

async function run(text: string, name = "droplens.test.yaml"): Promise<ExitCode> {
  writeFileSync(join(cwd, name), text);
  return testConfig([name], io, builtIn);
}

const outLines = () => out.split("\n").map((each) => each.trimEnd());

describe("a test passes", () => {
  const resolve = { "10.0.0.7": { kind: "pod", namespace: "shop", name: "web-1" } };

  it.each([
    { name: "with the keys of a report that it names", test: { expect: [{ destinationPort: 80, count: 1 }] } },
    {
      name: "with both ends as the table resolves them, in all sinks, though no API server and no file is there",
      test: {
        resolve,
        expect: [
          {
            source: { kind: "pod", namespace: "shop", displayName: "web-1", address: "10.0.0.7" },
            destination: { kind: "address", displayName: "10.0.0.9", name: null },
          },
        ],
      },
    },
    {
      name: "with an IPv6 address in any spelling",
      test: {
        lines: [
          "2026-11-20T19:56:42Z node-1 kernel: deny: IN=eth0 OUT= SRC=fd00:0000:0000:0000:0000:0000:0000:0007 DST=fd00:0000:0000:0000:0000:0000:0000:0020 LEN=80 TC=0 HOPLIMIT=63 FLOWLBL=0 PROTO=UDP SPT=1 DPT=53 LEN=40",
        ],
        resolve: { "FD00::0007": { kind: "node", name: "node-7" } },
        expect: [{ sourceAddress: "fd00::7", source: { kind: "node", name: "node-7" } }],
      },
    },
    {
      name: "with repeats folded by the packets' own time, in two windows",
      test: {
        lines: [
          line({ time: "2026-11-20T19:56:42Z" }),
          line({ time: "2026-11-20T19:57:42Z" }),
          line({ time: "2026-11-20T19:58:42Z" }),
        ],
        expect: [
          { count: 1, repeat: false, firstTime: "2026-11-20T19:56:42Z" },
          { count: 1, repeat: true, firstTime: "2026-11-20T20:57:42+01:00", lastTime: "2026-11-20T19:57:42.000Z" },
          { count: 1, repeat: false, time: "2026-11-20T19:58:42Z" },
        ],
      },
    },
    {
      name: "with an old packet, where it does not say when it is read",
      test: { lines: [line({ time: "2001-01-01T00:00:00Z" })] },
    },
    {
      name: "with an old packet that it expects to be discarded",
      test: { now: "2026-11-20T20:06:43Z", expect: [], discarded: { expired: 1 } },
    },
    {
      name: "with a time without a year that the clock completes",
      test: {
        now: "2026-11-20T20:00:00Z",
        lines: [line({ time: "Nov 20 19:56:42" })],
        expect: [{ firstTime: expectedLocal("2026-11-20T19:56:42") }],
      },
    },
    { name: "with other lines only", test: { lines: "usb 1-1: new device\n", expect: [] } },
    { name: "without any line", test: { lines: [], expect: [] } },
    {
      name: "with more reports than a sink's queue holds",
      test: { lines: [1, 2, 3, 4, 5].map((port) => line({ port })), expect: [{}, {}, {}, {}, { destinationPort: 5 }] },
    },
    {
      name: "with a list for one sink, the other one not looked at",
      test: { expect: { "sink-prometheus": [{ count: 1 }] } },
    },
  ])("$name", async ({ test }) => {
    expect([await run(file(test)), problems, out]).toEqual([
      0,
      "",
      "droplens.test.yaml\n  ok     it\n1 passed, 0 failed\n",
    ]);
  });

  it("with lines from a file beside it, whose last line has no newline", async () => {
    writeFileSync(join(cwd, "kern.log"), [line(), line({ port: 443 })].join("\n"));
    const test = { lines: undefined, file: "kern.log", expect: [{ destinationPort: 80 }, { destinationPort: 443 }] };
    expect([await run(file(test)), out]).toEqual([0, expect.stringContaining("1 passed")]);
  });

  it("with a log of several mebibytes, line by line", async () => {
    const lines = Array.from({ length: 15_000 }, () => line());
    writeFileSync(join(cwd, "kern.log"), lines.join("\n"));
    const test = { lines: undefined, file: "kern.log", expect: [{ count: 1 }, { count: 14_999 }] };
    expect([await run(file(test)), out]).toEqual([0, expect.stringContaining("1 passed")]);
  });

  it("with the reports that each sink's `when` lets through", async () => {
    const when = config.replace("use: sink-prometheus,", "use: sink-prometheus, when: { ports: [443] },");
    writeFileSync(join(cwd, "droplens.yaml"), when);
    const lines = [line({ port: 80 }), line({ port: 443 })];
    const ports = [{ destinationPort: 80 }, { destinationPort: 443 }];
    expect(await run(file({ lines, expect: { "sink-k8s-events": ports, "sink-prometheus": [ports[1]] } }))).toBe(0);
    expect(await run(file({ lines, expect: { "sink-prometheus": ports } }))).toBe(1);
  });

  it("with variables from its file, and never the shell's", async () => {
    writeFileSync(join(cwd, "other.yaml"), config.replace("deny:", "${" + "env:PREFIX}"));
    expect(await run(file({}, { config: "./other.yaml", environment: { PREFIX: "deny:" } }))).toBe(0);
    writeFileSync(join(cwd, "other.yaml"), config.replace("deny:", "${" + "env:NODE_NAME}"));
    expect(await run(file({}, { config: "./other.yaml" }))).toBe(2);
    expect(problems).toContain("environment variable NODE_NAME is not set");
    expect(problems).toContain("a tested config sees only the variables that stand here under environment:");
  });

  it("with the built-in bundle, where no config is", async () => {
    rmSync(join(cwd, "droplens.yaml"));
    const environment = { IPTABLES_LOG_PATH: "/nowhere", IPTABLES_LOG_PREFIX: "deny:" };
    expect([await run(file({}, { environment })), problems]).toEqual([0, ""]);
  });
});

describe("a test fails", () => {
  it("with expected and got for each key that differs", async () => {
    const test = { expect: [{ destinationPort: 443, mark: "0x1", protocol: null, source: { namespace: "shop" } }] };
    expect(await run(file(test))).toBe(1);
    expect(outLines()).toEqual([
      "droplens.test.yaml",
      "  FAILED it (droplens.test.yaml:3:3)",
      "    sink-k8s-events, sink-prometheus: 1 of 1 report is not as expected",
      "      report 1:",
      '        - mark: "0x1"',
      "        + mark: (not there)",
      "        - protocol: (must not be there)",
      '        + protocol: "TCP"',
      "        - destinationPort: 443",
      "        + destinationPort: 80",
      '        - source.namespace: "shop"',
      "        + source.namespace: (not there)",
      "    1 line read: 1 matched",
      "0 passed, 1 failed",
      "",
    ]);
  });

  it("with one report too many, told so that it can be copied into the test; the others agree", async () => {
    const lines = [line({ port: 1 }), line({ port: 2 }), line({ port: 3 })];
    expect(await run(file({ lines, expect: [{ destinationPort: 1 }, { destinationPort: 3 }] }))).toBe(1);
    expect(out).toContain("2 reports expected, 3 came\n");
    expect(out).not.toContain("report 1");
    const [, copied = ""] = /\+ (\{.*\})/.exec(out) ?? [];
    expect(copied).toContain("destinationPort: 2");
    const expected = `[{ destinationPort: 1 }, ${copied}, { destinationPort: 3 }]`;
    out = "";
    expect([await run(`tests: [{ name: it, lines: ${JSON.stringify(lines)}, expect: ${expected} }]`), out]).toEqual([
      0,
      expect.stringContaining("ok     it"),
    ]);
  });

  it("with one report too few", async () => {
    expect(await run(file({ lines: [], expect: [{ destinationPort: 443 }] }))).toBe(1);
    expect(out).toContain(
      "1 report expected, 0 came\n      report 1 did not come:\n        - { destinationPort: 443 }\n",
    );
  });

  it("with a malformed line that it does not speak of, and what was logged about it", async () => {
    expect(await run(file({ lines: [line({ to: "10.0.0.999" })], expect: [] }))).toBe(1);
    expect(out).toContain("malformed: not as expected\n      - address: 0\n      + address: 1\n");
    expect(out).toMatch(/log: .*10\.0\.0\.999/);
    expect(out).toContain("1 line read: 1 malformed (address)");
  });

  it("with a packet that is too old", async () => {
    expect(await run(file({ now: "2026-11-20T23:00:00Z" }))).toBe(1);
    expect(out).toContain("- expired: 0\n      + expired: 1\n");
  });

  it("in one sink only, and names it", async () => {
    expect(await run(file({ expect: { "sink-prometheus": [], "sink-k8s-events": [{}] } }))).toBe(1);
    expect(out).toContain("    sink-prometheus: 0 reports expected, 1 came\n");
  });

  it("by itself: the next one is run all the same", async () => {
    const tests = [
      { name: "wrong", lines: [line()], expect: [] },
      { name: "right", lines: [line()], expect: [{}] },
    ];
    expect(await run(JSON.stringify({ tests }))).toBe(1);
    expect(out).toContain("1 passed, 1 failed");
  });

  it("with a bounded answer, whatever came", async () => {
    const lines = Array.from({ length: 5000 }, (_, port) => line({ port: port + 1 }));
    expect(await run(file({ lines, expect: [] }))).toBe(1);
    expect(out).toContain("… and 4980 more");
    expect(outLines().length).toBeLessThan(60);
  });

  it("without control characters of the log in the answer", async () => {
    const evil = line().replace("deny:", "deny: \u001b[2J");
    await run(file({ lines: [evil], expect: [{ logPrefix: "deny:\u001b[31m" }] }));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    expect(out).not.toMatch(/\u001b/);
  });

  it("in colours on a terminal, and without where NO_COLOR is set", async () => {
    io = { ...io, stdoutTerminal: true };
    await run(file({ expect: [{ destinationPort: 443 }] }));
    expect(out).toContain("\u001b[32m- destinationPort: 443\u001b[39m");
    expect(out).toContain("\u001b[31m+ destinationPort: 80\u001b[39m");
    out = "";
    io = { ...io, environment: { NO_COLOR: "1" } };
    await run(file({ expect: [{ destinationPort: 443 }] }));
    expect(out).not.toContain("\u001b");
  });

  it("when its parser cannot start, with the reason", async () => {
    const broken = `export default { role: "parser", name: "parser-broken", apiVersion: 1,
      options: { "~standard": { version: 1, vendor: "x", validate: (value) => ({ value }) } },
      create: () => ({ start() { throw new Error("no licence") }, parseLine: () => ({ kind: "other-line" }) }) };`;
    writeFileSync(join(cwd, "parser.mjs"), broken);
    writeFileSync(
      join(cwd, "droplens.yaml"),
      config.replace('use: parser-iptables, prefix: "deny:"', "use: ./parser.mjs"),
    );
    expect(await run(file({ expect: [] }))).toBe(1);
    expect(out).toContain("the pipeline failed: cannot start parser-broken");
    expect(out).toContain("no licence");
  });
});

describe("a wrong test file ends with 2, runs nothing, and says where", () => {
  const twoPipelines = `${config}${config.slice(config.indexOf("  drops:")).replace("drops:", "forwards:")}`;

  it.each([
    {
      name: "an unknown key",
      text: "tests:\n  - { name: it, lnes: [], expect: [] }",
      says: ':2:17 tests[0]: unknown key "lnes" (did you mean "lines"?)',
    },
    {
      name: "an unknown key of a report",
      text: "tests:\n  - name: it\n    lines: []\n    expect:\n      - { sourceAdress: 10.0.0.7 }",
      says: 'tests[0].expect[0]: unknown key "sourceAdress" (did you mean "sourceAddress"?)',
    },
    {
      name: "an unknown key of an end",
      text: "tests:\n  - name: it\n    lines: []\n    expect:\n      - source: { nmespace: shop }",
      says: ':5:19 tests[0].expect[0].source: unknown key "nmespace" (did you mean "namespace"?)',
    },
    {
      name: "a kind that is none",
      text: "tests:\n  - name: it\n    lines: []\n    expect: []\n    resolve:\n      10.0.0.7: { kind: pood }",
      says: ':6:25 tests[0].resolve["10.0.0.7"].kind: expected one of "pod"',
    },
    {
      name: "an address that is none",
      text: "tests:\n  - name: it\n    lines: []\n    expect: []\n    resolve:\n      10.0.0.700: { kind: pod }",
      says: ':6:7 tests[0].resolve["10.0.0.700"]: not an IP address',
    },
    {
      name: "a time that is none",
      text: "tests:\n  - { name: it, lines: [], expect: [], now: yesterday }",
      says: ':2:45 tests[0].now: not a time: write it like "2026-11-20T20:00:00Z"',
    },
    {
      name: "neither lines nor a file",
      text: "tests:\n  - { name: it, expect: [] }",
      says: ':2:5 tests[0]: give "lines", or a "file" with them',
    },
    {
      name: "lines and a file",
      text: "tests:\n  - { name: it, lines: [], file: x, expect: [] }",
      says: ':2:34 tests[0].file: give "lines" or "file", not both',
    },
    {
      name: "a file that is not there",
      text: "tests:\n  - { name: it, file: x.log, expect: [] }",
      says: ":2:23 tests[0].file: cannot read x.log: no such file",
    },
    {
      name: "nothing expected",
      text: "tests:\n  - { name: it, lines: [] }",
      says: ':2:5 tests[0]: missing required key "expect"',
    },
    {
      name: "a sink that is not there",
      text: "tests:\n  - name: it\n    lines: []\n    expect: { sink-promtheus: [] }",
      says: ':4:15 tests[0].expect.sink-promtheus: no sink "sink-promtheus" (did you mean "sink-prometheus"?)',
    },
    {
      name: "a pipeline that is not there",
      text: "tests:\n  - { name: it, pipeline: drop, lines: [], expect: [] }",
      says: ':2:27 tests[0].pipeline: no pipeline "drop" (did you mean "drops"?)',
    },
    {
      name: "a name twice",
      text: "tests:\n  - { name: it, lines: [], expect: [] }\n  - { name: it, lines: [], expect: [] }",
      says: ":3:13 tests[1].name: another test has this name (droplens.test.yaml:2:5)",
    },
    { name: "no YAML", text: "tests: [", says: ":1:9: not YAML" },
    { name: "a list", text: "- x", says: ': expected a mapping with "tests:"' },
    { name: "nothing", text: "", says: ': expected a mapping with "tests:"' },
    {
      name: "a config that is not there",
      text: "config: nowhere.yaml\ntests:\n  - { name: it, lines: [], expect: [] }",
      says: "nowhere.yaml: no such file",
    },
  ])("$name", async ({ text, says }) => {
    expect([await run(text), out]).toEqual([2, ""]);
    expect(problems).toContain(says);
    expect(problems).toMatch(/^(droplens\.test|nowhere)\.yaml/);
  });

  it("answers for a pipeline that has nobody to give them", async () => {
    writeFileSync(join(cwd, "droplens.yaml"), config.replace(/resolvers: .*/, "resolvers: []"));
    expect(await run(file({ resolve: { "10.0.0.7": { kind: "pod" } } }))).toBe(2);
    expect(problems).toContain("the pipeline has no resolvers: nobody would ask for these answers");
  });

  it("several pipelines, and none is named; with a name the right one is run", async () => {
    writeFileSync(join(cwd, "droplens.yaml"), twoPipelines);
    expect(await run(file({}))).toBe(2);
    expect(problems).toContain('say which "pipeline" is tested: droplens.yaml has drops, forwards');
    expect(await run(file({ pipeline: "forwards" }))).toBe(0);
  });

  it("a config with problems, each at its place", async () => {
    writeFileSync(join(cwd, "other.yaml"), config.replace("path:", "pth:"));
    expect([await run(file({}, { config: "other.yaml" })), out]).toEqual([2, ""]);
    expect(problems).toContain('other.yaml:4:33 pipelines.drops.source: unknown key "pth" (did you mean "path"?)');
  });

  it("a file that is not there, a folder, and one of two", async () => {
    writeFileSync(join(cwd, "right.yaml"), file({}));
    expect(await testConfig(["right.yaml", "nowhere.yaml", "."], io, builtIn)).toBe(2);
    expect(out).toBe("");
    expect(problems).toContain("nowhere.yaml: cannot read nowhere.yaml: no such file: check the path");
    expect(problems).toContain("it is a directory");
  });
});

it("runs several files and adds them up", async () => {
  writeFileSync(join(cwd, "a.yaml"), file({}));
  writeFileSync(join(cwd, "b.yaml"), file({ expect: [] }));
  expect(await testConfig(["a.yaml", "b.yaml"], io, builtIn)).toBe(1);
  expect(out).toMatch(/^a\.yaml\n {2}ok .*\nb\.yaml\n {2}FAILED/);
  expect(out).toMatch(/\n1 passed, 1 failed\n$/);
});

it("stops when it is told to, and does not call that a success", async () => {
  io = { ...io, signal: AbortSignal.abort(new Error("SIGINT")) };
  expect(await run(file({}))).toBe(1);
  expect(out).toContain("0 passed, 0 failed, stopped before the end");
});

/** A time that names no zone is in the process's own. */
function expectedLocal(time: string): string {
  return new Date(time).toISOString();
}
