/** Declares source-journald: the systemd journal. Named in a config as `use: source-journald`; loaded by config/plugins.ts. */
import { definePlugin } from "../../core/plugin/index.ts";
import { options } from "./config.ts";
import { JournaldSource } from "./journald-source.ts";

export const sourceJournald = definePlugin({
  role: "source",
  name: "source-journald",
  apiVersion: 1,
  options,
  create: (options, context) => new JournaldSource(options, context),
});

export default sourceJournald;
