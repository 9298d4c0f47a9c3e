/**
 * What a plugin's tests need, and nothing else. Published as `droplens/testkit`; works with any test runner.
 *
 * The behaviour of each role is a list of named checks: `for (const { name, run } of sinkChecks(subject)) it(name, run)`.
 */

export { realClock } from "../real-clock.ts";
export type { Check, Mood, Partner, Subject } from "./check.ts";
export { deepFreeze } from "./deep-freeze.ts";
export { dropReport, packetDrop } from "./drops.ts";
export { FakeClock, settle } from "./fake-clock.ts";
export {
  type Access,
  type Allows,
  type FakeKubernetes,
  type FakeKubernetesOptions,
  type Fault,
  type FaultAnswer,
  type KubernetesObject,
  type LoggedRequest,
  type ObjectMeta,
  startFakeKubernetes,
} from "./fake-kubernetes/index.ts";
export { MemoryDrops } from "./memory-drops.ts";
export { type Answer, MemorySink } from "./memory-sink.ts";
export { MemorySource } from "./memory-source.ts";
export { type ParserSubject, parserChecks } from "./parser-checks.ts";
export { type ResolverPartner, type ResolverSubject, resolverChecks } from "./resolver-checks.ts";
export { type SinkPartner, type SinkSubject, sinkChecks } from "./sink-checks.ts";
export { type SourcePartner, type SourceSubject, sourceChecks } from "./source-checks.ts";
export { type LogLine, MemoryLogger, MemoryMetrics, type TestContext, testContext } from "./test-context.ts";
