/** The plugin's declaration; everything else is behind it. */
import { definePlugin } from "../../core/plugin/index.ts";
import { options } from "./config.ts";
import { IptablesParser } from "./parser.ts";

export const parserIptables = definePlugin({
  role: "parser",
  name: "parser-iptables",
  apiVersion: 1,
  options,
  create: (settings, context) => new IptablesParser(settings, context),
});

export default parserIptables;
