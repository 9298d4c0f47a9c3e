/** Runs the API suite against the embedded fake, and against a real server when KUBECONFIG names a disposable one. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { connectApiServer } from "../core/kubernetes/connect.ts";
import { startFakeKubernetes } from "../core/testkit/fake-kubernetes/index.ts";
import { kubernetesApiSuite } from "./kubernetes-api-suite.ts";

const kubeconfig = process.env.KUBECONFIG;

kubernetesApiSuite("the embedded Kubernetes API", async () => {
  const fake = await startFakeKubernetes();
  const folder = await mkdtemp(join(tmpdir(), "droplens-api-"));
  const path = join(folder, "kubeconfig");
  await writeFile(path, fake.kubeconfigText());
  const api = connectApiServer({ kubeconfig: path }, {});
  return {
    api,
    fake,
    kubeconfig: path,
    async close() {
      api.close();
      await fake.stop();
      await rm(folder, { recursive: true });
    },
  };
});

const refused = whyNotReal();
if (refused === undefined) {
  kubernetesApiSuite("the real Kubernetes API of KUBECONFIG", async () => {
    const api = connectApiServer({}, { KUBECONFIG: kubeconfig });
    return { api, kubeconfig: kubeconfig ?? "", close: async () => api.close() };
  });
} else {
  describe.skip(`the real Kubernetes API (skipped: ${refused})`, () => {
    it.todo("passes the same suite");
  });
}

/** People have KUBECONFIG set to clusters that matter: namespaces are made only on this machine's, or when told so. */
function whyNotReal(): string | undefined {
  if (!kubeconfig) return "KUBECONFIG names none";
  if (process.env.DROPLENS_DISPOSABLE_CLUSTER === "yes") return undefined;
  const api = connectApiServer({}, { KUBECONFIG: kubeconfig });
  api.close();
  const local = /^https?:\/\/(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:|\/|$)/.test(api.address);
  return local
    ? undefined
    : `${api.address} is not on loopback; set DROPLENS_DISPOSABLE_CLUSTER=yes if it may be written to`;
}
