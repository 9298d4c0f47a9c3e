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

if (kubeconfig) {
  kubernetesApiSuite("the real Kubernetes API of KUBECONFIG", async () => {
    const api = connectApiServer({}, { KUBECONFIG: kubeconfig });
    return { api, kubeconfig, close: async () => api.close() };
  });
} else {
  describe.skip("the real Kubernetes API (skipped: KUBECONFIG names none)", () => {
    it.todo("passes the same suite");
  });
}
