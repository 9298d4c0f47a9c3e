/**
 * A node in a cluster as a person with kubectl meets it: the pod of deploy/manifests runs here as a process, on the node's
 * log and a fake API server, and `kubectl` and `curl` are stand-ins that lead to it. What a guide's script prints comes
 * back in the words of the guide: a pod's paths and addresses.
 */
import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { parse } from "yaml";
import type { FakeKubernetes } from "../../core/testkit/fake-kubernetes/index.ts";
import { Child, checkout } from "../support/child.ts";
import { kernelLine, NodeStage, type RunningProgram } from "../support/node-stage.ts";
import { scriptOf, sectionsOf } from "./guide.ts";

type Finish = ConstructorParameters<typeof NodeStage>[0];

export class ClusterNode {
  readonly stage: NodeStage;
  readonly kubernetes: FakeKubernetes;
  /** Whom the fake API server knows. */
  readonly #kubeconfig: string;
  readonly #config: string;
  program: RunningProgram | undefined;

  private constructor(stage: NodeStage, kubernetes: FakeKubernetes, edit: (config: string) => string) {
    this.stage = stage;
    this.kubernetes = kubernetes;
    this.#kubeconfig = join(stage.folder, "kubeconfig");
    writeFileSync(this.#kubeconfig, kubeconfigOf(kubernetes.url));
    this.#config = join(stage.folder, "droplens.yaml");
    writeFileSync(this.#config, this.#here(edit(podConfig())));
    this.#standIn("kubectl", kubectl);
    this.#standIn("curl", curl);
  }

  /** `edit` changes the manifests' config, in the words of the pod. */
  static async open(finish: Finish, edit: (config: string) => string = (config) => config): Promise<ClusterNode> {
    const stage = new NodeStage(finish);
    return new ClusterNode(stage, await stage.startKubernetes(), edit);
  }

  /** The pod is started. */
  start(): RunningProgram {
    // In the image there is nothing but Node: no journalctl.
    const environment = { ...this.#environment(), PATH: join(this.stage.folder, "bin") };
    this.program = this.stage.run(environment, { words: ["--config", this.#config] });
    return this.program;
  }

  /** The kernel drops packets from web to db, and rsyslog writes it down. */
  drop(packets: number, { port = 5432, at = new Date() }: { readonly port?: number; readonly at?: Date } = {}): void {
    this.write(kernelLine(port, at).replace("kl-drop:", "calico-packet:").repeat(packets));
  }

  write(lines: string): void {
    appendFileSync(this.stage.log, lines);
  }

  /** What a person sees who types this behind the guide's first commands. */
  async type(script: string): Promise<string> {
    const [start] = sectionsOf("docs/troubleshooting.md").filter(({ heading }) => heading === "Where to type");
    if (start === undefined) throw new Error('docs/troubleshooting.md has no section "Where to type"');
    const logs = join(this.stage.folder, "logs");
    writeFileSync(logs, `${this.program?.child.stdout ?? ""}${this.program?.child.stderr ?? ""}`);
    const port = this.program?.child.running ? await this.program.port() : 0;
    const shell = new Child(["bash", "-c", `${scriptOf(start)}\n${script}`], {
      cwd: this.stage.folder,
      environment: { ...this.#environment(), LOGS: logs, OPERATIONS_PORT: String(port) },
    });
    await shell.ended();
    return this.#inThePod(`${shell.stdout}${shell.stderr}`);
  }

  #environment(): Record<string, string> {
    return {
      PATH: [join(this.stage.folder, "bin"), dirname(process.execPath), process.env.PATH].join(delimiter),
      NODE_NAME: "node-1",
      KUBECONFIG: this.#kubeconfig,
      KUBERNETES: this.kubernetes.url,
      CONFIG: this.#config,
      LOG: this.stage.log,
      PROGRAM: join(checkout, "core/main.ts"),
    };
  }

  /** A text with the pod's paths, as this folder has them. */
  #here(text: string): string {
    return text
      .replaceAll("/var/log/kern.log", this.stage.log)
      .replaceAll("/var/lib/droplens", join(this.stage.folder, "state"));
  }

  #inThePod(text: string): string {
    return text
      .replaceAll(`kubeconfig ${this.#kubeconfig}, context test`, "service account")
      .replaceAll(this.#config, "/etc/droplens/droplens.yaml")
      .replaceAll(this.stage.log, "/var/log/kern.log")
      .replaceAll(this.kubernetes.url, "https://10.96.0.1:443")
      .replaceAll(new URL(this.kubernetes.url).host, "10.96.0.1:443");
  }

  #standIn(name: string, script: string): void {
    const folder = join(this.stage.folder, "bin");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), script);
    chmodSync(join(folder, name), 0o755);
  }
}

/** The config that deploy/manifests has, but for DNS: there are no servers to ask here. */
export function podConfig(): string {
  const configMap = parse(readFileSync(join(checkout, "deploy/manifests/config.yaml"), "utf8"));
  const text: string = configMap.data["droplens.yaml"];
  return text
    .replace("port: 9090", "port: 0")
    .replace("scope: node,", "scope: node, startSpread: 0s,")
    .replace(/^ +- \{ use: resolver-dns.*\n/m, "");
}

function kubeconfigOf(server: string): string {
  const named = (name: string, value: object) => ({ name: "test", [name]: value });
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    clusters: [named("cluster", { server })],
    contexts: [named("context", { cluster: "test", user: "test" })],
    users: [named("user", { token: "of-the-test" })],
  });
}

/** What only a kubelet can do is done here; the rest is the real kubectl's. */
const kubectl = `#!/bin/sh
pod="-n droplens exec pod/droplens-x2x1p --"
case "$*" in
  "-n droplens get pods --field-selector spec.nodeName=node-1 "*) echo pod/droplens-x2x1p ;;
  "-n droplens port-forward pod/droplens-x2x1p 9090") ;;
  "-n droplens logs pod/droplens-x2x1p" | "-n droplens logs pod/droplens-x2x1p --previous") cat "$LOGS" ;;
  "$pod node /opt/droplens/dist/droplens.js "*)
    shift 7
    for word; do
      shift
      case "$word" in
        /etc/droplens/droplens.yaml) word=$CONFIG ;;
        /var/log/kern.log) word=$LOG ;;
      esac
      set -- "$@" "$word"
    done
    exec node "$PROGRAM" "$@" ;;
  "-n droplens "*) echo "this stand-in for kubectl does not know: $*" >&2; exit 1 ;;
  *) PATH=\${PATH#*:}; exec kubectl "$@" ;;
esac
`;

const curl = `#!/usr/bin/env node
const [, path] = /^localhost:9090(\\/\\w+)$/.exec(process.argv.at(-1));
const response = await fetch("http://127.0.0.1:" + process.env.OPERATIONS_PORT + path);
process.stdout.write(await response.text());
`;
