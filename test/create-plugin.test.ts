/**
 * `droplens create-plugin` from the sources: what it writes passes the suite of its role at once, is what test/examples
 * holds, and nothing is overwritten. test/system/third-party.test.ts does the same with the package as people install it.
 */
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { createPlugin } from "../core/cli/create-plugin.ts";
import { Child, checkout, droplens } from "./support/child.ts";
import { tempFolder } from "./support/temp-folder.ts";

const examples = [
  { role: "source", thing: "spool", folder: "spool-source" },
  { role: "parser", thing: "piped", folder: "piped-parser" },
  { role: "resolver", thing: "hosts", folder: "hosts-resolver" },
  { role: "sink", thing: "webhook", folder: "webhook-sink" },
] as const;

/** The command itself; its words on the command line are tried by "says what it wrote". */
async function create([role = "", thing = "", ...more]: readonly string[], cwd: string) {
  const { dir, droplens: version } = parseArgs({ args: [...more], options: optionNames }).values;
  const out: string[] = [];
  const err: string[] = [];
  const io = { cwd, stdout: (text: string) => void out.push(text), stderr: (text: string) => void err.push(text) };
  const code = await createPlugin({ role, thing, ...(dir && { dir }), ...(version && { droplens: version }) }, io);
  return { code, stdout: out.join(""), stderr: err.join("") };
}

const optionNames = { dir: { type: "string" }, droplens: { type: "string" } } as const;

function filesOf(folder: string): Record<string, string> {
  const paths = globSync(["*.*", ".gitignore", "src/*"], { cwd: folder });
  return Object.fromEntries(paths.toSorted().map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

describe.for(examples)("a new $role", ({ role, thing, folder }) => {
  it("passes the suite of its role", { timeout: 60_000 }, async () => {
    const cwd = tempFolder(onTestFinished);
    expect(await create([role, "zz-top"], cwd)).toMatchObject({ code: 0, stderr: "" });
    const made = join(cwd, `droplens-plugin-${role}-zz-top`);
    const hooks = join(checkout, "test/support/own-packages.ts");
    const tests = new Child([process.execPath, "--import", hooks, `src/zz-top-${role}.test.ts`], { cwd: made });
    expect([await tests.ended(), tests.stdout]).toEqual([0, expect.stringMatching(/^(# |ℹ )pass (1[5-9]|[2-9]\d)$/m)]);
    expect(tests.stdout).not.toMatch(/^(# |ℹ )skipped [^0]/m);
  });

  it("is the one of test/examples, under its name", async () => {
    const cwd = tempFolder(onTestFinished);
    expect(await create([role, thing, "--dir", "."], cwd)).toMatchObject({ code: 0 });
    const example = filesOf(join(checkout, "test/examples", folder));
    expect(Object.keys(example)).toContain(`src/${folder}.test.ts`);
    expect(filesOf(cwd)).toEqual(example);
  });

  it("has nothing of the example's name left in it", async () => {
    const cwd = tempFolder(onTestFinished);
    await create([role, "zz-top", "--dir", "made"], cwd);
    const files = filesOf(join(cwd, "made"));
    expect(Object.entries(files).filter((entry) => entry.join().toLowerCase().includes(thing))).toEqual([]);
    expect(JSON.parse(files["package.json"] ?? "").name).toBe(`droplens-plugin-${role}-zz-top`);
  });

  it("asks for the packages that this checkout is tested with", () => {
    const versionsOf = (path: string) => {
      const { dependencies, devDependencies } = JSON.parse(readFileSync(join(checkout, path), "utf8"));
      return { ...dependencies, ...devDependencies };
    };
    const asked = versionsOf(`test/examples/${folder}/package.json`);
    const { version } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"));
    const ours = { ...versionsOf("package.json"), droplens: version };
    expect(asked).toEqual(Object.fromEntries(Object.keys(asked).map((name) => [name, `^${ours[name]}`])));
  });
});

describe("create-plugin", () => {
  it("says what it wrote and what to do next", async () => {
    const child = droplens(["create-plugin", "sink", "my-webhook"], { cwd: tempFolder(onTestFinished) });
    expect([await child.ended(), child.stderr]).toEqual([0, ""]);
    const { stdout } = child;
    expect(stdout).toMatch(/^ {2}droplens-plugin-sink-my-webhook\/src\/my-webhook-sink\.test\.ts$/m);
    expect(stdout).toMatch(/^ {2}cd droplens-plugin-sink-my-webhook && npm install$/m);
  });

  it("asks for another Droplens where it is told to", async () => {
    const cwd = tempFolder(onTestFinished);
    await create(["sink", "my-webhook", "--dir", "made", "--droplens", "file:../droplens.tgz"], cwd);
    const manifest = JSON.parse(readFileSync(join(cwd, "made/package.json"), "utf8"));
    expect(manifest.devDependencies.droplens).toBe("file:../droplens.tgz");
    expect(manifest.peerDependencies.droplens).toBe(">=0.1.0");
  });

  it("overwrites nothing", async () => {
    const cwd = tempFolder(onTestFinished);
    mkdirSync(join(cwd, "mine"));
    writeFileSync(join(cwd, "mine/notes.txt"), "keep me");
    expect(await create(["sink", "my-webhook", "--dir", "mine"], cwd)).toEqual({
      code: 2,
      stdout: "",
      stderr: "droplens: mine is there already and not empty: name another folder with --dir, or remove it\n",
    });
    expect(filesOf(join(cwd, "mine"))).toEqual({ "notes.txt": "keep me" });
    expect(await create(["sink", "my-webhook", "--dir", "mine/notes.txt"], cwd)).toMatchObject({ code: 2 });
  });

  it.each([
    ["sink", "My-Webhook", 'no name "My-Webhook": lower-case words with hyphens between them, like my-webhook'],
    ["sink", "../up", 'no name "../up": lower-case words'],
    ["sink", "2fa", 'no name "2fa": lower-case words'],
    ["sink", "sink-my-webhook", "the name is put together here: write sink my-webhook"],
    ["sink", "droplens-plugin-sink-my-webhook", "the name is put together here: write sink my-webhook"],
    ["sink", "a".repeat(59), "the name has 59 characters: 58 at most"],
    ["filter", "mine", 'no role "filter": one of source, parser, resolver, sink'],
    ["constructor", "mine", 'no role "constructor": one of source, parser, resolver, sink'],
  ])("refuses %s %s, and says what to write", async (role, thing, problem) => {
    const cwd = tempFolder(onTestFinished);
    const { code, stderr } = await create([role, thing], cwd);
    expect([code, stderr]).toEqual([2, expect.stringContaining(problem)]);
    expect(existsSync(join(cwd, `droplens-plugin-${role}-${thing}`))).toBe(false);
  });
});
