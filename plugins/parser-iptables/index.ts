/** The plugin's declaration; everything else is behind it. */
import { NetfilterParser } from "../../core/netfilter/netfilter-parser.ts";
import { definePlugin } from "../../core/plugin/index.ts";
import { options } from "./config.ts";

export const parserIptables = definePlugin({
  role: "parser",
  name: "parser-iptables",
  apiVersion: 1,
  options,
  create: (settings, context) => new NetfilterParser(settings, context),
});

export default parserIptables;
