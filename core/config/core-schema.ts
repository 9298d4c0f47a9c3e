/**
 * The core's own keys of a config: what the user may write, with defaults and meanings. The plugins' options stand
 * between them and are checked by their own schemas. Read by check.ts and by the editors' schema (core/cli/schema.ts).
 */
import { z } from "zod";
import { checkOtlp, otlpKeys } from "../otlp/options.ts";
import type { Role } from "../plugin/definition.ts";
import { duration, parseDuration } from "../plugin/duration.ts";
import type { DeliveryOptions } from "../plugin/sink.ts";
import { whenSchema } from "./when.ts";

// zod would compile each schema's check to code of its own, which pays for checks that run often; these run once.
z.config({ jitless: true });

const levels = ["debug", "info", "warn", "error"] as const;
const upperLevels = ["DEBUG", "INFO", "WARN", "ERROR"] as const;

/** Names end up in metric labels and file names. */
const plainName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "a name has 1 to 63 letters, digits, dots, dashes and underscores");

const useKeys = {
  use: z
    .string()
    .min(1)
    .max(500)
    .describe("The plugin: a built-in name, a package droplens-plugin-…, or a path beginning with ./"),
  name: plainName.describe("Its name in logs and metrics, where one plugin is used twice").optional(),
};

/** How a delivery queue is written. What is left out is the sink's own choice. */
const queueSchema = z
  .strictObject({
    capacity: z.int().min(1).max(10_000_000).describe("Reports that wait at most").optional(),
    whenFull: z
      .enum(["discard", "wait"])
      .describe(
        "discard: after a second of a full queue this sink alone loses what is new (queue_full); wait: the source waits, and nothing is lost but what was tried for longer than maxAge; a stuck sink then holds up all others of the pipeline",
      )
      .optional(),
    maxBatch: z.int().min(1).max(100_000).describe("Reports in one delivery").optional(),
    concurrency: z.int().min(1).max(1000).describe("Deliveries under way at once").optional(),
    timeout: bounded(duration(), "1ms", "1h").describe("How long one delivery may take").optional(),
    maxAge: bounded(duration(), "1ms", "7d").describe("How long a report is tried before it is discarded").optional(),
  })
  .refine((queue) => (queue.maxBatch ?? 1) <= (queue.capacity ?? Number.POSITIVE_INFINITY), {
    path: ["maxBatch"],
    error: "larger than the queue's capacity: a batch could never be full",
  })
  .transform(({ timeout, maxAge, ...others }): Partial<DeliveryOptions> => {
    const millis = { timeoutMillis: timeout, maxAgeMillis: maxAge };
    const written = Object.entries({ ...others, ...millis }).filter(([, value]) => value !== undefined);
    return Object.fromEntries(written);
  });

/** One plugin as a config uses it; further keys are the plugin's own. */
export const useSchemas = {
  source: z.looseObject(useKeys),
  parser: z.looseObject(useKeys),
  resolver: z.looseObject(useKeys),
  sink: z.looseObject({
    ...useKeys,
    queue: queueSchema.describe("The delivery queue in front of this sink").optional(),
    when: whenSchema.describe("Which reports this sink gets: those that one of these matches fits").optional(),
  }),
} as const satisfies Readonly<Record<Role, z.ZodType>>;

/** Keys of a plugin's mapping that are the core's, not the plugin's. */
export const coreUseKeys: Readonly<Record<Role, readonly string[]>> = {
  source: ["use", "name"],
  parser: ["use", "name"],
  resolver: ["use", "name"],
  sink: ["use", "name", "queue", "when"],
};

const pipelineSchema = z.strictObject({
  maxAge: bounded(duration("10m"), "1s", "36500d").describe("Packets older than this when read are discarded"),
  repeatInterval: bounded(duration("2m"), "0s", "7d").describe("How long repeats of a flow are folded into one report"),
  maxFlows: z.int().min(1).max(16_777_216).default(65_536).describe("Flows whose repeats are folded at most"),
  inFlight: z.int().min(1).max(1_000_000).default(1000).describe("Reports being resolved at once at most"),
  source: useSchemas.source.describe("Where lines come from"),
  parser: useSchemas.parser.describe("What finds packet drops in them"),
  resolvers: z.array(useSchemas.resolver).max(20).default([]).describe("Who knows addresses; the first answer wins"),
  sinks: z.array(useSchemas.sink).min(1, "at least one sink is needed").max(50).describe("Where drops are reported"),
});

export const configSchema = z.strictObject({
  version: z.literal(1).describe("The version of this format"),
  log: z
    .strictObject({
      level: z
        .enum([...levels, ...upperLevels])
        .transform((level) => levels.find((known) => known === level.toLowerCase()) ?? "info")
        .prefault("info")
        .describe("The least severe lines that are written"),
      destination: z
        .enum(["auto", "stdout", "stderr"])
        .default("auto")
        .describe("Where they go; auto: stdout, or stderr when a sink writes to stdout"),
    })
    .prefault({})
    .describe("Droplens' own log"),
  stateFolder: z
    .string()
    .min(1)
    .default("/var/lib/droplens")
    .describe("Where checkpoints are kept; in memory when it cannot be written"),
  stopTimeout: bounded(duration("10s"), "1ms", "1h").describe("How long a stop may take"),
  operations: z
    .strictObject({
      host: z.string().default("").describe("The address to listen on; empty: every address, IPv4 and IPv6"),
      port: z.int().min(0).max(65_535).default(9090).describe("/metrics, /healthz, /readyz and /status; 0: any free"),
    })
    .prefault({})
    .describe("Droplens' own HTTP server"),
  telemetry: z
    .strictObject({
      otlp: z
        .strictObject(otlpKeys)
        .superRefine(checkOtlp)
        .optional()
        .describe("An OpenTelemetry Collector gets all that /metrics shows; {} takes its address from OTEL_*"),
    })
    .optional()
    .describe("Where Droplens' own metrics go, beside /metrics"),
  pipelines: z
    .record(plainName, pipelineSchema)
    .refine((pipelines) => Object.keys(pipelines).length > 0, "at least one pipeline is needed")
    .describe("Each reads one kind of lines; the key is its name"),
});

export type CoreConfig = z.output<typeof configSchema>;
export type CorePipeline = z.output<typeof pipelineSchema>;

/** Timers of Node overflow at 24.8 days, and then fire at once: what becomes a timer stays below. */
function bounded<S extends z.ZodType<number, string | undefined>>(schema: S, least: string, most: string): S {
  const [min, max] = [parseDuration(least) ?? 0, parseDuration(most) ?? 0];
  return schema.refine((millis) => millis >= min && millis <= max, `expected a duration from ${least} to ${most}`);
}
