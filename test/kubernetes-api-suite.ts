/**
 * What the plugins and kubectl rely on in a Kubernetes API. In comes a server (the embedded fake or a real one), run by
 * kubernetes-api.test.ts against both, so that the fake cannot drift from the truth.
 */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe } from "vitest";
import type { ApiServer } from "../core/kubernetes/api-server.ts";
import type { FakeKubernetes } from "../core/testkit/fake-kubernetes/index.ts";
import { eventTests } from "./kubernetes-api-events.ts";
import { kubectlTests } from "./kubernetes-api-kubectl.ts";
import { listTests } from "./kubernetes-api-lists.ts";
import { podTests } from "./kubernetes-api-pods.ts";
import { protobufTests } from "./kubernetes-api-protobuf.ts";
import { ApiSession } from "./kubernetes-api-session.ts";
import { watchTests } from "./kubernetes-api-watches.ts";

export interface ServerUnderTest {
  readonly api: ApiServer;
  /** Absent for a real server: what only the fake can be told to do is not tried there. */
  readonly fake?: FakeKubernetes;
  /** A file, for kubectl. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

export function kubernetesApiSuite(title: string, open: () => Promise<ServerUnderTest>): void {
  describe(title, () => {
    let server: ServerUnderTest | undefined;
    let session: ApiSession | undefined;
    const current = () => {
      if (session === undefined) throw new Error("the server did not open");
      return session;
    };
    beforeAll(async () => {
      server = await open();
      session = new ApiSession(server.api, `droplens-${randomBytes(4).toString("hex")}`, server.fake);
      await session.createNamespace(session.namespace);
    });
    afterAll(async () => {
      await session?.deleteNamespaces();
      await server?.close();
    });
    podTests(current);
    listTests(current);
    watchTests(current);
    protobufTests(current);
    eventTests(current);
    kubectlTests(current, () => server?.kubeconfig ?? "");
  });
}
