/** Declares source-stdin: lines from a pipe. Named in a config as `use: source-stdin`; loaded by config/plugins.ts. */
import { definePlugin } from "../../core/plugin/index.ts";
import { options } from "./config.ts";
import { StdinSource } from "./stdin-source.ts";

export const sourceStdin = definePlugin({
  role: "source",
  name: "source-stdin",
  apiVersion: 1,
  options,
  standardStreams: () => ["stdin"],
  create: (options, context) => new StdinSource(options, context, () => process.stdin),
});

export default sourceStdin;
