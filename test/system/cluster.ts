/**
 * The real API server, as people meet it: through kubectl. Pods are made without a kubelet: created on their node, then
 * given their status by the test.
 */
import { output, run } from "./command.ts";
import type { Program } from "./program.ts";
import { kubeconfigPath } from "./system-test.ts";
import { waitFor } from "./wait-for.ts";

export interface PodParts {
  readonly namespace: string;
  readonly name: string;
  readonly nodeName: string;
  readonly addresses: readonly string[];
  readonly hostNetwork?: boolean;
}

/** What kubectl prints. */
export function kubectl(words: readonly string[], input?: string): Promise<string> {
  return output(["kubectl", "--kubeconfig", kubeconfigPath(), ...words], input === undefined ? {} : { input });
}

export async function createNamespace(name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
  await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
}

export async function apply(object: unknown, flags: readonly string[] = []): Promise<string> {
  return kubectl(["apply", "--server-side", ...flags, "-f", "-"], JSON.stringify(object));
}

export async function createPod(pod: PodParts): Promise<void> {
  await apply({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: pod.namespace, name: pod.name },
    spec: {
      nodeName: pod.nodeName,
      hostNetwork: pod.hostNetwork === true,
      containers: [{ name: "main", image: "none" }],
    },
  });
  const status = {
    phase: "Running",
    startTime: new Date(Date.now() - 60_000).toISOString(),
    hostIP: "10.203.2.1",
    podIP: pod.addresses[0],
    podIPs: pod.addresses.map((ip) => ({ ip })),
  };
  const patch = ["patch", "pod", pod.name, "-n", pod.namespace, "--subresource=status", "--type=merge"];
  await kubectl([...patch, "-p", JSON.stringify({ status })]);
}

/** What `kubectl describe pod` shows below "Events:". */
export async function describedEvents(namespace: string, pod: string): Promise<string> {
  const text = await kubectl(["describe", "pod", pod, "-n", namespace]);
  return text.slice(text.indexOf("\nEvents:"));
}

/** Waits until `kubectl describe pod` shows an event with exactly this message. */
export async function waitForEvent(namespace: string, pod: string, message: string, program: Program): Promise<void> {
  const shown = async () => (await describedEvents(namespace, pod)).split("\n").some((line) => line.endsWith(message));
  const explain = async () => `${await describedEvents(namespace, pod)}\n--- printed\n${program.output}`;
  await waitFor(`an event on ${namespace}/${pod}: ${message}`, shown, { explain });
}

/** Where the server is and what it is known by: for kubeconfigs and service account folders made by tests. */
export async function serverAddress(): Promise<{ readonly host: string; readonly port: string; readonly ca: string }> {
  const view = JSON.parse(await kubectl(["config", "view", "--raw", "--minify", "-o", "json"]));
  const cluster: { server: string; "certificate-authority-data": string } = view.clusters[0].cluster;
  const url = new URL(cluster.server);
  return {
    host: url.hostname,
    port: url.port,
    ca: Buffer.from(cluster["certificate-authority-data"], "base64").toString(),
  };
}

export function serviceAccountToken(namespace: string, name: string): Promise<string> {
  return kubectl(["create", "token", name, "-n", namespace, "--duration", "1h"]).then((token) => token.trim());
}

/** Takes namespaces away as far as a server without controllers can: their pods and events, then the request itself. */
export async function deleteNamespaces(names: readonly string[]): Promise<void> {
  for (const name of names) {
    await kubectl(["delete", "pods,events", "--all", "-n", name, "--grace-period=0", "--force", "--wait=false"]);
    await run(["kubectl", "--kubeconfig", kubeconfigPath(), "delete", "ns", name, "--wait=false"], { allow: [1] });
  }
}
