/**
 * The chart's alerts and dashboard as Prometheus takes them: promtool, whose program PROMTOOL names, checks the rules,
 * plays their unit tests and parses every panel's query; and what the chart renders is what was checked.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { rows } from "../../deploy/helm/dashboard.ts";
import { run } from "./command.ts";
import { chart, only, rendered, toolNamed } from "./helm.ts";
import { systemTest } from "./system-test.ts";

const rulesFile = `${chart}/files/rules.yaml`;
const testsFile = "deploy/helm/rules.test.yaml";

systemTest("the chart's rules and dashboard", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "droplens-rules-"));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  const promtool = async (...words: string[]) => (await run([toolNamed("PROMTOOL"), ...words])).stdout;

  it("are right", async () => {
    expect(await promtool("check", "rules", "--lint=all", "--lint-fatal", rulesFile)).toMatch(
      /SUCCESS: \d+ rules found/,
    );
  });

  it("do what their unit tests say", async () => {
    expect(await promtool("test", "rules", testsFile)).toContain("SUCCESS");
  });

  it("are each in a unit test", async () => {
    const tests = await readFile(testsFile, "utf8");
    const alerts = [...(await readFile(rulesFile, "utf8")).matchAll(/- alert: (\w+)/g)].map(([, name = ""]) => name);
    expect(alerts.length).toBeGreaterThan(10);
    expect(alerts.filter((name) => !tests.includes(name))).toEqual([]);
  });

  it("are in the PrometheusRule as they are in the file, but for those that are disabled", async () => {
    const { groups } = parse(await readFile(rulesFile, "utf8"));
    const all = ["--set", "prometheusRule.enabled=true"];
    expect(only("PrometheusRule", await rendered(all)).spec).toEqual({ groups });
    const some = await rendered([...all, "--set", "prometheusRule.disabled={DroplensSinkStuck,DroplensDropsRising}"]);
    const names = JSON.stringify(only("PrometheusRule", some).spec).match(/(?<="alert":")\w+/g) ?? [];
    expect(names).not.toContain("DroplensSinkStuck");
    expect(names).toHaveLength((JSON.stringify(groups).match(/"alert":/g) ?? []).length - 2);
  });

  it("have queries that Prometheus can parse, in every panel", async () => {
    const queries = rows.flat().flatMap((panel) => panel.queries.map(({ expr }) => expr));
    const rules = queries.map((expr, i) => ({ record: `panel:query:${i}`, expr: withoutVariables(expr) }));
    const file = join(folder, "queries.json");
    await writeFile(file, JSON.stringify({ groups: [{ name: "panels", rules }] }));
    expect(await promtool("check", "rules", "--lint=none", file)).toContain(`SUCCESS: ${queries.length} rules found`);
  });

  it("are in the ConfigMap as they are in the file", async () => {
    const objects = await rendered(["--set", "dashboard.enabled=true"]);
    const map = objects.find(({ metadata }) => metadata.name === "droplens-dashboard");
    expect(map?.metadata.labels).toMatchObject({ grafana_dashboard: "1" });
    const data = map?.data as Readonly<Record<string, string>>;
    expect(JSON.parse(data["droplens.json"] ?? "")).toEqual(
      JSON.parse(await readFile(`${chart}/files/dashboard.json`, "utf8")),
    );
  });
});

/** As Grafana would send it. */
function withoutVariables(expr: string): string {
  return expr.replaceAll(/\$__(rate_interval|range)\b/g, "5m").replaceAll(/\$(source|destination)\b/g, ".*");
}
