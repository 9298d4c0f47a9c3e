/** Everything a plugin needs, and nothing else. Published as `droplens/plugin`. */

export { canonicalAddress, formatAddress, parseAddress } from "../model/address.ts";
export type { DropReport } from "../model/drop-report.ts";
export type { Endpoint, EndpointKind, Workload } from "../model/endpoint.ts";
export {
  FlowKey,
  flowDestination,
  flowHead,
  flowHeadWord,
  flowPrefix,
  flowSource,
  prefixWord,
} from "../model/flow-key.ts";
export type { PacketDrop, PacketHeader, Verdict } from "../model/packet-drop.ts";
export { printable } from "../model/printable.ts";
export { protocolKeyword, protocolNumber } from "../model/protocol.ts";
export { type BackoffOptions, backoffMillis } from "./backoff.ts";
export type {
  Clock,
  Counter,
  CounterSeries,
  Environment,
  Gauge,
  Histogram,
  Instrument,
  Labels,
  Logger,
  Metrics,
  PluginContext,
} from "./context.ts";
export {
  apiVersion,
  definePlugin,
  type PluginDefinition,
  type Role,
  type RoleInstances,
  type StandardStream,
} from "./definition.ts";
export { duration, parseDuration } from "./duration.ts";
export { DroplensError, describeError, isRetryable, RetryableError } from "./errors.ts";
export type { Finding, Lifecycle } from "./lifecycle.ts";
export { LineCutter } from "./line-cutter.ts";
export { OnceAMinute } from "./once-a-minute.ts";
export type { ChunkParser, DropCollector, LineParser, ParseResult, Parser } from "./parser.ts";
export type { AddressQuery, Resolver } from "./resolver.ts";
export type { DeliveryOptions, DeliveryResult, Sink } from "./sink.ts";
export type { Chunk, JsonValue, Source, SourceLag } from "./source.ts";
export { StandardOutput, type StandardOutputParts } from "./standard-output.ts";
export type { StandardIssue, StandardResult, StandardSchema } from "./standard-schema.ts";
