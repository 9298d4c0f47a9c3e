/** The options of sink-prometheus: what the user writes, with defaults and bounds. Read by index.ts. */
import { z } from "zod";
import { duration } from "../../core/plugin/index.ts";
import { labelNames } from "./drop-labels.ts";

export const options = z.strictObject({
  labels: z
    .array(z.enum(labelNames))
    .min(1)
    .refine((labels) => new Set(labels).size === labels.length, "a label may be named once only")
    .default([
      "source_namespace",
      "source_workload",
      "destination_namespace",
      "destination_workload",
      "protocol",
      "destination_port",
      "log_prefix",
    ])
    .describe("Labels of droplens_packet_drops_total"),
  maxSeries: z
    .int()
    .min(1)
    .max(100_000)
    .default(2000)
    .describe('Series of each metric at most; the rest is summed in one whose labels all say "overflow"'),
  staleAfter: duration("1h")
    .refine((millis) => millis >= 60_000, "must be 1m or more: a series has to outlive several scrapes")
    .describe("A series to which nothing was added for so long is removed"),
  legacy: z.boolean().default(true).describe("Also keeps packet_drops_count{src,dst}, as kube-iptables-tailer has it"),
});

export type SinkPrometheusOptions = z.output<typeof options>;
