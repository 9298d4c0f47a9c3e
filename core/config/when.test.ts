/** What is told about a wrong `when`, and where stdin and stdout go. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { definePlugin } from "../plugin/definition.ts";
import { loadConfig } from "./load.ts";
import { formatProblem } from "./problem.ts";
import { builtInOf, little } from "./testdata/little-plugins.ts";

const pipe = definePlugin({
  role: "source",
  name: "source-pipe",
  apiVersion: 1,
  options: z.strictObject({}),
  standardStreams: () => ["stdin"],
  create: () => ({ async *read() {} }),
});
const printer = definePlugin({
  role: "sink",
  name: "sink-printer",
  apiVersion: 1,
  options: z.strictObject({ to: z.enum(["stdout", "stderr"]).default("stdout") }),
  standardStreams: ({ to }) => [to],
  create: () => ({ deliver: async () => undefined }),
});

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "droplens-when-"));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const file = "source: { use: source-file, path: /var/log/kern.log }";

async function load(pipelines: Readonly<Record<string, { source?: string; sink: string }>>, log = "") {
  const texts = Object.entries(pipelines).map(
    ([name, { source = file, sink }]) =>
      `  ${name}:\n    ${source}\n    parser: { use: parser-iptables }\n    sinks:\n      - ${sink}\n`,
  );
  writeFileSync(join(cwd, "droplens.yaml"), `version: 1\n${log}pipelines:\n${texts.join("")}`);
  const loaded = await loadConfig({
    cwd,
    environment: { TEAM: "shop" },
    builtIn: builtInOf([...little, pipe, printer]),
  });
  return loaded.ok ? { config: loaded.config, problems: [] } : { problems: loaded.problems.map(formatProblem) };
}

const memoryWhen = (when: string) => ({ drops: { sink: `{ use: sink-memory, when: ${when} }` } });

describe("when in a config", () => {
  it("is plain afterwards: lists, ranges, the protocols' own spelling, references replaced", async () => {
    const text =
      '{ namespaces: "$' + '{env:TEAM}", protocols: [tcp, 58], ports: [80, "8000-8010"], not: { kinds: host } }';
    const { config } = await load(memoryWhen(text));
    expect(config?.pipelines[0]?.sinks[0]?.when).toEqual([
      {
        namespaces: ["shop"],
        protocols: ["TCP", "ICMPv6"],
        ports: [
          { from: 80, to: 80 },
          { from: 8000, to: 8010 },
        ],
        not: [{ kinds: ["host"] }],
      },
    ]);
  });

  it("is nothing where it is left out: the sink gets all", async () => {
    const { config } = await load({ drops: { sink: "{ use: sink-memory }" } });
    expect(config?.pipelines[0]?.sinks[0]?.when).toBeUndefined();
  });

  it.each([
    ["{ namespace: shop }", 'unknown key "namespace" (did you mean "namespaces"?)'],
    ["[{ port: 80 }]", 'unknown key "port" (did you mean "ports"?)'],
    ["{ not: { protokols: TCP } }", 'unknown key "protokols" (did you mean "protocols"?)'],
    ["{ destination: { ports: 80 } }", 'unknown key "ports"'],
    ["{ protocols: [TPC] }", "no protocol: write a keyword such as TCP, UDP or ICMPv6"],
    ["{ ports: [70000] }", "65535"],
    ['{ ports: "9000-8000" }', "no range of ports: write the lower one first"],
    ['{ ports: "http" }', "no port: write a number, or a range"],
    ["{ kinds: [Pod] }", 'expected one of "pod"'],
    ["{ namespaces: [] }", "an empty list fits nothing: leave the key out"],
    ["[]", "an empty list fits nothing: leave the key out"],
    ["{}", "an empty match fits everything"],
    ["{ not: {} }", "an empty match fits everything"],
    ["{ source: {} }", "an empty match fits everything"],
    ["shop", "expected"],
  ])("wrong: %s", async (when, says) => {
    const { problems } = await load(memoryWhen(when));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^droplens\.yaml:7:\d+ pipelines\.drops\.sinks\[0\]/);
    expect(problems[0]).toContain(says);
  });
});

describe("the standard streams", () => {
  it("stdin has one reader: a second one is refused, with the place of the first", async () => {
    const source = "source: { use: source-pipe }";
    const { problems } = await load({
      one: { source, sink: "{ use: sink-memory }" },
      two: { source, sink: "{ use: sink-memory }" },
    });
    expect(problems).toEqual([
      "droplens.yaml:9:13 pipelines.two.source: stdin has one reader only, and pipelines.one.source reads it already: give this pipeline another source",
    ]);
  });

  it.each([
    ["stdout, where no sink writes there", "{ use: sink-memory }", "", "stdout"],
    ["stdout, where a sink writes to stderr", "{ use: sink-printer, to: stderr }", "", "stdout"],
    ["stderr, where a sink writes to stdout", "{ use: sink-printer }", "", "stderr"],
    [
      "where the config says, whoever else writes there",
      "{ use: sink-printer }",
      "log: { destination: stdout }\n",
      "stdout",
    ],
    [
      "where the config says, though nobody needs stdout",
      "{ use: sink-memory }",
      "log: { destination: stderr }\n",
      "stderr",
    ],
  ])("the log goes to %s", async (_name, sink, log, destination) => {
    const { config } = await load({ drops: { sink } }, log);
    expect(config?.log).toEqual({ level: "info", destination });
  });
});
