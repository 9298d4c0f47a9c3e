/** Declares sink-prometheus: packet drops as Prometheus counters on the process's /metrics page. */
import { definePlugin } from "../../core/plugin/index.ts";
import { options, type SinkPrometheusOptions } from "./config.ts";
import { PrometheusSink } from "./prometheus-sink.ts";

export const sinkPrometheus = definePlugin<"sink", SinkPrometheusOptions>({
  role: "sink",
  name: "sink-prometheus",
  apiVersion: 1,
  options,
  create: (chosen, context) => new PrometheusSink(chosen, context),
});

export default sinkPrometheus;
