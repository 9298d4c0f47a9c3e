/** The embedded Kubernetes API: for the demo, tests and benchmarks. */

export type { Allows } from "./access.ts";
export type { Access, Fault, FaultAnswer, LoggedRequest } from "./fault.ts";
export type { KubernetesObject, ObjectMeta } from "./object.ts";
export { type FakeKubernetes, type FakeKubernetesOptions, startFakeKubernetes } from "./server.ts";
