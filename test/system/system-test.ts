/**
 * The gate in front of the system tests. They need root, a kernel of their own and a real API server, so they run only
 * where DROPLENS_SYSTEM=1 says that all this is there (.ci/run), and there they fail rather than be skipped.
 */
import { describe } from "vitest";

export const enabled = process.env.DROPLENS_SYSTEM === "1";

export const reasonSkipped =
  "system tests skipped: they need root, netfilter and the API server named by KUBECONFIG; .ci/run runs them (DROPLENS_SYSTEM=1)";

/** `describe` for what needs the real system. */
export const systemTest = describe.runIf(enabled);

/** The kubeconfig of a disposable cluster, its administrator's. */
export function kubeconfigPath(): string {
  const path = process.env.KUBECONFIG;
  if (path === undefined || path === "")
    throw new Error("KUBECONFIG is not set: name a disposable cluster's kubeconfig");
  return path;
}

/** Tells one run's namespaces, prefixes and files from another's. */
export const runId = Math.random().toString(36).slice(2, 7);
