/** Declares source-spool. Importing this does nothing; Droplens calls `create` for each use in a config. */
import { definePlugin } from "droplens/plugin";
import { options, type SpoolOptions } from "./options.ts";
import { SpoolSource } from "./spool-source.ts";

export const sourceSpool = definePlugin<"source", SpoolOptions>({
  role: "source",
  name: "source-spool",
  apiVersion: 1,
  options,
  create: (chosen, context) => new SpoolSource(chosen, context),
});

export default sourceSpool;
