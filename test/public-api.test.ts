/**
 * What plugin authors may rely on: the names of droplens/plugin and droplens/testkit, that each says what it is for, and
 * that a plugin with a copy of its own is taken like any other. The lists change only on purpose: taking a name away or
 * changing its meaning needs another apiVersion.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { loadPlugin } from "../core/config/load-plugin.ts";
import { attemptDelivery } from "../core/pipeline/delivery-attempt.ts";
import * as plugin from "../core/plugin/index.ts";
import * as testkit from "../core/testkit/index.ts";
import { entryPoints } from "../deploy/third-party.ts";
import { tempFolder } from "./support/temp-folder.ts";

const checkout = join(import.meta.dirname, "..");

const pluginValues = [
  "DroplensError",
  "FlowKey",
  "LineCutter",
  "OnceAMinute",
  "RetryableError",
  "StandardOutput",
  "apiVersion",
  "backoffMillis",
  "canonicalAddress",
  "definePlugin",
  "describeError",
  "duration",
  "flowDestination",
  "flowHead",
  "flowHeadWord",
  "flowPrefix",
  "flowSource",
  "formatAddress",
  "isRetryable",
  "parseAddress",
  "parseDuration",
  "prefixWord",
  "printable",
  "protocolKeyword",
  "protocolNumber",
];

const pluginTypes = [
  "AddressQuery",
  "BackoffOptions",
  "Chunk",
  "ChunkParser",
  "Clock",
  "Counter",
  "CounterSeries",
  "DeliveryOptions",
  "DeliveryResult",
  "DropCollector",
  "DropReport",
  "Endpoint",
  "EndpointKind",
  "Environment",
  "Finding",
  "Gauge",
  "Histogram",
  "Instrument",
  "JsonValue",
  "Labels",
  "Lifecycle",
  "LineParser",
  "Logger",
  "Metrics",
  "PacketDrop",
  "PacketHeader",
  "ParseResult",
  "Parser",
  "PluginContext",
  "PluginDefinition",
  "Resolver",
  "Role",
  "RoleInstances",
  "Sink",
  "Source",
  "SourceLag",
  "StandardIssue",
  "StandardOutputParts",
  "StandardResult",
  "StandardSchema",
  "StandardStream",
  "Verdict",
  "Workload",
];

const testkitValues = [
  "FakeClock",
  "MemoryDrops",
  "MemoryLogger",
  "MemoryMetrics",
  "MemorySink",
  "MemorySource",
  "deepFreeze",
  "dropReport",
  "packetDrop",
  "parserChecks",
  "realClock",
  "resolverChecks",
  "settle",
  "sinkChecks",
  "sourceChecks",
  "startFakeKubernetes",
  "testContext",
];

const testkitTypes = [
  "Access",
  "Allows",
  "Answer",
  "Check",
  "FakeKubernetes",
  "FakeKubernetesOptions",
  "Fault",
  "FaultAnswer",
  "KubernetesObject",
  "LogLine",
  "LoggedRequest",
  "Mood",
  "ObjectMeta",
  "ParserSubject",
  "Partner",
  "ResolverPartner",
  "ResolverSubject",
  "SinkPartner",
  "SinkSubject",
  "SourcePartner",
  "SourceSubject",
  "Subject",
  "TestContext",
];

interface PublicName {
  readonly name: string;
  /** Where it is declared, or re-exported from. */
  readonly file: string;
}

function publicNames(index: string): PublicName[] {
  const text = readFileSync(join(checkout, index), "utf8");
  const exported = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from "([^"]+)";$/gm)];
  return exported.flatMap(([, names = "", path = ""]) =>
    names
      .split(",")
      .map((name) => name.replace("type ", "").trim())
      .filter((name) => name !== "")
      .map((name) => ({ name, file: join(checkout, dirname(index), path) })),
  );
}

const apis = [
  { name: "droplens/plugin", index: "core/plugin/index.ts", module: plugin, values: pluginValues, types: pluginTypes },
  {
    name: "droplens/testkit",
    index: "core/testkit/index.ts",
    module: testkit,
    values: testkitValues,
    types: testkitTypes,
  },
];

for (const { name, index, module, values, types } of apis) {
  describe(name, () => {
    it("has these values and no other", () => {
      expect(Object.keys(module).toSorted()).toEqual(values);
    });

    it("has these types and no other", () => {
      const all = publicNames(index).map((one) => one.name);
      expect(all.filter((one) => !values.includes(one)).toSorted()).toEqual(types);
      expect(all).toHaveLength(values.length + types.length);
    });

    it("says of each what it is for", () => {
      const own = publicNames(index).filter(({ file }) => !file.includes("fake-kubernetes"));
      expect(own.filter((one) => !isDocumented(one)).map((one) => one.name)).toEqual([]);
    });

    it("is what package.json exports and build.ts makes", () => {
      const short = name.replace("droplens/", "");
      const { exports } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"));
      const types = `./dist/types/${index.replace(".ts", ".d.ts")}`;
      expect(exports[`./${short}`]).toEqual({ types, default: `./dist/${short}.js` });
      expect(entryPoints).toHaveProperty(short, index);
      expect(readFileSync(join(checkout, "tsconfig.types.json"), "utf8")).toContain(`"${index}"`);
    });
  });
}

function isDocumented({ name, file }: PublicName): boolean {
  const text = readFileSync(file, "utf8");
  const declared = new RegExp(`^export (?:async )?(?:function|class|interface|type|const) ${name}\\b`, "m").exec(text);
  return declared !== null && text.slice(0, declared.index).endsWith("*/\n");
}

it("the package exports the public API and nothing else", () => {
  const { exports } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"));
  expect(Object.keys(exports)).toEqual(["./plugin", "./testkit", "./package.json"]);
});

describe("a plugin with a copy of its own", () => {
  const own = `
import { definePlugin, DroplensError, duration, FlowKey, isRetryable, RetryableError } from "./copy.mjs";
const plugin = definePlugin({
  role: "sink", name: "sink-own", apiVersion: 1, version: "7.8.9",
  options: { "~standard": { version: 1, vendor: "own", validate: (value) => ({ value }) } },
  create: ({ retry }) => ({
    async deliver() {
      if (retry) throw new RetryableError("BUSY", "come back later", { retryAfterMillis: 7 });
      throw new DroplensError("NEVER", "not like this");
    },
  }),
});
export default plugin;
export { DroplensError, duration, FlowKey, isRetryable, RetryableError };
`;

  async function ownCopy() {
    const folder = tempFolder();
    const outfile = join(folder, "copy.mjs");
    await build({
      entryPoints: [join(checkout, "core/plugin/index.ts")],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
    });
    writeFileSync(join(folder, "own.mjs"), own);
    const result = await loadPlugin("./own.mjs", {}, folder);
    if (!result.ok) throw new Error(result.problem);
    const copy: typeof plugin = await import(pathToFileURL(join(folder, "own.mjs")).href);
    return { definition: result.plugin.definition, copy };
  }

  it("is taken, and its errors mean what they say", async () => {
    const { definition, copy } = await ownCopy();
    expect(copy.RetryableError).not.toBe(plugin.RetryableError);
    expect(definition).toMatchObject({ name: "sink-own", version: "7.8.9" });
    const deliver = (retry: boolean) => {
      const sink = definition.create({ retry }, testkit.testContext());
      if (!("deliver" in sink)) throw new Error("no sink");
      const attempt = { sink, reports: [testkit.dropReport()], timeoutMillis: 1000, clock: new testkit.FakeClock() };
      return attemptDelivery(attempt, new AbortController().signal);
    };
    expect(await deliver(true)).toMatchObject({ kind: "again", retryAfterMillis: 7 });
    expect(await deliver(false)).toMatchObject({ kind: "rejected", error: { code: "NEVER" } });
  });

  it("tells retryable errors of any copy", async () => {
    const { copy } = await ownCopy();
    expect(plugin.isRetryable(new copy.RetryableError("A", "a"))).toBe(true);
    expect(copy.isRetryable(new plugin.RetryableError("A", "a"))).toBe(true);
    expect(plugin.isRetryable(new copy.DroplensError("A", "a"))).toBe(false);
  });

  it("writes flows that are those of the core", async () => {
    const { copy } = await ownCopy();
    const [one, other] = [new copy.FlowKey(), new plugin.FlowKey()];
    for (const key of [one, other]) expect(key.fill(testkit.packetDrop())).toBe(true);
    expect([...one.words]).toEqual([...other.words]);
  });
});

it("nothing asks whether something is an instance of a public class", () => {
  const classes = pluginValues.filter((name) => /^[A-Z]/.test(name));
  const asking = new RegExp(`instanceof (${classes.join("|")})\\b`);
  const guilty = ["core", "plugins", "config"]
    .flatMap(sourceFiles)
    .filter((file) => asking.test(readFileSync(file, "utf8")));
  expect(guilty.map((file) => relative(checkout, file))).toEqual([]);
});

function sourceFiles(folder: string): string[] {
  return readdirSync(join(checkout, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .map((path) => join(checkout, folder, path));
}
