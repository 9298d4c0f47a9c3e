/**
 * A plugin by somebody who has never seen the code, with nothing but the package: docs/write-a-plugin.md, step by step,
 * in empty folders; then in a DaemonSet's place, as the image FROM ours and as one file in a ConfigMap.
 */
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type CommandResult, run } from "./command.ts";
import { buildImage, type Image } from "./dockerfile.ts";
import { enter, type Mount } from "./kubelet.ts";
import { freePort, Program } from "./program.ts";
import { systemTest } from "./system-test.ts";
import { inFolder, packInto } from "./tarball.ts";

const checkout = join(import.meta.dirname, "../..");
const examples = join(checkout, "test/examples");
/** Ten packets that a kernel dropped. */
const fixture = join(checkout, "plugins/parser-iptables/testdata/tcp4.log");
const pluginName = "droplens-plugin-sink-my-webhook";
const pluginTarball = `${pluginName}-0.1.0.tgz`;

systemTest("a plugin by a third party", () => {
  let folder: string;
  /** Where its author works. */
  let work: string;
  let tarball: string;

  const type = (words: readonly string[], cwd: string): Promise<CommandResult> => run(words, inFolder(cwd, 180_000));
  const inPlugin = (...words: readonly string[]) => type(words, join(work, pluginName));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "droplens-third-party-"));
    await chmod(folder, 0o755);
    ({ tarball } = await packInto(folder));
    work = await emptyFolder("work");
    await copyFile(tarball, join(work, "droplens-0.1.0.tgz"));
    await type(["npm", "install", "--no-audit", "./droplens-0.1.0.tgz"], work);
    const create = ["npx", "droplens", "create-plugin", "sink", "my-webhook"];
    await type([...create, "--droplens", "file:../droplens-0.1.0.tgz"], work);
    await inPlugin("npm", "install", "--no-audit");
  }, 600_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function emptyFolder(name: string): Promise<string> {
    const path = join(folder, name);
    await mkdir(path);
    return path;
  }

  it("passes its own tests, has right types and is built, with three packages beside the tools", async () => {
    const { stdout } = await inPlugin("npm", "test");
    expect(stdout).toMatch(/^(# |ℹ )pass (2[0-9]|3[0-9])$/m);
    expect(stdout).toMatch(/^(# |ℹ )fail 0$/m);
    await inPlugin("npm", "run", "ci");
    await inPlugin("npm", "run", "build");
    const built = await readdir(join(work, pluginName, "dist"));
    expect(built.filter((name) => name.endsWith(".js")).toSorted()).toEqual([
      "index.js",
      "my-webhook-sink.js",
      "options.js",
    ]);
    const { dependencies, devDependencies } = JSON.parse(
      await readFile(join(work, pluginName, "package.json"), "utf8"),
    );
    expect(Object.keys(dependencies)).toEqual(["zod"]);
    expect(Object.keys(devDependencies)).toEqual(["@types/node", "droplens", "typescript"]);
  }, 240_000);

  it("of any other role passes its tests and has right types, too", async () => {
    for (const role of ["source", "parser", "resolver"]) {
      await type(["npx", "droplens", "create-plugin", role, "zz-top"], work);
      const made = join(work, `droplens-plugin-${role}-zz-top`);
      await symlink(join(work, pluginName, "node_modules"), join(made, "node_modules"));
      expect((await type(["npm", "run", "ci"], made)).stdout).toMatch(/^(# |ℹ )fail 0$/m);
    }
  }, 240_000);

  it("is not overwritten by a second create", async () => {
    const before = await readFile(join(work, pluginName, "package.json"), "utf8");
    const words = ["npx", "droplens", "create-plugin", "sink", "my-webhook"];
    const { code, stderr } = await run(words, { ...inFolder(work), allow: [2] });
    expect([code, stderr]).toEqual([2, expect.stringContaining(`${pluginName} is there already`)]);
    expect(await readFile(join(work, pluginName, "package.json"), "utf8")).toBe(before);
  });

  it("gets real drops as the package that `npm pack` makes of it", async () => {
    await inPlugin("npm", "pack");
    const site = await emptyFolder("site");
    await copyFile(join(work, pluginName, pluginTarball), join(site, pluginTarball));
    await type(["npm", "install", "--no-audit", tarball], site);
    await type(["npm", "install", "--no-audit", `./${pluginTarball}`], site);
    const receiver = await startReceiver();
    const config = configOf(`{ use: ${pluginName}, url: "${receiver.url}" }`, fixture);
    await writeFile(join(site, "droplens.yaml"), config);
    const { stdout: plugins } = await type(["npx", "droplens", "plugins"], site);
    expect(plugins).toMatch(/^sink-my-webhook +sink +0\.1\.0 +package \/.*pipelines\.drops\.sinks\[0\]$/m);
    expect((await type(["npx", "droplens", "validate"], site)).stdout).toContain(`reach ${receiver.url}`);
    const { stderr } = await type(["npx", "droplens", "replay", fixture], site);
    expect(stderr).toMatch(/packets delivered to sink-my-webhook +10$/m);
    await receiver.got(10);
    expect(receiver.drops()[0]).toEqual({
      time: expect.stringMatching(/Z$/),
      from: "10.77.1.2",
      to: "10.77.2.2",
      port: 80,
      count: 1,
    });
  }, 240_000);

  it("gets real drops as a path to its .ts file, with nothing built and nothing installed", async () => {
    const path = join(work, "plain");
    await type(["npx", "droplens", "create-plugin", "sink", "plain", "--dir", path], work);
    expect((await readdir(path)).filter((name) => ["node_modules", "dist"].includes(name))).toEqual([]);
    const receiver = await startReceiver();
    const example = await readFile(join(path, "droplens.example.yaml"), "utf8");
    await writeFile(join(path, "droplens.example.yaml"), example.replace("http://127.0.0.1:8080/in", receiver.url));
    await copyFile(join(examples, "kernel-drops.log"), join(path, "drops.log"));
    const words = ["npx", "droplens", "replay", "--config", "droplens.example.yaml", "drops.log"];
    const { stderr } = await type(words, path);
    expect(stderr).toMatch(/packets delivered to sink-plain +2$/m);
    expect(stderr).not.toContain("Warning");
    await receiver.got(2);
  });

  describe("in a DaemonSet's place, an unprivileged user's on a read-only tree", () => {
    let image: Image;

    beforeAll(async () => {
      const place = await emptyFolder("image");
      image = await buildImage("deploy/Dockerfile", ".", place);
    }, 300_000);

    /** The image's own first process, with a ConfigMap and the node's log folder mounted into it. */
    async function replayIn(built: Image, configMap: Readonly<Record<string, string>>): Promise<Program> {
      const mounts: Mount[] = [
        { from: await mountedConfigMap(configMap), to: "/etc/droplens", readOnly: true },
        { from: await logFolder(), to: "/var/log", readOnly: true },
      ];
      const start = { root: built.root, owner: built.user, groups: "", readOnlyRoot: true };
      const command = [...built.entrypoint, "replay", "--config", "/etc/droplens/droplens.yaml", "/var/log/kern.log"];
      const words = [...enter(start, mounts), ...command];
      const program = new Program({ words, environment: { ...built.environment }, port: 0 });
      onTestFinished(() => void program.stop("SIGKILL"));
      return program;
    }

    /** As a kubelet makes it: files are links into a folder that is exchanged as a whole. */
    async function mountedConfigMap(files: Readonly<Record<string, string>>): Promise<string> {
      const place = await mkdtemp(join(folder, "configmap-"));
      await chmod(place, 0o755);
      await mkdir(join(place, "..2026_11_21_00_00_00.1"));
      await symlink("..2026_11_21_00_00_00.1", join(place, "..data"));
      for (const [name, text] of Object.entries(files)) {
        await writeFile(join(place, "..data", name), text);
        await symlink(join("..data", name), join(place, name));
      }
      return place;
    }

    async function logFolder(): Promise<string> {
      const place = await mkdtemp(join(folder, "log-"));
      await chmod(place, 0o755);
      await copyFile(fixture, join(place, "kern.log"));
      return place;
    }

    it("is found in an image that was built FROM ours", async () => {
      const context = await emptyFolder("context");
      await inPlugin("npm", "pack");
      await copyFile(join(work, pluginName, pluginTarball), join(context, pluginTarball));
      const layers = await emptyFolder("layers");
      const known = { "REGISTRY/droplens:0.1.0": image };
      const theirs = await buildImage(join(examples, "image/Dockerfile"), context, layers, known);
      expect(theirs.user).toBe(image.user);
      const receiver = await startReceiver();
      const config = configOf(`{ use: ${pluginName}, url: "${receiver.url}" }`);
      const program = await replayIn(theirs, { "droplens.yaml": config });
      expect([await program.ended(), program.output]).toEqual([
        0,
        expect.stringMatching(/delivered to sink-my-webhook +10$/m),
      ]);
      await receiver.got(10);
    }, 240_000);

    it("is one file in the ConfigMap, that needs no package", async () => {
      const receiver = await startReceiver();
      const files = await emptyFolder("single-file");
      const text = await readFile(join(examples, "single-file/droplens.yaml"), "utf8");
      const config = text.replace("http://127.0.0.1:8080/in", receiver.url).replace(', prefix: "calico-packet:"', "");
      await writeFile(join(files, "droplens.yaml"), config);
      await copyFile(join(examples, "single-file/webhook.ts"), join(files, "webhook.ts"));
      // What kubectl makes of the files is what is mounted.
      const create = ["kubectl", "-n", "droplens", "create", "configmap", "droplens"];
      const from = ["--from-file=droplens.yaml", "--from-file=webhook.ts", "--dry-run=client", "--output", "json"];
      const { data } = JSON.parse((await type([...create, ...from], files)).stdout);
      expect(Object.keys(data)).toEqual(["droplens.yaml", "webhook.ts"]);
      const program = await replayIn(image, data);
      expect([await program.ended(), program.output]).toEqual([
        0,
        expect.stringMatching(/delivered to sink-one-file +10$/m),
      ]);
      expect(program.output).not.toContain("Warning");
      await receiver.got(10);
    }, 60_000);

    it("says where it is broken, by the name under which it is mounted", async () => {
      const text = "import { z } from 'zod';\nconst x: number = 1;\nthrow new Error('no luck');\n";
      const config = configOf("{ use: ./webhook.ts }");
      const program = await replayIn(image, { "droplens.yaml": config, "webhook.ts": text });
      expect(await program.ended()).toBe(2);
      expect(program.output).toContain(
        '/etc/droplens/droplens.yaml:7:16 pipelines.drops.sinks[0].use: cannot load plugin "./webhook.ts": no luck (webhook.ts:3)',
      );
    });
  });
});

function configOf(sink: string, log = "/var/log/kern.log"): string {
  return `version: 1
pipelines:
  drops:
    source: { use: source-file, path: ${log} }
    parser: { use: parser-iptables }
    sinks:
      - ${sink}
`;
}

/** The document's receiver.mjs. */
async function startReceiver() {
  const port = await freePort();
  const words = [process.execPath, join(examples, "receiver.mjs"), String(port)];
  const program = new Program({ words, environment: {}, port });
  onTestFinished(() => void program.stop());
  const drops = () =>
    program.output
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
  await until(() => program.output.includes("listening"));
  return {
    url: `http://127.0.0.1:${port}/in`,
    drops,
    got: (packets: number) => until(() => drops().reduce((sum, { count }) => sum + count, 0) === packets),
  };
}

async function until(isSo: () => boolean): Promise<void> {
  await expect.poll(isSo, { timeout: 10_000 }).toBe(true);
}
