/** Declares sink-jsonl: a JSON line per report, to stdout or a file. Named in a config as `use: sink-jsonl`. */
import { definePlugin, StandardOutput } from "../../core/plugin/index.ts";
import { options } from "./config.ts";
import { JsonFile } from "./json-file.ts";
import { FileSink, StdoutSink } from "./jsonl-sink.ts";
import { lineFormats } from "./line-formats.ts";

export const sinkJsonl = definePlugin({
  role: "sink",
  name: "sink-jsonl",
  apiVersion: 1,
  options,
  standardStreams: ({ path }) => (path === undefined ? ["stdout"] : []),
  create({ path, format, ...rules }, context) {
    const toLine = lineFormats[format];
    if (path !== undefined) return new FileSink(toLine, new JsonFile({ path, ...rules }, context));
    return new StdoutSink(toLine, new StandardOutput({ stream: "stdout", clock: context.clock }));
  },
});

export default sinkJsonl;
