/**
 * What `npm pack` gives away: made in a clean copy of the tracked files, installed in an empty folder together with a
 * Node from npm, and run from there; and that the program loads no large package that a config does not need.
 */
import { access, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { output, run } from "./command.ts";
import { systemTest } from "./system-test.ts";
import { inFolder, packInto } from "./tarball.ts";

const checkout = join(import.meta.dirname, "../..");
const fixture = join(checkout, "plugins/parser-iptables/testdata/tcp4.log");
const nodePackage = `node-${process.platform}-${process.arch}`;

systemTest("the package", () => {
  let folder: string;
  let copy: string;
  let tarball: string;
  let installed: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "droplens-package-"));
    ({ copy, tarball } = await packInto(folder));
    installed = join(folder, "installed");
    await mkdir(installed);
    await writeFile(join(installed, "package.json"), '{ "private": true }\n');
    const { optionalDependencies } = JSON.parse(await readFile(join(copy, "package.json"), "utf8"));
    const node = `${nodePackage}@${optionalDependencies[nodePackage]}`;
    await output(["npm", "install", "--no-audit", "--no-fund", tarball, node], inFolder(installed, 180_000));
  }, 360_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("leaves the checkout as it was", async () => {
    const manifest = (place: string) => readFile(join(place, "package.json"), "utf8");
    expect(await manifest(copy)).toBe(await manifest(checkout));
    await expect(access(join(copy, "package.json.kept"))).rejects.toThrow("ENOENT");
  });

  it("holds the bundle, types, README and LICENSE, and no source, test or machine's path", async () => {
    const files = (await output(["tar", "-tzf", tarball])).trim().split("\n");
    const outside = files.filter((path) => !path.startsWith("package/dist/"));
    expect(outside.toSorted()).toEqual(["package/LICENSE", "package/README.md", "package/package.json"]);
    expect(
      files.filter((path) => !/\.(js|d\.ts|LEGAL\.txt)$|\/THIRD_PARTY_LICENSES$|package\/[^/]+$/.test(path)),
    ).toEqual([]);
    expect(files.filter((path) => path.endsWith(".d.ts") && !path.startsWith("package/dist/types/"))).toEqual([]);
    expect(files.filter((path) => /\.test\.|testdata/.test(path))).toEqual([]);
    expect((await stat(tarball)).size).toBeLessThan(3_000_000);
    const text = await output(["tar", "-xzOf", tarball]);
    expect([copy, checkout].filter((path) => text.includes(path))).toEqual([]);
  });

  it("needs no other package", async () => {
    const manifest = JSON.parse(await readFile(join(installed, "node_modules/droplens/package.json"), "utf8"));
    expect(Object.keys(manifest).filter((key) => /dependencies|scripts/i.test(key))).toEqual([]);
    expect(manifest).toMatchObject({ name: "droplens", bin: { droplens: "dist/droplens.js" } });
    const beside = (await readdir(join(installed, "node_modules"))).filter((name) => !name.startsWith("."));
    expect(beside.toSorted()).toEqual(["droplens", nodePackage].toSorted());
  });

  it("gives npx a program that tells its version", async () => {
    const { version } = JSON.parse(await readFile(join(checkout, "package.json"), "utf8"));
    expect(await output(["npx", "--no-install", "droplens", "--version"], inFolder(installed))).toBe(`${version}\n`);
  });

  it("gives npx a demo that works", async () => {
    const { stdout } = await run(["npx", "--no-install", "droplens", "demo", "--once"], inFolder(installed, 60_000));
    expect(stdout).toMatch(/shop\/web-\S+ +Warning +PacketDrop .* on port 5432\/TCP/);
    expect(stdout).toMatch(/lines matched +9\n/);
  });

  it("works on the oldest Node that it allows", async () => {
    const { engines } = JSON.parse(await readFile(join(checkout, "package.json"), "utf8"));
    const oldest = `${engines.node.replace(">=", "")}.0`;
    await output(
      ["npm", "install", "--no-audit", "--no-fund", `${nodePackage}@${oldest}`],
      inFolder(installed, 120_000),
    );
    const node = join(installed, "node_modules/.bin/node");
    expect(await output([node, "--version"])).toBe(`v${oldest}\n`);
    const program = join(installed, "node_modules/droplens/dist/droplens.js");
    const { stdout } = await run([node, program, "demo", "--once"], inFolder(installed, 60_000));
    expect(stdout).toMatch(/packets delivered to sink-k8s-events +9\n/);
  }, 180_000);

  it("gives plugin authors what they import", async () => {
    const program = `import { definePlugin } from "droplens/plugin"; import { sinkChecks } from "droplens/testkit";
console.log(typeof definePlugin, typeof sinkChecks);`;
    await writeFile(join(installed, "author.mjs"), program);
    expect(await output([process.execPath, "author.mjs"], inFolder(installed))).toBe("function function\n");
  });

  it("runs as `node dist/droplens.js` from another folder", async () => {
    const words = [process.execPath, join(copy, "dist/droplens.js"), "parse"];
    const options = { ...inFolder("/"), input: await readFile(fixture, "utf8") };
    expect((await output(words, options)).trim().split("\n")).toHaveLength(10);
  });

  it("is two files for a usual run", async () => {
    const loaded = await loadedBy(["replay", "--config", await config("sink-prometheus"), fixture]);
    expect(loaded).toEqual(["droplens.js", "program.js"]);
    expect(await loadedBy(["--version"])).toEqual(loaded);
  });

  it("loads the whole Kubernetes client for no log-in that can do without it", async () => {
    const loaded = await loadedBy(["replay", "--config", await config("sink-k8s-events"), fixture]);
    expect(await holding(loaded, "KUBERNETES_NO_CREDENTIALS")).not.toEqual([]);
    expect(await holding(loaded, "loadFromOptions")).toEqual([]);
    expect(await holding(await built(), "loadFromOptions")).not.toEqual([]);
  });

  /** The files of dist/. */
  const built = async () => (await readdir(join(copy, "dist"))).filter((name) => name.endsWith(".js"));

  async function config(sink: string): Promise<string> {
    const server = sink === "sink-k8s-events" ? ", server: http://127.0.0.1:1, queue: { maxAge: 1ms }" : "";
    const path = join(folder, `${sink}.yaml`);
    const source = "source: { use: source-file, path: /nowhere }";
    const parser = "parser: { use: parser-iptables, prefix: none-of-these }";
    await writeFile(
      path,
      `version: 1\npipelines: { a: { ${source}, ${parser}, sinks: [{ use: ${sink}${server} }] } }\n`,
    );
    return path;
  }

  /** The files of dist/ that a command has loaded, by the word of Node's own module hooks. */
  async function loadedBy(args: readonly string[]): Promise<string[]> {
    const trace = join(folder, "trace");
    const hooks = `import { appendFileSync } from "node:fs"; import { registerHooks } from "node:module";
registerHooks({ load: (url, context, next) => { appendFileSync(${JSON.stringify(trace)}, url + "\\n"); return next(url, context); } });`;
    await writeFile(join(folder, "trace.mjs"), hooks);
    await writeFile(trace, "");
    const words = [process.execPath, "--import", join(folder, "trace.mjs"), join(copy, "dist/droplens.js")];
    await run([...words, ...args], inFolder(folder));
    const urls = (await readFile(trace, "utf8")).trim().split("\n");
    const names = urls.filter((url) => url.includes("/dist/")).map((url) => url.slice(url.lastIndexOf("/") + 1));
    expect(names).toContain("droplens.js");
    return names;
  }

  async function holding(names: readonly string[], text: string): Promise<string[]> {
    const texts = await Promise.all(names.map((name) => readFile(join(copy, "dist", name), "utf8")));
    return names.filter((_, i) => texts[i]?.includes(text));
  }
});
