/** What the guides show is right: quotes, configs, policies; and docs/migrate.md's comparison of configs, as it is typed. */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { Child, checkout, droplens } from "../support/child.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { checkoutIn } from "./checkout-in.ts";
import { podConfig } from "./cluster-node.ts";
import { promisedBy, scriptOf, scriptsOf, sectionsOf } from "./guide.ts";

const read = (path: string): string => readFileSync(join(checkout, path), "utf8");
const guides = ["docs/install.md", "docs/log-rules.md", "docs/troubleshooting.md", "docs/migrate.md"];
const blocks = guides.flatMap((guide) =>
  sectionsOf(guide).flatMap(({ heading, blocks: all }) =>
    all.filter(({ language }) => language === "yaml").map(({ text }) => ({ guide, heading, text })),
  ),
);

describe("the guides", () => {
  it("quote files to the letter", () => {
    const quotes = guides.flatMap((guide) => [
      ...read(guide).matchAll(/^<!-- quoted from (\S+) -->\n```\w+\n([\s\S]*?)^```$/gm),
    ]);
    expect(quotes).toHaveLength(3);
    for (const [, path = "", quote] of quotes) expect(quote).toBe(read(path));
  });

  const options = blocks.filter(({ text }) => /^ *(source|parser): /.test(text));
  it("show options that fit the manifests' config", async () => {
    const config = parse(podConfig());
    const { drops } = config.pipelines;
    config.pipelines = Object.fromEntries(options.map(({ text }, i) => [`option-${i}`, { ...drops, ...parse(text) }]));
    const folder = tempFolder(onTestFinished);
    writeFileSync(join(folder, "droplens.json"), JSON.stringify(config));
    const validate = droplens(["validate", "--offline"], { cwd: folder, environment: { NODE_NAME: "node-1" } });
    expect([await validate.ended(), validate.stderr]).toEqual([0, ""]);
  });

  it("show no commands that are not run as they stand there", () => {
    const tests = globSync(["test/guides/*.test.ts", "test/system/guides-*.test.ts"], { cwd: checkout });
    const text = tests.map(read).join("\n");
    const sections = guides.flatMap((guide) => sectionsOf(guide)).filter((section) => scriptOf(section) !== "");
    const headings = sections.map(({ heading }) => heading);
    expect(headings.filter((heading) => !text.includes(`"${heading}"`))).toEqual([]);
    // A further block of a section has to be run as well.
    expect(sections.flatMap(scriptsOf)).toHaveLength(28);
  });

  it("show no YAML that is not tried", () => {
    const others = blocks.filter((block) => !options.includes(block)).map(({ text }) => text);
    const quoted = others.filter((text) => text.startsWith("# "));
    const policies = others.filter((text) => text.includes("kind: GlobalNetworkPolicy"));
    expect(options).toHaveLength(6);
    expect([...quoted, ...policies]).toHaveLength(others.length);
  });

  it("show a Calico policy that is late, and logs what it denies and nothing else", () => {
    const [policy] = blocks.filter(({ text }) => text.includes("GlobalNetworkPolicy")).map(({ text }) => parse(text));
    expect(policy.spec.order).toBeGreaterThan(1000);
    expect(policy.spec.types).toEqual(["Ingress"]);
    expect(policy.spec.ingress).toEqual([{ action: "Log" }, { action: "Deny" }]);
  });

  it("name metrics that there are", () => {
    const reference = read("docs/reference.md");
    const named = guides.flatMap(
      (guide) => read(guide).match(/\bdroplens_[a-z0-9_]*_(?:total|open|length|pods|bytes)\b/g) ?? [],
    );
    expect(named.filter((name) => !reference.includes(`\`${name}`))).toEqual([]);
    expect(named.length).toBeGreaterThan(10);
  });

  it("name reasons for discards that there are", () => {
    const { table } = /^\| `reason` .*\n(?<table>(?:\|.*\n)+)/m.exec(read("docs/troubleshooting.md"))?.groups ?? {};
    const named = [...(table ?? "").matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = ""]) => cell.match(/\w+/g) ?? []);
    const code = globSync(["core/pipeline/*.ts", "plugins/sink-*/*.ts"], { cwd: checkout }).map(read).join("\n");
    expect(named.filter((reason) => !code.includes(`"${reason}"`))).toEqual([]);
    expect(named.length).toBeGreaterThan(5);
  });

  it("link to headings that there are", () => {
    const links = guides.flatMap((guide) =>
      [...read(guide).matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g)].map(([, path = "", anchor]) => ({
        file: join(guide, "..", path === "" ? guide.slice(5) : path),
        anchor,
      })),
    );
    for (const { file, anchor } of links) expect(anchorsOf(file), file).toContain(anchor);
    expect(links.length).toBeGreaterThan(10);
  });
});

describe("docs/migrate.md", () => {
  it("The config file: the copy of the bundle does the same as the variables alone", async () => {
    const folder = checkoutIn(tempFolder(onTestFinished));
    const section = sectionsOf("docs/migrate.md").find(({ heading }) => heading === "The config file");
    const [script] = section?.blocks ?? [];
    const path = [dirname(process.execPath), process.env.PATH].join(delimiter);
    const shell = new Child(["bash", "-c", script?.text ?? ""], { cwd: folder, environment: { PATH: path } });
    await shell.ended();
    expect([shell.stdout, shell.stderr]).toEqual([section === undefined ? "" : promisedBy(section), ""]);
  });
});

/** As GitHub makes them. */
function anchorsOf(document: string): string[] {
  const headings = [...read(document).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}
