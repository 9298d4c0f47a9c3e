/** The options of sink-otel: what the user writes. How to reach the Collector is shared: core/otlp/options.ts. */
import { z } from "zod";
import { checkOtlp, otlpKeys } from "../../core/otlp/options.ts";

const shape = z.strictObject({
  logs: z.boolean().default(true).describe("One log record for each report"),
  metrics: z.boolean().default(true).describe("The counter droplens.packet.dropped"),
  ...otlpKeys,
  logsEndpoint: z.string().optional().describe("Where logs go, in place of endpoint; taken as it is"),
  temporality: z
    .enum(["cumulative", "delta"])
    .optional()
    .describe("Whether a value counts from the start or from the last time it was sent; cumulative by default"),
  maxSeries: z
    .int()
    .min(2)
    .max(100_000)
    .default(2000)
    .describe("Attribute sets of the counter at most; the last one is otel.metric.overflow"),
});

export const options = shape
  .refine(({ logs, metrics }) => logs || metrics, { path: ["logs"], error: "logs and metrics are both off" })
  .superRefine(checkOtlp);

export type SinkOtelOptions = z.output<typeof options>;
