/**
 * A pod as people see it: a KnownPod in, an Endpoint out, named as POD_IDENTIFIER of kube-iptables-tailer says
 * (event/locator.go there, getNamespaceOrHostName). Called for each answer of the resolver.
 */
import { type Endpoint, printable } from "../../core/plugin/index.ts";
import type { ResolverK8sOptions } from "./config.ts";
import type { KnownPod } from "./pod-table.ts";

/** Undefined for a pod in its node's network whose node is unknown: as there, the next resolver (DNS) is asked. */
export function podEndpoint(
  pod: KnownPod,
  address: string,
  podIdentifier: ResolverK8sOptions["podIdentifier"],
): Endpoint | undefined {
  const nodeName = printable(pod.nodeName);
  if (pod.hostNetwork) {
    if (nodeName === "") return undefined;
    // Several pods share the node's address; which one sent the packet cannot be told.
    return { kind: "node", address, displayName: nodeName, name: nodeName, nodeName, hostNetwork: true };
  }
  return {
    kind: "pod",
    address,
    displayName: displayName(pod, podIdentifier),
    name: printable(pod.name),
    namespace: printable(pod.namespace),
    uid: printable(pod.uid),
    ...(nodeName !== "" && { nodeName }),
    ...(pod.workload && { workload: { kind: printable(pod.workload.kind), name: printable(pod.workload.name) } }),
  };
}

function displayName(pod: KnownPod, podIdentifier: ResolverK8sOptions["podIdentifier"]): string {
  switch (podIdentifier) {
    case "name":
      return printable(pod.name);
    case "label":
      // As there: an empty label is a value too, only a missing one falls back to the name.
      return printable(pod.label ?? pod.name);
    case "name_with_namespace":
      return printable(`${pod.namespace}/${pod.name}`, 512);
    default:
      return printable(pod.namespace);
  }
}
