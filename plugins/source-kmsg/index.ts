/** Declares source-kmsg: the kernel's own log buffer. Named in a config as `use: source-kmsg`; loaded by config/plugins.ts. */
import { definePlugin } from "../../core/plugin/index.ts";
import { options } from "./config.ts";
import { realMachine } from "./kmsg-device.ts";
import { KmsgSource } from "./kmsg-source.ts";

export const sourceKmsg = definePlugin({
  role: "source",
  name: "source-kmsg",
  apiVersion: 1,
  options,
  create: (options, context) => new KmsgSource(options, context, realMachine),
});

export default sourceKmsg;
