import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadPlugin } from "./load-plugin.ts";
import { builtInOf } from "./testdata/little-plugins.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "droplens-plugins-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

const body = (more = "") => `{
  role: "sink", name: "sink-mine", apiVersion: 1,
  options: { "~standard": { version: 1, vendor: "mine", validate: (value) => ({ value }) } },
  create: () => ({ deliver: async () => undefined }), ${more}
}`;

const load = (use: string) => loadPlugin(use, builtInOf().plugins, folder);

async function problemOf(use: string): Promise<string> {
  const result = await load(use);
  return result.ok ? "none" : result.problem;
}

describe("a plugin is found", () => {
  it("among the built-in ones, and only the one that is asked for is loaded", async () => {
    const asked: string[] = [];
    const plugins = Object.fromEntries(
      Object.entries(builtInOf().plugins).map(([name, load]) => [
        name,
        () => {
          asked.push(name);
          return load();
        },
      ]),
    );
    const result = await loadPlugin("sink-memory", plugins, folder);
    expect(result).toMatchObject({
      ok: true,
      plugin: { from: { kind: "built-in" }, definition: { name: "sink-memory" } },
    });
    expect(asked).toEqual(["sink-memory"]);
  });

  it.each([
    ["my-sink.mjs", `export default ${body()};`],
    ["my-sink.ts", `const text: string = "x"; export const plugin = ${body()};`],
    ["my-sink.cjs", `module.exports = ${body()};`],
    ["compiled.cjs", `Object.defineProperty(exports, "__esModule", { value: true }); exports.default = ${body()};`],
  ])("in a file beside the config: %s", async (name, text) => {
    write(name, text);
    const result = await load(`./${name}`);
    expect(result).toMatchObject({ ok: true, plugin: { from: { kind: "path", path: join(folder, name) } } });
  });

  it.each([
    ["one with main", "droplens-plugin-sink-a", { main: "lib/a.js", type: "module" }, "lib/a.js"],
    ["one without anything", "droplens-plugin-sink-b", { type: "module" }, "index.js"],
    [
      "one that only exports for import",
      "@me/droplens-plugin-sink-c",
      { type: "module", exports: { ".": { types: "./t.d.ts", import: "./c.js" } } },
      "c.js",
    ],
    ["one with a bare export", "droplens-plugin-sink-d", { type: "module", exports: "./d.js" }, "d.js"],
    [
      "one with nested conditions",
      "droplens-plugin-sink-e",
      { type: "module", exports: { node: { import: "./e.js" }, default: "./x.js" } },
      "e.js",
    ],
  ])("in a package above the config: %s", async (_, name, manifest, entry) => {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: "1.2.3", ...manifest }));
    write(`node_modules/${name}/${entry}`, `export default ${body()};`);
    const result = await load(name);
    expect(result).toMatchObject({ ok: true, plugin: { version: "1.2.3", from: { kind: "package" } } });
  });

  it("with the version that it says itself", async () => {
    write("mine.mjs", `export default ${body('version: "7.0.0"')};`);
    expect(await load("./mine.mjs")).toMatchObject({ plugin: { version: "7.0.0" } });
  });
});

describe("a plugin is refused", () => {
  it.each([
    [
      "of another API version",
      body('version: "2.0.0", apiVersion: 2'),
      "plugin sink-mine 2.0.0 is made for plugin API 2, this Droplens has 1: install a version of it that fits",
    ],
    [
      "without an API version",
      body("apiVersion: undefined"),
      "plugin sink-mine is made for plugin API none, this Droplens has 1: install a version of it that fits",
    ],
    [
      "without a role",
      body('role: "filter"'),
      'plugin sink-mine has no role: one of source, parser, resolver, sink (got "filter")',
    ],
    [
      "without a proper name",
      body('name: "My Sink"'),
      'plugin My Sink has no proper name: like "sink-webhook", lower case, at most 63 characters',
    ],
    ["without create", body("create: 1"), "plugin sink-mine has no create function"],
    [
      "without a schema",
      body("options: {}"),
      "plugin sink-mine has no options schema: any Standard Schema will do (zod, valibot, arktype)",
    ],
    ["that is none", "() => 1", '"./mine.mjs" exports no plugin: make definePlugin({…}) its default export'],
  ])("%s", async (_, text, problem) => {
    write("mine.mjs", `export default ${text};`);
    expect(await problemOf("./mine.mjs")).toBe(problem);
  });

  it("whose file throws, naming it", async () => {
    write("mine.mjs", "throw new Error('no luck');");
    expect(await problemOf("./mine.mjs")).toBe('cannot load plugin "./mine.mjs": no luck (mine.mjs:1)');
  });

  it("of a package, naming its version and the place in its files", async () => {
    const manifest = { name: "droplens-plugin-sink-f", version: "1.2.3", type: "module", main: "dist/index.js" };
    write("node_modules/droplens-plugin-sink-f/package.json", JSON.stringify(manifest));
    write("node_modules/droplens-plugin-sink-f/dist/index.js", 'import "./inner.js";');
    write("node_modules/droplens-plugin-sink-f/dist/inner.js", "\nundefined.x;");
    expect(await problemOf("droplens-plugin-sink-f")).toMatch(
      /^cannot load plugin "droplens-plugin-sink-f" 1\.2\.3: Cannot read .* \(inner\.js:2\)$/,
    );
    write("node_modules/droplens-plugin-sink-f/dist/index.js", "export default 5;");
    write("node_modules/droplens-plugin-sink-g/package.json", JSON.stringify({ ...manifest, version: "2.0.0" }));
    write("node_modules/droplens-plugin-sink-g/dist/index.js", "export default () => 5;");
    expect(await problemOf("droplens-plugin-sink-g")).toBe(
      '"droplens-plugin-sink-g" 2.0.0 exports no plugin: make definePlugin({…}) its default export',
    );
  });

  it("with the version of the plugin's package that a path leads into", async () => {
    write("mine/package.json", JSON.stringify({ name: "droplens-plugin-sink-mine", version: "0.3.0" }));
    write("mine/src/index.mjs", `export default ${body("create: undefined")};`);
    expect(await problemOf("./mine/src/index.mjs")).toBe("plugin sink-mine 0.3.0 has no create function");
    write("mine/package.json", JSON.stringify({ name: "somebody-elses-tool", version: "0.3.0" }));
    expect(await problemOf("./mine/src/index.mjs")).toBe("plugin sink-mine has no create function");
  });

  it("whose file is missing", async () => {
    expect(await problemOf("./gone.mjs")).toMatch(/^cannot load plugin ".\/gone.mjs": .*gone.mjs/);
  });

  it("whose package is not installed", async () => {
    expect(await problemOf("droplens-plugin-sink-gone")).toBe(
      `package "droplens-plugin-sink-gone" is not installed in ${folder} or above, nor beside the program: npm install droplens-plugin-sink-gone`,
    );
  });

  it.each([
    "fs",
    "node:fs",
    "lodash",
    "constructor",
    "__proto__",
    "https://example.org/x.js",
    "data:text/javascript,1",
  ])("that is neither built in, nor a package of ours, nor a path: %s", async (use) => {
    expect(await problemOf(use)).toContain(`unknown plugin "${use}" (built in: source-file,`);
  });
});
