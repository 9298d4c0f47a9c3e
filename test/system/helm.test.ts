/**
 * The chart as the real helm and a real API server take it: rendered, refused for a typo, installed, upgraded and taken
 * away; and the same as deploy/manifests where both say something. HELM names helm's program.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { apply, createNamespace, deleteNamespaces, kubectl } from "./cluster.ts";
import { run } from "./command.ts";
import { chart, configText, helm, type KubernetesObject, objectsIn, only, rendered, variants } from "./helm.ts";
import { type Manifest, manifestFolder } from "./manifest.ts";
import { enabled, kubeconfigPath, runId, systemTest } from "./system-test.ts";

const names = Object.keys(variants);
const optionsOf = (name: string): readonly string[] => variants[name] ?? [];

systemTest("the chart", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "droplens-helm-"));
    // prometheus-operator v0.86.1 (Apache-2.0), example/prometheus-operator-crd: two of them, without the descriptions.
    await kubectl(["apply", "--server-side", "-f", "test/system/testdata/prometheus-operator-crds.json"]);
    const established = ["wait", "--for=condition=Established", "--timeout=20s", "crd"];
    await kubectl([...established, "podmonitors.monitoring.coreos.com", "prometheusrules.monitoring.coreos.com"]);
  }, 60_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(names)("passes helm's own check: %s", async (name) => {
    const { stdout } = await helm(["lint", "--strict", chart, ...optionsOf(name)]);
    expect(stdout).toContain("0 chart(s) failed");
  });

  it.each(names)("renders a config that the program takes: %s", async (name) => {
    const text = configText(await rendered(optionsOf(name)));
    const path = join(folder, `${name}.yaml`);
    await writeFile(path, text);
    const words = [process.execPath, "core/main.ts", "validate", "--offline", "--config", path];
    const { stderr } = await run(words, { environment: { PATH: process.env.PATH, NODE_NAME: "node-1" } });
    expect(stderr).toBe("");
  });

  it("takes the values that the README shows", async () => {
    const [, shown = ""] = /^```yaml\n(image:[\s\S]*?)^```$/m.exec(await readFile("deploy/README.md", "utf8")) ?? [];
    const path = join(folder, "my-values.yaml");
    await writeFile(path, shown);
    const kinds = (await rendered(["--values", path])).map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(["DaemonSet", "PodMonitor", "PrometheusRule"]));
  });

  describe("with its own values is what deploy/manifests are", () => {
    let objects: KubernetesObject[];

    beforeAll(async () => {
      objects = await rendered([]);
    });

    const manifest = async (file: string, kind: string) =>
      only(kind, objectsIn(await readFile(join(manifestFolder, `${file}.yaml`), "utf8")));

    it("but for its labels, in the DaemonSet", async () => {
      const [ours, theirs] = [only("DaemonSet", objects), await manifest("daemonset", "DaemonSet")];
      const withoutLabels = ({ spec }: KubernetesObject) =>
        JSON.parse(JSON.stringify(spec), (key, value) => (/^(selector|labels)$/.test(key) ? undefined : value));
      expect(withoutLabels(ours)).toEqual(withoutLabels(theirs));
    });

    it("in the config", async () => {
      expect(parse(configText(objects))).toEqual(parse(configText([await manifest("config", "ConfigMap")])));
    });

    it("in the rights", async () => {
      const theirs = await manifest("rbac", "ClusterRole");
      expect(only("ClusterRole", objects).rules).toEqual(theirs.rules);
      const binding = await manifest("rbac", "ClusterRoleBinding");
      expect(only("ClusterRoleBinding", objects)).toMatchObject({
        roleRef: binding.roleRef,
        subjects: binding.subjects,
      });
    });
  });

  it("puts every value where it belongs", async () => {
    const objects = await rendered(optionsOf("everything"));
    const daemonSet = only("DaemonSet", objects);
    expect(daemonSet.metadata.name).toBe("droplens-drops");
    expect(daemonSet.spec).toMatchObject({
      updateStrategy: { type: "OnDelete" },
      template: {
        metadata: { labels: { team: "network" }, annotations: { "example.com/log": "json" } },
        spec: {
          serviceAccountName: "drop-reader",
          imagePullSecrets: [{ name: "registry" }],
          priorityClassName: "system-cluster-critical",
          nodeSelector: { "kubernetes.io/os": "linux", logs: "kept" },
          tolerations: [{ key: "node-role.kubernetes.io/control-plane" }],
          affinity: { nodeAffinity: {} },
          terminationGracePeriodSeconds: 60,
          containers: [
            {
              image: "team/droplens:1.2.3",
              imagePullPolicy: "Always",
              args: ["run", "--config", "/etc/droplens/droplens.yaml", "--config", "/etc/droplens/droplens.yaml"],
              env: expect.arrayContaining([
                { name: "OTEL_EXPORTER_OTLP_ENDPOINT", value: "http://otel-collector:4318" },
              ]),
              ports: [{ containerPort: 9191 }],
              resources: { requests: { cpu: "50m", memory: "100Mi" }, limits: { memory: "512Mi" } },
              securityContext: { runAsNonRoot: true, readOnlyRootFilesystem: true },
              volumeMounts: expect.arrayContaining([{ name: "certificates", mountPath: "/etc/otel", readOnly: true }]),
            },
          ],
          volumes: expect.arrayContaining([{ name: "certificates", secret: { secretName: "otel" } }]),
        },
      },
    });
    const account = { name: "drop-reader", annotations: { "example.com/owner": "network" } };
    expect(only("ServiceAccount", objects).metadata).toMatchObject(account);
    const endpoint = { port: "operations", interval: "30s", scrapeTimeout: "10s" };
    expect(only("PodMonitor", objects)).toMatchObject({
      metadata: { labels: { release: "prometheus" } },
      spec: { podMetricsEndpoints: [endpoint] },
    });
    expect(only("PrometheusRule", objects)).toMatchObject({ metadata: { labels: { release: "prometheus" } } });
    expect(JSON.stringify(only("PrometheusRule", objects).spec)).toContain("TooManyDrops");
  });

  it.each([
    [
      "no source and no parser",
      {},
      { use: "source-journald", directory: "/j" },
      { use: "parser-iptables", prefix: "p:" },
    ],
    [
      "half of both",
      { source: { use: "source-journald", since: "2h" }, parser: { use: "parser-ulogd" } },
      { use: "source-journald", since: "2h", directory: "/j" },
      { use: "parser-ulogd", prefix: "p:" },
    ],
    [
      "its own",
      { source: { use: "source-journald", directory: "/k" }, parser: { use: "parser-iptables", prefix: "q:" } },
      { use: "source-journald", directory: "/k" },
      { use: "parser-iptables", prefix: "q:" },
    ],
    [
      "a parser that has no prefix",
      { parser: { use: "parser-calico", logPrefix: "calico-packet" } },
      { use: "source-journald", directory: "/j" },
      { use: "parser-calico", logPrefix: "calico-packet" },
    ],
  ])("fills in what a pipeline leaves out: it has %s", async (_name, written, source, parser) => {
    const drops = { sinks: [{ use: "sink-jsonl" }], ...written };
    const set = ["source=journald", "journald.directory=/j", "prefix=p:"].flatMap((value) => ["--set", value]);
    const objects = await rendered([...set, "--set-json", `config.pipelines.drops=${JSON.stringify(drops)}`]);
    expect(parse(configText(objects)).pipelines.drops).toMatchObject({ source, parser });
    expect(parse(configText(objects)).pipelines.drops.parser).toEqual(parser);
  });

  it("asks for no right that the config's plugins do not need", async () => {
    const rulesFor = async (sinks: object[], resolvers: object[]) => {
      const options = ["--set-json", `config.pipelines.drops=${JSON.stringify({ sinks, resolvers })}`];
      const objects = await rendered(options);
      return objects.filter(({ kind }) => kind === "ClusterRole").flatMap(({ rules }) => rules as object[]);
    };
    expect(await rulesFor([{ use: "sink-jsonl" }], [])).toEqual([]);
    expect(await rulesFor([{ use: "sink-jsonl" }], [{ use: "resolver-k8s" }])).toMatchObject([{ resources: ["pods"] }]);
    expect(await rulesFor([{ use: "sink-k8s-events" }], [])).toMatchObject([{ resources: ["events"] }]);
  });

  const install = ["install", "droplens", chart, "--namespace", "default", "--kubeconfig"];

  it.each([
    ["a value with a typo", ["--set", "sorce=kmsg"], "'sorce' not allowed"],
    ["a key of the config with a typo", ["--set", "config.pipelines.drops.maxAgee=5m"], "'maxAgee' not allowed"],
    [
      "a plugin's key with a typo",
      ["--set-json", 'config.pipelines.drops.sinks=[{"use":"sink-k8s-events","reson":"x"}]'],
      "/config/pipelines/drops/sinks/0': additional properties 'reson' not allowed",
    ],
    ["a value that is none", ["--set", "source=jurnald"], "/source': value must be one of 'file', 'journald', 'kmsg'"],
    ["a wrong type", ["--set", "config.operations.port=many"], "/config/operations/port"],
  ])("is refused for %s, by lint, template and install", async (_name, options, told) => {
    for (const words of [
      ["lint", chart],
      ["template", chart],
      [...install, kubeconfigPath()],
    ]) {
      const { code, stdout, stderr } = await helm([...words, ...options], [1]);
      expect([code, stdout + stderr]).toEqual([1, expect.stringContaining(told)]);
    }
  });

  it.each([
    ["a file outside the folder", "file.path=/data/x.log", "set file.hostPath to the folder that holds it"],
    ["a source that has no mounts", "config.pipelines.drops.source.use=source-kmsg", "say the same in both"],
    ["a port that nobody knows", "config.operations.port=0", "config.operations.port: 0: the chart's probes"],
    ["an alert that is none", "prometheusRule.enabled=true,prometheusRule.disabled={No}", "there is no alert No;"],
  ])("is refused for %s, by template and install; lint tells it", async (_name, setting, told) => {
    for (const words of [
      ["template", chart],
      [...install, kubeconfigPath()],
    ]) {
      const { code, stderr } = await helm([...words, "--set", setting], [1]);
      expect([code, stderr]).toEqual([1, expect.stringContaining(told)]);
    }
    const { stdout, stderr } = await helm(["lint", chart, "--set", setting]);
    expect(stdout + stderr).toContain(told);
  });

  describe.each(names)("installed on the API server: %s", (name) => {
    // A name of its own: ClusterRoles are the whole cluster's, and other tests apply deploy/manifests.
    const release = `helm-${name}-${runId}`;
    const namespace = release;
    const place = enabled ? ["--namespace", namespace, "--kubeconfig", kubeconfigPath()] : [];
    let made: KubernetesObject[];

    beforeAll(async () => {
      await createNamespace(namespace, { "pod-security.kubernetes.io/enforce": "privileged" });
      made = await rendered(optionsOf(name), release);
    });

    afterAll(async () => {
      await helm(["uninstall", release, ...place], [1]);
      await deleteNamespaces([namespace]);
    });

    const standing = () =>
      kubectl(
        ["get", "-f", "-", "--ignore-not-found", "-o", "name"],
        JSON.stringify({
          apiVersion: "v1",
          kind: "List",
          items: made,
        }),
      );

    it("all of it is there, and the notes say what to do next", async () => {
      const { stdout, stderr } = await helm(["install", release, chart, ...place, ...optionsOf(name)]);
      expect(stderr).toBe("");
      expect(stdout).toContain(`kubectl -n ${namespace} rollout status daemonset/`);
      const answered = [...stdout.matchAll(/^ +kubectl ((?:label|get events) .*)$/gm)].map(([, words = ""]) => words);
      expect(answered).toHaveLength(2);
      for (const words of answered) await kubectl(words.split(" "));
      expect((await standing()).trim().split("\n")).toHaveLength(made.length);
    });

    it("its pod is admitted where hostPath is, and nowhere else", async () => {
      const pod = podOf(only("DaemonSet", made), namespace);
      expect(await apply(pod, ["--dry-run=server"])).toContain("pod/droplens-test");
      await createNamespace(`${namespace}-b`, { "pod-security.kubernetes.io/enforce": "baseline" });
      const elsewhere = { ...pod, metadata: { name: "droplens-test", namespace: `${namespace}-b` } };
      const refusal = await apply(elsewhere, ["--dry-run=server"]).catch(String);
      expect(refusal).toContain("hostPath");
      expect(refusal.includes("privileged (")).toBe(name === "kmsg");
      await deleteNamespaces([`${namespace}-b`]);
    });

    it("its ServiceAccount may do what the plugins do", async () => {
      const account = only("ServiceAccount", made).metadata.name;
      const as = ["--as", `system:serviceaccount:${namespace}:${account}`];
      const can = (verb: string, resource: string) =>
        kubectl(["auth", "can-i", verb, resource, "-A", ...as]).then(
          (text) => text.trim(),
          () => "no",
        );
      expect(await can("watch", "pods")).toBe("yes");
      expect(await can("create", "events")).toBe(name === "everything" ? "no" : "yes");
      expect(await can("list", "secrets")).toBe("no");
    });

    it("a changed config is a changed ConfigMap, and no restart", async () => {
      const daemonSet = only("DaemonSet", made).metadata.name;
      const generation = () =>
        kubectl(["get", "daemonset", daemonSet, "-n", namespace, "-o", "jsonpath={.metadata.generation}"]);
      const before = await generation();
      const changed = [...optionsOf(name), "--set", "config.pipelines.drops.maxAge=7m"];
      await helm(["upgrade", release, chart, ...place, ...changed]);
      const config = await kubectl(["get", "configmap", daemonSet, "-n", namespace, "-o", "yaml"]);
      expect(config).toContain("maxAge: 7m");
      expect(await generation()).toBe(before);
    });

    it("and taken away again, with all of it", async () => {
      await helm(["uninstall", release, ...place]);
      expect((await standing()).trim()).toBe("");
    });
  });
});

/** What the DaemonSet's controller would make. */
function podOf({ spec }: KubernetesObject, namespace: string): Manifest {
  const { template }: { template: Manifest } = JSON.parse(JSON.stringify(spec));
  // The priority classes are made by a controller that this server may not have.
  const podSpec = { ...template.spec, priorityClassName: undefined };
  return { ...template, apiVersion: "v1", kind: "Pod", metadata: { name: "droplens-test", namespace }, spec: podSpec };
}
