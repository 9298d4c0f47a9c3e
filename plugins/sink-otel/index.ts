/** Declares sink-otel: packet drops as OpenTelemetry logs and metrics, sent to a Collector by OTLP. */
import { definePlugin } from "../../core/plugin/index.ts";
import { options, type SinkOtelOptions } from "./config.ts";
import { OtelSink } from "./otel-sink.ts";

export const sinkOtel = definePlugin<"sink", SinkOtelOptions>({
  role: "sink",
  name: "sink-otel",
  apiVersion: 1,
  options,
  create: (chosen, context) => new OtelSink(chosen, context),
});

export default sinkOtel;
