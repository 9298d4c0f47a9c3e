/**
 * What the documents say is true: their configs validate, their commands and folders exist, and each command that they
 * tell people to type is run somewhere. Who writes a new one adds it to `proven`, with the place that runs it.
 */
import { existsSync, globSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { Child, checkout, droplens } from "./support/child.ts";
import { tempFolder } from "./support/temp-folder.ts";

const documents = ["README.md", "deploy/README.md", ...globSync("docs/**/*.md", { cwd: checkout })];
/** Made from the schemas, the code and the rooms' READMEs, and held to them by config/reference.test.ts. */
const generated = "docs/reference.md";
const read = (path: string): string => readFileSync(join(checkout, path), "utf8");

/** A file that runs the command, and what stands there; or why nothing here can run it. */
type Proof = { readonly in: string; readonly as: string } | { readonly cannot: string };

const noControllers = { cannot: "waits for a cluster's controllers and kubelets, which a bare API server has not" };
const validated = { in: "test/bad-input.test.ts", as: 'droplens(["validate"]' };

const thirdParty = "test/system/third-party.test.ts";
const helmTest = "test/system/helm.test.ts";

const proven: Readonly<Record<string, Proof>> = {
  "npm install": { in: thirdParty, as: 'inPlugin("npm", "install"' },
  "npm install droplens": { cannot: "waits for the package to be published; from its tarball it is installed" },
  "npm install ./droplens-0.1.0.tgz": { in: thirdParty, as: '"npm", "install", "--no-audit", "./droplens-0.1.0.tgz"' },
  "npx droplens create-plugin sink my-webhook": {
    in: thirdParty,
    as: '"npx", "droplens", "create-plugin", "sink", "my-webhook"',
  },
  "npx droplens create-plugin sink my-webhook --droplens file:../droplens-0.1.0.tgz": {
    in: thirdParty,
    as: '[...create, "--droplens", "file:../droplens-0.1.0.tgz"]',
  },
  "node receiver.mjs": { in: thirdParty, as: 'join(examples, "receiver.mjs")' },
  "npx droplens replay --config droplens.example.yaml drops.log": {
    in: thirdParty,
    as: '"npx", "droplens", "replay", "--config", "droplens.example.yaml", "drops.log"',
  },
  "npx droplens validate": { in: thirdParty, as: '"npx", "droplens", "validate"' },
  "npm publish": { cannot: "a registry would keep it for ever; what it sends is what `npm pack` makes" },
  "npm install ./droplens-plugin-sink-my-webhook-0.1.0.tgz": {
    in: thirdParty,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the other file's
    as: '"npm", "install", "--no-audit", `./${pluginTarball}`',
  },
  "docker build --tag REGISTRY/droplens-webhook:0.1.0 .": {
    in: thirdParty,
    as: 'buildImage(join(examples, "image/Dockerfile")',
  },
  "kubectl -n droplens create configmap droplens --from-file=droplens.yaml --from-file=webhook.ts --dry-run=client --output yaml > config.yaml":
    { in: thirdParty, as: '"create", "configmap", "droplens"' },
  "kubectl apply -f config.yaml": { in: "test/system/manifests.test.ts", as: '"apply", "--server-side", "-f"' },
  "npm ci": { in: ".ci/run", as: "npm ci --no-audit" },
  "npm start": { in: "test/demo.test.ts", as: 'droplens(["demo"]' },
  "npm test": { in: ".ci/run", as: "tests unit test" },
  "npm run test:durability": { in: ".ci/run", as: "trials durability" },
  "npm run test:hostile": { in: ".ci/run", as: "trials hostile" },
  "npm run bench": { cannot: "takes minutes, and figures are no test; bench/*.test.ts hold its parts" },
  "npm run build": { in: ".ci/run", as: "npm run build" },
  "npm pack": { in: "test/system/tarball.ts", as: '"npm", "pack"' },
  "npm run -s droplens -- validate": validated,
  "droplens validate": validated,
  "npm run -s droplens -- validate --offline": { in: "test/readme.test.ts", as: 'droplens(["validate", "--offline"]' },
  "npm run -s droplens -- COMMAND": { in: "test/readme.test.ts", as: '"npm", "run", "-s", "droplens", "--"' },
  "IPTABLES_LOG_PATH=/var/log/kern.log IPTABLES_LOG_PREFIX=calico-packet: npm run -s droplens -- run": {
    in: "test/system/tailer-environment.test.ts",
    as: '"core/main.ts", "run"',
  },
  "docker build --file deploy/Dockerfile --tag droplens .": {
    in: "test/system/image.test.ts",
    as: 'buildImage("deploy/Dockerfile"',
  },
  "kubectl apply -f deploy/manifests/namespace.yaml": {
    in: "test/system/manifests.test.ts",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the other file's
    as: '"apply", "--server-side", "-f", `${manifestFolder}/namespace.yaml`',
  },
  "helm install droplens deploy/helm/droplens --namespace droplens --values my-values.yaml": {
    in: helmTest,
    as: '["install", release, chart, ...place, ...optionsOf(name)]',
  },
  "helm upgrade droplens deploy/helm/droplens --namespace droplens --values my-values.yaml": {
    in: helmTest,
    as: '["upgrade", release, chart, ...place, ...changed]',
  },
  "helm uninstall droplens --namespace droplens": { in: helmTest, as: '["uninstall", release, ...place]' },
  "kubectl apply -f deploy/manifests/": {
    in: "test/system/manifests.test.ts",
    as: '"apply", "--server-side", "-f", manifestFolder',
  },
  "kubectl -n droplens rollout status daemonset/droplens": noControllers,
  "kubectl -n droplens rollout restart daemonset/droplens": noControllers,
  "kubectl -n kube-system set image daemonset/kube-iptables-tailer kube-iptables-tailer=REGISTRY/droplens:0.1.0": {
    in: "test/system/image.test.ts",
    as: 'command: ["/kube-iptables-tailer", "--log_dir',
  },
};

/** Guides whose blocks are run as they stand there, by the tests in test/guides and test/system/guides-*. */
const runWhole = ["docs/install.md", "docs/log-rules.md", "docs/troubleshooting.md", "docs/migrate.md"];

interface Block {
  readonly document: string;
  readonly language: string;
  readonly text: string;
}

const blocks: readonly Block[] = documents.flatMap((document) =>
  [...read(document).matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = "", text = ""]) => ({
    document,
    language,
    text,
  })),
);

/** Commands in ```sh blocks, each part of `a && b` by itself, and those within a sentence that begin with a program's name. */
function commandsOf(document: string): string[] {
  if (document === generated) return [];
  const typed = blocks
    .filter((block) => block.document === document && block.language === "sh" && !runWhole.includes(document))
    .flatMap(({ text }) => text.replaceAll("\\\n", " ").split("\n"))
    .map((line) =>
      line
        .replace(/(^| )#.*$/, "")
        .replaceAll(/ +/g, " ")
        .trim(),
    );
  const prose = read(document).replaceAll(/^```[\s\S]*?^```$/gm, "");
  const inline = [...prose.matchAll(/`((?:npm|npx|docker|node|droplens) [^`]+|kubectl [^`]*-[^`]*)`/g)];
  const all = [...typed, ...inline.map(([, command = ""]) => command)];
  return [...new Set(all.flatMap((line) => line.split(" && ")).filter((line) => line !== "" && !/^cd /.test(line)))];
}

describe.each(documents)("%s", (document) => {
  it("tells people to type only what is run somewhere", () => {
    expect(commandsOf(document).filter((command) => !(command in proven))).toEqual([]);
  });

  it("links to what is there", () => {
    const links = [...read(document).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(([, path = ""]) => path);
    expect(links.filter((path) => !existsSync(join(checkout, document, "..", path)))).toEqual([]);
  });

  it("shows only configs that are right", async () => {
    const folder = tempFolder(onTestFinished);
    const configs = blocks.filter((block) => block.document === document && /^version: 1$/m.test(block.text));
    for (const { text } of configs) {
      writeFileSync(join(folder, "droplens.yaml"), text);
      const validate = droplens(["validate", "--offline"], { cwd: folder });
      expect([await validate.ended(), validate.stderr]).toEqual([0, ""]);
    }
  });
});

describe("the places that run the documents' commands", () => {
  it.each(Object.entries(proven))("%s", (_command, proof) => {
    if ("in" in proof) expect(read(proof.in)).toContain(proof.as);
    else expect(proof.cannot).toMatch(/\w/);
  });

  it("are named for commands that a document has", () => {
    const commands = documents.flatMap(commandsOf);
    expect(Object.keys(proven).filter((command) => !commands.includes(command))).toEqual([]);
  });
});

describe("README.md", () => {
  it("has a config, and it has the ten lines that it may have", () => {
    const [config, ...more] = blocks.filter(
      ({ document, language }) => document === "README.md" && language === "yaml",
    );
    expect(more).toEqual([]);
    expect(config?.text.trimEnd().split("\n").length).toBeLessThanOrEqual(10);
  });

  it("lists the commands that the program has", async () => {
    const words = ["npm", "run", "-s", "droplens", "--", "--help"];
    // npm writes its own log into the home folder.
    const help = new Child(words, { cwd: checkout, environment: { HOME: tempFolder() } });
    expect(await help.ended()).toBe(0);
    const commands = [...help.stdout.matchAll(/^ {2}([a-z][a-z-]*) /gm)].map(([, name = ""]) => name);
    const listed = [...tableOf("command").matchAll(/^\| `([a-z-]+)/gm)].map(([, name]) => name);
    expect(listed.toSorted()).toEqual(commands.filter((name) => name !== "help").toSorted());
  });

  it("lists the rooms that there are, and every plugin", () => {
    const listed = [...tableOf("folder").matchAll(/^\| `([^`]+)`/gm)].map(([, path = ""]) => path);
    expect(listed.filter((path) => !existsSync(join(checkout, path)))).toEqual([]);
    const plugins = readdirSync(join(checkout, "plugins")).map((name) => `plugins/${name}`);
    expect(plugins.filter((path) => !listed.includes(path))).toEqual([]);
  });

  it("names only scripts that package.json has", () => {
    const scripts = Object.keys(JSON.parse(read("package.json")).scripts);
    const named = documents.flatMap((document) => [...read(document).matchAll(/npm run (?:-s )?([\w:-]+)/g)]);
    expect(named.map(([, script = ""]) => script).filter((script) => !scripts.includes(script))).toEqual([]);
  });

  it("names only variables that the default bundle reads", () => {
    const bundles = read("config/kube-iptables-tailer.yaml") + read("config/kube-iptables-tailer-journal.yaml");
    const known = `${bundles} ${read("core/config/tailer-environment.ts")}`;
    const own = documents.filter((document) => document !== generated);
    const named = own.flatMap((document) => read(document).match(/\b[A-Z]+(?:_[A-Z]+)+\b/g) ?? []);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  it("writes the balance of the books with metrics that there are", () => {
    const names = new Set(read("README.md").match(/\bdroplens_[a-z_]+/g));
    const sources = globSync("{core/operations,plugins/*}/*.ts", { cwd: checkout }).map(read).join("\n");
    expect([...names].filter((name) => !sources.includes(`"${name}"`))).toEqual([]);
    expect(names.size).toBeGreaterThan(4);
  });
});

/** The table of the README whose first column has this head. */
function tableOf(head: string): string {
  return new RegExp(`^\\| ${head} \\|.*\\n(?:\\|.*\\n)+`, "m").exec(read("README.md"))?.[0] ?? "";
}
