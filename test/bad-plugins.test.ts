/**
 * Plugins of third parties that are broken: before the start each error names the plugin, its version and the line of
 * the config; while running each harms itself only, and the other sinks go on.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { droplens } from "./support/child.ts";
import { imbalance, NodeStage, prefix, type RunningProgram } from "./support/node-stage.ts";
import { tempFolder } from "./support/temp-folder.ts";

/** A sink without any package but droplens/plugin, which the program itself brings. */
const plugin = (parts: string, before = "") => `import { definePlugin, RetryableError } from "droplens/plugin";
${before}
const anything = { "~standard": { version: 1, vendor: "none", validate: (value) => ({ value }) } };
const strict = { "~standard": { version: 1, vendor: "none", validate: (value) => {
  const issues = Object.keys(value).map((key) => ({ message: "unknown key " + key, path: [key] }));
  return issues.length > 0 ? { issues } : { value };
} } };
export default definePlugin({ role: "sink", name: "sink-bad", apiVersion: 1, options: anything, ${parts} });
`;
const create = (body: string) => plugin(`create: (options, context) => { ${body} }`);

describe.concurrent("before the start, an error names the plugin, its version and the line of the config", () => {
  const bad = "droplens-plugin-sink-bad";
  it.for([
    ["a wrong default export", "export default class {}", 2, `"${bad}" 1.2.3 exports no plugin: make definePlugin`],
    ["no default export", "export const sink = 1;", 2, `"${bad}" 1.2.3 exports no plugin: make definePlugin`],
    [
      "thrown when it is loaded",
      "throw new Error('no luck');",
      2,
      `cannot load plugin "${bad}" 1.2.3: no luck (index.js:1)`,
    ],
    [
      "a syntax error",
      "export default {,};",
      2,
      `cannot load plugin "${bad}" 1.2.3: Unexpected token ',' (node --check /`,
    ],
    [
      "a package that it lacks",
      'import "left-out";',
      2,
      `cannot load plugin "${bad}" 1.2.3: Cannot find package 'left-out'`,
    ],
    [
      "another apiVersion",
      plugin("apiVersion: 2"),
      2,
      "plugin sink-bad 1.2.3 is made for plugin API 2, this Droplens has 1",
    ],
    ["a wrong role", plugin('role: "source", create() {}'), 2, "sink-bad 1.2.3 is a source, here a sink is needed"],
    ["an unknown option", plugin("options: strict, create() {}"), 2, "plugin sink-bad 1.2.3: unknown key colour"],
    [
      "thrown in create",
      create("throw new Error('no luck');"),
      1,
      "cannot make sink-bad 1.2.3 (droplens.yaml:8:9 pipelines.drops.sinks[1]): create threw: no luck",
    ],
    [
      "no instance",
      create("return undefined;"),
      1,
      "cannot make sink-bad 1.2.3 (droplens.yaml:8:9 pipelines.drops.sinks[1]): create returned no sink",
    ],
    [
      "thrown in start",
      create("return { deliver() {}, start() { throw new Error('no luck'); } };"),
      1,
      "cannot start sink-bad 1.2.3 (droplens.yaml:8:9 pipelines.drops.sinks[1]): no luck",
    ],
  ] as const)("%s", async ([, text, code, says], { onTestFinished }) => {
    const folder = tempFolder(onTestFinished);
    install(folder, text);
    writeFileSync(join(folder, "droplens.yaml"), config(`{ use: ${bad}, colour: blue }`));
    const child = droplens(["run"], { cwd: folder });
    expect(await child.ended()).toBe(code);
    // A mistake of the config stands behind its place; what fails later is an error of the log.
    const told = code === 2 ? child.stderr : String(child.logged("error")[0]?.error);
    expect(told).toContain(says);
    expect(told).toMatch(/droplens\.yaml:8:\d+ pipelines\.drops\.sinks\[1\]/);
  });

  it("a package that is not installed: what to type is told", async ({ onTestFinished }) => {
    const folder = tempFolder(onTestFinished);
    writeFileSync(join(folder, "droplens.yaml"), config(`{ use: ${bad} }`));
    const child = droplens(["run"], { cwd: folder });
    expect(await child.ended()).toBe(2);
    expect(child.stderr).toMatch(
      /^droplens\.yaml:8:\d+ pipelines\.drops\.sinks\[1\]\.use: package "droplens-plugin-sink-bad" is not installed in \/.*: npm install droplens-plugin-sink-bad\n$/,
    );
  });
});

describe.concurrent("while running", { timeout: 60_000 }, () => {
  const packets = 50;

  async function run(
    text: string,
    onTestFinished: ConstructorParameters<typeof NodeStage>[0],
    options = "",
  ): Promise<RunningProgram> {
    const stage = new NodeStage(onTestFinished);
    install(stage.folder, text);
    writeFileSync(join(stage.folder, "droplens.yaml"), config(`{ use: droplens-plugin-sink-bad${options} }`));
    for (let port = 1; port <= packets; port++) stage.drop(port);
    return stage.run({ TOKEN: token });
  }

  /** The other sink has it all; how many packets the bad one has. */
  async function othersGoOn(program: RunningProgram): Promise<number> {
    const samples = await program.measures(
      "all delivered by the other sink",
      (now) => now.sum("droplens_packets_delivered_total", { sink: "sink-prometheus" }) === packets,
    );
    expect(imbalance(samples)).toEqual({ "sink-bad": 0, "sink-prometheus": 0 });
    return samples.sum("droplens_packets_delivered_total", { sink: "sink-bad" });
  }

  it("a sink that blocks in deliver for ever, whatever its signal says, is tried again and holds up no other", async ({
    onTestFinished,
  }) => {
    const text = create("return { deliver: () => new Promise(() => {}) };");
    const program = await run(text, onTestFinished, ", queue: { timeout: 200ms }");
    expect(await othersGoOn(program)).toBe(0);
    await program.child.until("tried again", async () => program.child.logged("warn").length > 0);
    expect(program.child.logged("warn")[0]).toMatchObject({
      sink: "sink-bad",
      error: "no answer from the sink within 200 ms",
    });
    expect(await program.child.stop()).toBe(0);
  });

  it("a sink that keeps the processor in deliver slows the others down, and is named", async ({ onTestFinished }) => {
    const wait = "const end = performance.now() + 300; while (performance.now() < end);";
    const program = await run(create(`return { async deliver() { ${wait} } };`), onTestFinished);
    await othersGoOn(program);
    const blocked = { plugin: "sink-bad", method: "deliver", millis: expect.any(Number) };
    expect(program.child.logged("warn")).toEqual([expect.objectContaining(blocked)]);
    expect(await program.child.stop()).toBe(0);
  });

  it.for([
    ["from a timer", "setTimeout(() => { throw new Error('out of luck'); }, 1);"],
    ["in a promise that nobody awaits", "Promise.reject(new Error('out of luck'));"],
    [
      "by an emitter without a listener",
      "setImmediate(() => new EventEmitter().emit('error', new Error('out of luck')));",
    ],
  ] as const)("a sink that throws %s is named and counted, and all go on", async ([, act], { onTestFinished }) => {
    const body = `create: (options, context) => ({ async deliver() { ${act} } }), version: "1.2.4"`;
    const program = await run(plugin(body, 'import { EventEmitter } from "node:events";'), onTestFinished);
    const counted = { plugin: "sink-bad 1.2.4" };
    await program.measures("counted", (now) => now.sum("droplens_uncaught_errors_total", counted) > 0);
    expect(await othersGoOn(program)).toBe(packets);
    expect(program.child.logged("error")).toEqual([
      expect.objectContaining({
        ...counted,
        error: "out of luck",
        stack: expect.arrayContaining([expect.stringContaining("index.js")]),
      }),
    ]);
    expect((await program.get("/readyz")).status).toBe(200);
    expect(await program.child.stop()).toBe(0);
  });

  it("an error that a plugin throws when it is loaded, later, ends nothing that has not begun", async ({
    onTestFinished,
  }) => {
    const later = "setTimeout(() => { throw new Error('out of luck'); }, 1500);";
    const program = await run(plugin("create: () => ({ async deliver() {} })", later), onTestFinished);
    await othersGoOn(program);
    await program.child.until("named", async () => program.child.logged("error").length > 0);
    expect(program.child.logged("error")[0]).toMatchObject({ plugin: "droplens-plugin-sink-bad" });
    expect(await program.child.stop()).toBe(0);
  });

  it("a sink that logs secrets logs stars, and nothing that Droplens says has them", async ({ onTestFinished }) => {
    const body = `const said = "token is " + options.token;
      context.logger.info({ options }, said);
      return {
        async deliver() { throw new RetryableError("BUSY", said); },
        problems: () => [said],
        status: () => ({ said }),
      };`;
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the config's own reference
    const program = await run(create(body), onTestFinished, ', token: "${env:TOKEN}"');
    expect(await othersGoOn(program)).toBe(0);
    await program.child.until("a failure", async () => program.child.logged("warn").length > 0);
    const pages = await Promise.all(["/readyz", "/status"].map(async (path) => (await program.get(path)).text));
    const all = [program.child.stdout, program.child.stderr, ...pages];
    expect(all.filter((text) => text.includes("hunter22"))).toEqual([]);
    expect(all.filter((text) => text.includes("token is ***"))).toEqual([program.child.stdout, ...pages]);
    expect(program.child.logged("info")).toContainEqual(expect.objectContaining({ options: { token: "***" } }));
    expect(await program.child.stop()).toBe(0);
  });
});

const token = 'hunter22"\\';

/** The eighth line names the plugin. */
function config(sink: string): string {
  return `version: 1
operations: { port: 0 }
stopTimeout: 2s
pipelines:
  drops:
    sinks:
      - use: sink-prometheus
      - ${sink}
    source: { use: source-file, path: ./kern.log }
    parser: { use: parser-iptables, prefix: "${prefix}" }
stateFolder: ./state
`;
}

function install(folder: string, text: string): void {
  const place = join(folder, "node_modules/droplens-plugin-sink-bad");
  mkdirSync(place, { recursive: true });
  const manifest = { name: "droplens-plugin-sink-bad", version: "1.2.3", type: "module", main: "index.js" };
  writeFileSync(join(place, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(place, "index.js"), text);
}
