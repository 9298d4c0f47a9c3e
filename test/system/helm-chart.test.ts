/**
 * The chart without helm: its schema and dashboard are what `npm run generate` makes, its values and their schema are the
 * same keys, and its rules and panels ask for metrics that there are. helm.test.ts has what needs the real helm.
 */
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { plugins } from "../../config/plugins.ts";
import { jsonSchemaText } from "../../core/cli/schema.ts";
import { dashboardText, rows } from "../../deploy/helm/dashboard.ts";
import { valuesSchemaText } from "../../deploy/helm/values-schema.ts";
import { chart } from "./helm.ts";

const read = (name: string): string => readFileSync(`${chart}/${name}`, "utf8");
const values = parse(read("values.yaml"));
const schema = JSON.parse(read("values.schema.json"));

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

const rules: readonly Rule[] = parse(read("files/rules.yaml")).groups.flatMap(({ rules }: { rules: Rule[] }) => rules);

describe("the chart's schema", () => {
  it("is up to date (else: npm run generate)", async () => {
    expect(read("values.schema.json")).toBe(valuesSchemaText(await jsonSchemaText(plugins)));
  });

  it("is named in the first line of values.yaml, for editors", () => {
    expect(read("values.yaml")).toMatch(/^# yaml-language-server: \$schema=values\.schema\.json\n/);
  });

  it("asks nobody for another one", () => {
    const links = [...read("values.schema.json").matchAll(/"\$ref": "([^"]*)"/g)].map(([, link = ""]) => link);
    expect(links.length).toBeGreaterThan(20);
    const isOwn = (link: string) => link.slice("#/definitions/".length) in schema.definitions;
    expect(links.filter((link) => !link.startsWith("#/definitions/") || !isOwn(link))).toEqual([]);
  });

  it("has the keys that values.yaml has, and no others", () => {
    const own = (properties: Record<string, { properties?: Record<string, never> }>, path = ""): string[] =>
      Object.entries(properties)
        .filter(([key]) => key !== "config" && key !== "global")
        .flatMap(([key, part]) => [`${path}${key}`, ...own(part.properties ?? {}, `${path}${key}.`)]);
    const has = (path: string) => path.split(".").reduce((part, key) => part?.[key], values) !== undefined;
    // What belongs to the pod is the API server's to know.
    const free = /^(affinity|resources|updateStrategy)\./;
    expect(own(schema.properties).filter((path) => !free.test(path) && !has(path))).toEqual([]);
  });

  it.each([
    ["the values as they are", {}, []],
    ["a key that is none", { sorce: "kmsg" }, ["sorce"]],
    ["a value that is none", { source: "jurnald" }, ["/source"]],
    ["a key of the config that is none", { config: { ...values.config, logs: {} } }, ["logs"]],
    ["a pipeline without sinks", { config: { version: 1, pipelines: { drops: {} } } }, ["sinks"]],
  ])("says what is wrong with %s", (_name, changed, wrong) => {
    const check = new Ajv({ strict: false, logger: false }).compile(schema);
    check({ ...values, ...changed });
    const told = JSON.stringify(check.errors ?? []);
    expect(told === "[]").toBe(wrong.length === 0);
    for (const word of wrong) expect(told).toContain(word);
  });
});

describe("the chart", () => {
  it("has the program's version", () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    expect(parse(read("Chart.yaml"))).toMatchObject({ version, appVersion: version });
  });
});

describe("the dashboard", () => {
  it("is up to date (else: npm run generate)", () => {
    expect(read("files/dashboard.json")).toBe(dashboardText());
  });

  it("fills Grafana's grid, panel by panel", () => {
    const { panels } = JSON.parse(read("files/dashboard.json"));
    const ids = panels.map(({ id }: { id: number }) => id);
    expect(new Set(ids).size).toBe(rows.flat().length);
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });
});

describe("metrics and labels", () => {
  const reference = readFileSync("docs/reference.md", "utf8");
  /** As the table has them, `name{label,label}`. A histogram's buckets are a metric of their own. */
  const known = new Map(
    [...reference.matchAll(/^\| `([a-z_]+)(?:\{([a-z_,]*)\})?` \| (counter|gauge|histogram) \|/gm)].map(
      ([, name = "", labels = "", type]) => [type === "histogram" ? `${name}_bucket` : name, labels.split(",")],
    ),
  );
  const metricsIn = (text: string) => text.match(/\b(?:droplens|packet|process)_[a-z_]+/g) ?? [];

  const queries = rows.flatMap((row) =>
    row.flatMap(({ title, queries }) => queries.map(({ expr }, i): [string, string] => [`${title} ${i}`, expr])),
  );
  const asked = [...rules.map(({ alert, expr }): [string, string] => [alert, expr]), ...queries];

  it.each(asked)("that are asked for are there: %s", (_name, expr) => {
    const names = metricsIn(expr);
    expect(names).not.toEqual([]);
    expect(names.filter((name) => !known.has(name))).toEqual([]);
    // What Prometheus adds by itself.
    const labels = new Set(["", "pod", "instance", "le", ...names.flatMap((name) => known.get(name) ?? [])]);
    const groups = [...expr.matchAll(/(?:by|without|on|ignoring|group_left) \(([a-z_, ]*)\)/g)];
    const selectors = [...expr.matchAll(/([a-z_]+)(?:!?=~?)"/g)];
    const used = [...groups.flatMap(([, list = ""]) => list.split(", ")), ...selectors.map(([, label = ""]) => label)];
    expect(used.filter((label) => !labels.has(label))).toEqual([]);
  });

  it.each(rules)("that an alert's text names are among its own: $alert", ({ expr, annotations }) => {
    const labels = new Set(["pod", ...metricsIn(expr).flatMap((name) => known.get(name) ?? [])]);
    const named = [
      ...Object.values(annotations)
        .join()
        .matchAll(/\$labels\.([a-z_]+)/g),
    ].map(([, label = ""]) => label);
    expect(named.filter((label) => !labels.has(label))).toEqual([]);
    expect(Object.keys(annotations).toSorted()).toEqual(["description", "summary"]);
  });
});
