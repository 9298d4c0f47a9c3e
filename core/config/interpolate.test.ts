// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how references are written in a config
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ConfigNode, toValue } from "./config-node.ts";
import { interpolate, maxReferencedFileBytes } from "./interpolate.ts";
import { parseYaml } from "./parse-yaml.ts";
import { formatProblem } from "./problem.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "droplens-references-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function replace(text: string, environment: Record<string, string> = {}) {
  const { root, problems } = parseYaml(text, "c.yaml");
  expect(problems).toEqual([]);
  if (root?.kind !== "mapping") throw new Error("no mapping");
  const result = interpolate({ origin: "c.yaml", folder, root }, environment);
  return {
    value: toValue(result.document.root),
    root: result.document.root as ConfigNode,
    problems: result.problems.map(formatProblem),
  };
}

describe("references", () => {
  const environment = { PORT: "8080", YES: "true", NAME: "web", EMPTY: "", BRACES: "${env:NAME}", LINES: "a: 1\nb: 2" };

  it.each([
    ["a plain reference has the type of what it brings", "v: ${env:PORT}", 8080],
    ["a quoted one stays text", 'v: "${env:PORT}"', "8080"],
    ["a single-quoted one is replaced too", "v: '${env:PORT}'", "8080"],
    ["true is a boolean", "v: ${env:YES}", true],
    ["a default has a type too", "v: ${env:GONE:-1.5}", 1.5],
    ["text around it makes text", "v: ${env:PORT}m", "8080m"],
    ["several in one value", "v: ${env:NAME}-${env:PORT}", "web-8080"],
    ["a variable wins over its default", "v: ${env:NAME:-x}", "web"],
    ["an empty variable takes the default", "v: ${env:EMPTY:-x}", "x"],
    ["an empty variable without default is empty text", "v: ${env:EMPTY}", ""],
    ["a default may hold a colon and a dash", 'v: "${env:GONE:-http://h:1/-x}"', "http://h:1/-x"],
    ["$$ is a plain $", "v: cost $$5 $${env:NAME}", "cost $5 ${env:NAME}"],
    ["a lone $ stays", "v: a$b $", "a$b $"],
    ["what comes in is never read again", "v: ${env:BRACES}", "${env:NAME}"],
    ["what comes in is never read as YAML", "v: ${env:LINES}", "a: 1\nb: 2"],
    ["within lists", "v: [a, '${env:NAME}']", ["a", "web"]],
    ["an empty default alone leaves the item out", "v: ['${env:GONE:-}', b]", ["b"]],
  ])("%s", (_, text, value) => {
    expect(replace(text, environment)).toMatchObject({ value: { v: value }, problems: [] });
  });

  it("an empty default alone leaves the key out", () => {
    expect(replace('a: 1\nb: "${env:GONE:-}"\nc: x${env:GONE:-}').value).toEqual({ a: 1, c: "x" });
  });

  it("are not replaced in keys", () => {
    expect(replace('"${env:NAME}": 1', environment).value).toEqual({ "${env:NAME}": 1 });
  });

  it("are remembered with the value that they made", () => {
    const { root } = replace("v: ${env:NAME}${env:GONE:-}", environment);
    const node = root.kind === "mapping" ? root.entries.get("v")?.node : undefined;
    expect(node).toMatchObject({
      position: { line: 1, column: 4 },
      references: [
        { kind: "environment", name: "NAME" },
        { kind: "default", name: "GONE" },
      ],
    });
  });

  it.each([
    [
      "an unset variable",
      "v: ${env:GONE}",
      "c.yaml:1:4 v: environment variable GONE is not set: set it, or write ${env:GONE:-default}",
    ],
    [
      "an unknown kind",
      "v: ${vault:x}",
      'c.yaml:1:4 v: cannot read "${vault:x}": write ${env:NAME}, ${env:NAME:-default} or ${file:/path}, and $$ for $',
    ],
    [
      "one that is not closed",
      "v: ${env:NAME",
      'c.yaml:1:4 v: cannot read "${env:NAME": write ${env:NAME}, ${env:NAME:-default} or ${file:/path}, and $$ for $',
    ],
    [
      "a shell's form",
      "v: ${NAME}",
      'c.yaml:1:4 v: cannot read "${NAME}": write ${env:NAME}, ${env:NAME:-default} or ${file:/path}, and $$ for $',
    ],
  ])("report a problem with its place: %s", (_, text, problem) => {
    expect(replace(text, environment).problems).toEqual([problem]);
  });

  it("report every problem at once", () => {
    expect(replace("a: ${env:A}\nb: [x, '${env:B}']\n").problems).toHaveLength(2);
  });
});

describe("references to files", () => {
  it("bring the content without its last newline, as text in quotes and from the config's folder", () => {
    writeFileSync(join(folder, "token"), "s3cret\n\n");
    writeFileSync(join(folder, "number"), "17\r\n");
    const { value } = replace(`a: \${file:${folder}/token}\nb: "\${file:number}"\nc: \${file:./number}\n`);
    expect(value).toEqual({ a: "s3cret\n", b: "17", c: 17 });
  });

  it("make the value secret", () => {
    writeFileSync(join(folder, "token"), "s3cret");
    const { root } = replace(`url: "http://\${file:token}@host"`);
    expect(root.kind === "mapping" && root.entries.get("url")?.node).toMatchObject({ secret: true });
  });

  it.each([
    ["missing", "${file:gone}", "ENOENT"],
    ["a folder", "${file:.}", "it is no regular file"],
    ["too large", "${file:big}", "it is larger than 65536 bytes"],
    ["no text", "${file:binary}", "not valid for encoding utf-8"],
  ])("report a file that is %s, with the value's place", (_, reference, reason) => {
    writeFileSync(join(folder, "big"), "x".repeat(maxReferencedFileBytes + 1));
    writeFileSync(join(folder, "binary"), Buffer.from([0xff, 0xfe, 0x00, 0x80]));
    const { problems } = replace(`a: 1\nsecret: "${reference}"`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^c.yaml:2:9 secret: cannot read \//);
    expect(problems[0]).toContain(reason);
  });
});

describe("secrets", () => {
  it.each(["WEBHOOK_TOKEN", "DB_PASSWORD", "SOME_API_KEY"])("are told by their variable: %s", (name) => {
    const { root } = replace(`url: http://h/\${env:${name}}`, { [name]: "x" });
    expect(root.kind === "mapping" && root.entries.get("url")?.node).toMatchObject({ secret: true });
  });

  it.each(["password", "apiKey", "token", "bearerToken", "Authorization", "clientSecret", "passphrase"])(
    "are told by their key: %s",
    (key) => {
      const { root } = replace(`${key}: x`);
      expect(root.kind === "mapping" && root.entries.get(key)?.node).toMatchObject({ secret: true });
    },
  );

  it.each(["tokenFile", "path", "key", "secretName"])("are not what only names a place: %s", (key) => {
    const { root } = replace(`${key}: x`);
    expect(root.kind === "mapping" && root.entries.get(key)?.node).toMatchObject({ secret: false });
  });
});
