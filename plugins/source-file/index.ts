/** Declares source-file: tails log files. Named in a config as `use: source-file`; loaded by config/plugins.ts. */
import { definePlugin } from "../../core/plugin/index.ts";
import { options } from "./config.ts";
import { FileSource } from "./file-source.ts";

export const sourceFile = definePlugin({
  role: "source",
  name: "source-file",
  apiVersion: 1,
  options,
  create: (options, context) => new FileSource(options, context),
});

export default sourceFile;
