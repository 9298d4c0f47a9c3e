/**
 * Mistakes as a new user makes them. Each answer says what is wrong, where, and what to do; a mistake in the config is
 * told before anything starts (exit code 2), one that shows later never ends what still works.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkout, droplens } from "./support/child.ts";
import { imbalance, NodeStage, told } from "./support/node-stage.ts";

const mistakes = `version: 1
pipelines:
  drops:
    source: { use: source-file, pth: /var/log/kern.log }
    parser: { use: parser-iptabels, prefix: "x:" }
    repeatIntervall: 2m
    sinks:
      - use: sink-prometheus
        queue: { capacity: lots }
`;

describe.concurrent("bad input", { timeout: 60_000 }, () => {
  it.for(["run", "validate", "print-config"])(
    "%s tells all mistakes in a config at once, each with its place and what was meant",
    async (command, { onTestFinished }) => {
      const stage = new NodeStage(onTestFinished);
      writeFileSync(join(stage.folder, "droplens.yaml"), mistakes);
      const child = droplens([command], { cwd: stage.folder });
      expect(await child.ended()).toBe(2);
      expect(child.stdout).toBe("");
      expect(child.stderr.trimEnd().split("\n")).toEqual([
        'droplens.yaml:4:13 pipelines.drops.source: missing required key "path"',
        'droplens.yaml:4:33 pipelines.drops.source: unknown key "pth" (did you mean "path"?)',
        expect.stringMatching(/^droplens\.yaml:5:20 pipelines\.drops\.parser\.use: .*did you mean "parser-iptables"\?/),
        'droplens.yaml:6:5 pipelines.drops: unknown key "repeatIntervall" (did you mean "repeatInterval"?)',
        'droplens.yaml:9:28 pipelines.drops.sinks[0].queue.capacity: expected a number, got "lots"',
      ]);
    },
  );

  it("a log path that is a directory: run fails, and both it and validate say what to name instead", async ({
    onTestFinished,
  }) => {
    const stage = new NodeStage(onTestFinished);
    const kubernetes = await stage.startKubernetes();
    mkdirSync(stage.log);
    writeFileSync(join(stage.log, "messages"), "");
    stage.copyBundle();
    const says = `${stage.log} is a directory (it holds messages): name the log file in it, or a glob such as ${stage.log}/*.log`;
    const { child } = stage.run(stage.environment(kubernetes.url));
    expect(await child.ended()).toBe(1);
    const [failure] = child.logged("error");
    expect(failure?.error).toContain("cannot start source-file (droplens.yaml:");
    expect(failure?.error).toContain(says);
    const validate = droplens(["validate"], { cwd: stage.folder, environment: stage.environment(kubernetes.url) });
    expect(await validate.ended()).toBe(1);
    expect(validate.stdout).toContain(says);
  });

  const userId = otherUser();
  it.skipIf(typeof userId === "string")(
    `a log that may not be read: run fails, and says who may read it and who it runs as${typeof userId === "string" ? ` (skipped: ${userId})` : ""}`,
    async ({ onTestFinished }) => {
      const stage = new NodeStage(onTestFinished);
      const kubernetes = await stage.startKubernetes();
      stage.drop(80);
      chmodSync(stage.log, 0o000);
      stage.copyBundle();
      const program = stage.run(stage.environment(kubernetes.url), typeof userId === "number" ? { userId } : {});
      expect(await program.child.ended()).toBe(1);
      expect(program.child.logged("error")[0]?.error).toMatch(
        /cannot read .*kern\.log \(EACCES\): it has mode 00, .* Droplens runs as user \d+.*; let a group read it/,
      );
    },
  );

  it("a log that is missing: validate says so, run waits and is not ready", async ({ onTestFinished }) => {
    const stage = new NodeStage(onTestFinished);
    const kubernetes = await stage.startKubernetes();
    stage.copyBundle();
    const says = `${stage.log} does not exist: reading begins when it appears; check the path`;
    const validate = droplens(["validate"], { cwd: stage.folder, environment: stage.environment(kubernetes.url) });
    expect(await validate.ended()).toBe(1);
    expect(validate.stdout).toContain(says);
    const program = stage.run(stage.environment(kubernetes.url));
    // The first look at the folder may come a moment after the start.
    const { text } = await program.child.until("not ready", async () => {
      const page = await program.get("/readyz");
      return page.status === 503 ? page : undefined;
    });
    expect(text).toContain(says);
  });

  it("a port in use: run fails at once and names the setting", async ({ onTestFinished }) => {
    const stage = new NodeStage(onTestFinished);
    const kubernetes = await stage.startKubernetes();
    const other = createServer();
    onTestFinished(() => void other.close());
    await new Promise<void>((resolve) => other.listen(0, resolve));
    const port = (other.address() as AddressInfo).port;
    stage.copyBundle();
    const environment = { ...stage.environment(kubernetes.url), METRICS_SERVER_PORT: String(port) };
    const { child } = stage.run(environment);
    expect(await child.ended()).toBe(1);
    expect(child.logged("error")[0]?.error).toContain(
      `cannot serve metrics on port ${port} (EADDRINUSE): another program has this port: set operations.port (METRICS_SERVER_PORT)`,
    );
  });

  it("no kubeconfig: nothing talks to localhost silently, and every way to name a server is told", async ({
    onTestFinished,
  }) => {
    const stage = new NodeStage(onTestFinished);
    stage.copyBundle();
    const { KUBE_API_SERVER: _, ...environment } = stage.environment("");
    for (const command of ["run", "validate"]) {
      const child = droplens([command], { cwd: stage.folder, environment });
      expect(await child.ended()).toBe(1);
      expect(child.stdout).toMatch(
        /no Kubernetes API server to talk to .*service account.*; the kubeconfig .*\/\.kube\/config: not there.*KUBECONFIG.*KUBE_API_SERVER/,
      );
    }
  });

  it("an address without its scheme: it is a mistake in the config, with the way to write it", async ({
    onTestFinished,
  }) => {
    const stage = new NodeStage(onTestFinished);
    stage.copyBundle();
    const child = droplens(["run"], { cwd: stage.folder, environment: stage.environment("10.0.0.1:6443") });
    expect(await child.ended()).toBe(2);
    expect(child.stderr).toMatch(
      /resolvers\[0\]\.server: no address of an API server: write it like https:\/\/10\.0\.0\.1:6443 \(got "10\.0\.0\.1:6443"\); it came from env KUBE_API_SERVER/,
    );
  });

  it("a token without rights: the rule to add is named, and drops still count in the metrics", async ({
    onTestFinished,
  }) => {
    const stage = new NodeStage(onTestFinished);
    const kubernetes = await stage.startKubernetes();
    kubernetes.setRights(({ resource }) => resource !== "events");
    stage.copyBundle();
    stage.drop(80);
    const program = stage.run(stage.environment(kubernetes.url));
    const rule = '{apiGroups: [""], resources: ["events"], verbs: ["create", "patch"]}';
    const samples = await program.measures(
      "counted",
      (now) => now.sum("packet_drops_count", { src: "shop", dst: "data" }) === 1,
    );
    await program.child.until("one error", async () => program.child.logged("error").length > 0);
    expect(program.child.logged("error").map(({ msg }) => msg)).toEqual([expect.stringContaining(rule)]);
    expect((await program.get("/readyz")).text).toContain(rule);
    expect(imbalance(samples)).toEqual({ "sink-k8s-events": 0, "sink-prometheus": 0 });
    expect(told(kubernetes)).toEqual([]);

    const validate = droplens(["validate"], { cwd: stage.folder, environment: stage.environment(kubernetes.url) });
    expect(await validate.ended()).toBe(1);
    expect(validate.stdout).toContain(rule);
    expect(validate.stdout).toMatch(/^ok .*resolver-k8s/m);
    kubernetes.setRights(() => false);
    const refused = droplens(["validate"], { cwd: stage.folder, environment: stage.environment(kubernetes.url) });
    expect(await refused.ended()).toBe(1);
    expect(refused.stdout).toMatch(/PROBLEM pipelines\.drops\.resolvers\[0\] resolver-k8s: .*pods.*(rule|ClusterRole)/);
  });

  it("a time layout that is none of Go's is a mistake in the config", async ({ onTestFinished }) => {
    const stage = new NodeStage(onTestFinished);
    stage.copyBundle();
    const environment = { ...stage.environment("http://127.0.0.1:1"), PACKET_DROP_LOG_TIME_LAYOUT: "%Y-%m-%d" };
    const child = droplens(["run"], { cwd: stage.folder, environment });
    expect(await child.ended()).toBe(2);
    expect(child.stderr).toMatch(
      /^droplens\.yaml:\d+:\d+ pipelines\.drops\.parser\.timeLayout: no usable Go time layout: .*15:04:05.*; it came from env PACKET_DROP_LOG_TIME_LAYOUT\n$/,
    );
  });

  it("a time layout that does not fit the lines: they are counted, and one log line shows one and names the layout", async ({
    onTestFinished,
  }) => {
    const stage = new NodeStage(onTestFinished);
    const kubernetes = await stage.startKubernetes();
    stage.copyBundle();
    stage.drop(80, 100);
    const environment = { ...stage.environment(kubernetes.url), PACKET_DROP_LOG_TIME_LAYOUT: "02.01.2006 15:04:05" };
    const program = stage.run(environment);
    const samples = await program.measures("lines counted", (now) => now.sum("droplens_lines_malformed_total") === 100);
    expect(samples.sum("droplens_lines_matched_total")).toBe(0);
    expect(program.child.logged("warn").length).toBeLessThanOrEqual(1);
    expect(program.child.logged("error").map(({ msg }) => msg)).toEqual([
      expect.stringMatching(
        /^cannot read the time of lines like "20.* kernel: .*the layout "02\.01\.2006 15:04:05" does not fit: mend "timeLayout" \(PACKET_DROP_LOG_TIME_LAYOUT\)/,
      ),
    ]);
  });
});

/** Whom file modes hold back: a user id to start the program as, undefined for the present user, or why there is none. */
function otherUser(): number | string | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const nobody = 65534;
  const words = [join(checkout, "core/main.ts"), "--version"];
  const { status } = spawnSync(process.execPath, words, { cwd: "/", uid: nobody, gid: nobody });
  return status === 0 ? nobody : "root may read everything, and others may not read this checkout";
}
