/**
 * Makes dist/compile-cache, from which core/start.ts lets Node take what V8 compiled. Called by build.ts at its end.
 * The cache belongs to this version of Node, this user and this folder; elsewhere it is passed over.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startFakeKubernetes } from "../../core/testkit/fake-kubernetes/index.ts";

/**
 * Runs the program once over every usual plugin. Node alone would keep what V8 compiles at once when it reads a file, and
 * every start would compile each function when it is first called: a fifth of its CPU time.
 */
export async function keepCompiled(): Promise<void> {
  const cluster = await startFakeKubernetes();
  const folder = mkdtempSync(join(tmpdir(), "droplens-build-"));
  const [config, log] = [join(folder, "droplens.yaml"), join(folder, "kern.log")];
  try {
    for (const [name, podIP] of Object.entries(pods)) cluster.put(pod(name, podIP));
    writeFileSync(config, configOf(log, folder, cluster.url));
    writeFileSync(log, drop.repeat(20));
    const flags = ["--expose-internals", "--import", join(import.meta.dirname, "compile-again.ts")];
    await promisify(execFile)(process.execPath, [...flags, "dist/droplens.js", "run", "--config", config]);
  } finally {
    await cluster.stop();
    rmSync(folder, { recursive: true });
  }
}

const pods = { web: "10.0.0.7", db: "10.0.0.9" };

function pod(name: string, podIP: string) {
  const status = { phase: "Running", podIP, podIPs: [{ ip: podIP }] };
  return { apiVersion: "v1", kind: "Pod", metadata: { namespace: "shop", name }, spec: { nodeName: "node" }, status };
}

/** `until: end` ends the run. */
const configOf = (log: string, stateFolder: string, server: string) => `version: 1
stateFolder: ${stateFolder}
operations: { host: 127.0.0.1, port: 0 }
pipelines:
  drops:
    maxAge: 36500d
    source: { use: source-file, path: ${log}, until: end }
    parser: { use: parser-iptables }
    resolvers: [{ use: resolver-k8s, server: "${server}", startSpread: 0s }, { use: resolver-dns, servers: ["127.0.0.1:1"] }]
    sinks: [{ use: sink-k8s-events, server: "${server}" }, { use: sink-prometheus }]
`;

const drop = `2026-11-20T19:56:42.000000+00:00 node kernel: IN=eth0 OUT=eth1 SRC=${pods.web} DST=${pods.db} LEN=60 PROTO=TCP SPT=1 DPT=2 SYN \n`;
