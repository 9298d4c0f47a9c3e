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
import { matched, startReader } from "./log-reader.ts";
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

  it("balance the books of the program's own page, for each of its sinks", async () => {
    const log = join(folder, "kern.log");
    const hourAgo = new Date(Date.now() - 3_600_000);
    await writeFile(log, [logLine(new Date(), 80), logLine(new Date(), 81), logLine(hourAgo, 82)].join(""));
    const program = await startReader({ folder, source: { use: "source-file", path: log }, prefix: "rules-drop:" });
    try {
      await matched(program, 3);
      const { text } = await program.metrics();
      expect(text).toMatch(/^droplens_packets_discarded_total\{.*sink="".*\} 1$/m);
      const { groups } = parse(await readFile(rulesFile, "utf8"));
      const { expr } = groups
        .flatMap(({ rules }: { rules: object[] }) => rules)
        .find(({ alert }: { alert: string }) => alert === "DroplensBooksDoNotAddUp");
      const sinks = ["sink-prometheus", "sink-jsonl"];
      const file = join(folder, "books.test.json");
      const balance = { expr: expr.replace(/> 0\s*$/, ""), eval_time: "5m" };
      const samples = sinks.map((sink) => ({ labels: `{pipeline="drops", sink="${sink}"}`, value: 0 }));
      const promql_expr_test = [{ ...balance, exp_samples: samples }];
      const test = { interval: "1m", input_series: constantSeries(text), promql_expr_test };
      await writeFile(file, JSON.stringify({ rule_files: [], tests: [test] }));
      expect(await promtool("test", "rules", file)).toContain("SUCCESS");
    } finally {
      await program.stop();
    }
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

/** A page of /metrics as promtool takes series: each with its value, for ten minutes. */
function constantSeries(page: string): { series: string; values: string }[] {
  const lines = page.split("\n").filter((line) => /^droplens_(lines|packets)_/.test(line));
  return lines.map((line) => {
    const end = line.lastIndexOf(" ");
    return { series: line.slice(0, end), values: `${line.slice(end + 1)}x10` };
  });
}

function logLine(time: Date, port: number): string {
  const packet = `SRC=10.0.0.7 DST=10.0.0.9 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1 DF PROTO=TCP SPT=41000 DPT=${port}`;
  return `${time.toISOString()} node kernel: [ 2528.800858] rules-drop: IN=cali1 OUT=cali2 ${packet} WINDOW=64240 RES=0x00 SYN URGP=0 \n`;
}

/** As Grafana would send it. */
function withoutVariables(expr: string): string {
  return expr.replaceAll(/\$__(rate_interval|range)\b/g, "5m").replaceAll(/\$(source|destination)\b/g, ".*");
}
