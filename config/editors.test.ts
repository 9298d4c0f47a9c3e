/**
 * Editors complete and check the examples: each names its schema in its first line, that schema is there, and a validator
 * that is not ours finds the example right and a wrong one wrong.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { isObject } from "../core/config/json-schema.ts";

const checkout = join(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(checkout, path), "utf8");

interface Example {
  readonly name: string;
  /** Where the schema's path begins. */
  readonly folder: string;
  readonly text: string;
}

/** The file itself, or what a ConfigMap in it holds; other manifests are Kubernetes' to check. */
function examplesIn(file: string): Example[] {
  const text = read(file);
  const folder = dirname(file);
  const documents = parseAllDocuments(text).map((document): unknown => document.toJS());
  const manifests = documents.filter(isObject).filter((document) => "apiVersion" in document);
  // What docs/ changes of a DaemonSet: a patch for kubectl.
  if (/^spec:/m.test(text)) return [];
  if (manifests.length === 0) return [{ name: file, folder, text }];
  return manifests.flatMap(({ kind, data }) => {
    const held = kind === "ConfigMap" && isObject(data) ? Object.entries(data) : [];
    const configs = held.filter(([key]) => key.endsWith(".yaml"));
    return configs.map(([key, value]) => ({ name: `${file}: ${key}`, folder, text: String(value) }));
  });
}

const files = globSync("{config,deploy/manifests,docs,test/examples}/**/*.{yaml,yml}", { cwd: checkout });
const examples = files
  .filter((file) => !file.includes("node_modules"))
  .toSorted()
  .flatMap(examplesIn);

const configSchema = "config/droplens.schema.json";
const schemaLine = /^# yaml-language-server: \$schema=(\S+)\n/;
/** In a package of its own, which lies elsewhere when it is used, no path leads to our schema. */
const isElsewhere = ({ folder }: Example): boolean => existsSync(join(checkout, folder, "package.json"));

function schemaOf(example: Example): string {
  const written = schemaLine.exec(example.text)?.[1];
  return written === undefined && isElsewhere(example) ? configSchema : join(example.folder, written ?? "nowhere.json");
}

/** As strict about the schema as ajv can be: a keyword that it does not know would check nothing. */
const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
ajv.addFormat("uri", (text) => URL.canParse(text));
ajv.addFormat("date-time", (text) => !Number.isNaN(Date.parse(text)));
const validators = new Map<string, ValidateFunction>();

function validator(schema: string): ValidateFunction {
  const known = validators.get(schema) ?? ajv.compile(JSON.parse(read(schema)));
  validators.set(schema, known);
  return known;
}

const errorsOf = (schema: string, value: unknown): unknown => {
  const validate = validator(schema);
  return validate(value) ? [] : validate.errors?.map(({ instancePath, message }) => `${instancePath} ${message}`);
};

describe("the examples", () => {
  it("are found: the bundle, an example, tests of it, a manifest's, those of the documents", () => {
    expect(examples.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "config/droplens.example.yaml",
        "config/droplens.example.test.yaml",
        "config/kube-iptables-tailer.yaml",
        "deploy/manifests/config.yaml: droplens.yaml",
        "test/examples/droplens.yaml",
      ]),
    );
  });

  it.each(examples)("$name names its schema in its first line, and is right by it", (example) => {
    if (!isElsewhere(example)) expect(example.text).toMatch(schemaLine);
    const schema = schemaOf(example);
    expect([schema, existsSync(join(checkout, schema))]).toEqual([schema, true]);
    expect(errorsOf(schema, parse(example.text))).toEqual([]);
  });

  it.each(examples)("$name with an unknown key is wrong", (example) => {
    expect(errorsOf(schemaOf(example), { ...parse(example.text), pipelins: {} })).not.toEqual([]);
  });
});

describe("configs in documents", () => {
  const documents = ["README.md", ...globSync("{deploy,docs,plugins,config,core}/**/*.md", { cwd: checkout })];
  const blocks = documents
    .filter((file) => !file.includes("node_modules"))
    .flatMap((file) => [...read(file).matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => ({ file, text })))
    .filter(({ text }) => /^version: 1$/m.test(text));

  it.each(blocks)("$file: a config is right", ({ text }) => {
    expect(errorsOf(configSchema, parse(text))).toEqual([]);
  });

  it("are there", () => {
    expect(blocks.length).toBeGreaterThan(0);
  });
});

describe("the config's schema finds", () => {
  const example = read("config/droplens.example.yaml");

  it.each([
    { name: "an unknown option of a plugin", from: "path: /var", to: "pth: /var" },
    { name: "an option of another plugin", from: 'prefix: "calico-drop:"', to: "pollInterval: 5s" },
    { name: "a plugin in the wrong role", from: "use: source-file", to: "use: sink-prometheus" },
    { name: "a built-in plugin that is not there", from: "use: resolver-dns", to: "use: resolver-dsn" },
    { name: "a duration without a unit", from: "maxAge: 10m", to: "maxAge: 10" },
    { name: "a number in words", from: "port: 9090", to: "port: many" },
    { name: "a wrong version", from: "version: 1", to: "version: 2" },
    { name: "an unknown key of a queue", from: "capacity: 10000", to: "capcity: 10000" },
  ])("$name", ({ from, to }) => {
    expect(example).toContain(from);
    expect(errorsOf(configSchema, parse(example.replace(from, to)))).not.toEqual([]);
  });

  it("nothing wrong with references where numbers and words stand", () => {
    const text = example.replace("port: 9090", 'port: "${' + 'env:PORT:-9090}"');
    expect(errorsOf(configSchema, parse(text))).toEqual([]);
  });
});

describe("the tests' schema finds", () => {
  const example = read("config/droplens.example.test.yaml");

  it.each([
    { name: "an unknown key of a report", from: "destinationPort: 5432", to: "destinationPrt: 5432" },
    { name: "an unknown kind of end", from: "kind: pod, namespace: payments", to: "kind: pood, namespace: payments" },
    { name: "a count that is none", from: "count: 2", to: "count: two" },
    { name: "a test without a name", from: "- name: another prefix", to: "- nme: another prefix" },
  ])("$name", ({ from, to }) => {
    expect(example).toContain(from);
    expect(errorsOf("config/droplens.test.schema.json", parse(example.replace(from, to)))).not.toEqual([]);
  });
});
