/** Declares sink-console: a line for people per report. Named in a config as `use: sink-console`. */
import { definePlugin, StandardOutput } from "../../core/plugin/index.ts";
import { options } from "./config.ts";
import { ConsoleSink } from "./console-sink.ts";

export const sinkConsole = definePlugin({
  role: "sink",
  name: "sink-console",
  apiVersion: 1,
  options,
  standardStreams: ({ stream }) => [stream],
  create: ({ stream, color }, context) =>
    new ConsoleSink(color, context, new StandardOutput({ stream, clock: context.clock })),
});

export default sinkConsole;
