/** The plugin's declaration; what reads the lines is shared by several rooms: core/netfilter. */
import { namedPrefixes } from "../../core/netfilter/named-prefixes.ts";
import { NetfilterParser } from "../../core/netfilter/netfilter-parser.ts";
import { definePlugin } from "../../core/plugin/index.ts";
import { options } from "./config.ts";

const remedy = 'Set "prefix" (IPTABLES_LOG_PREFIX) to what the rule\'s --log-prefix says';

export const parserIptables = definePlugin({
  role: "parser",
  name: "parser-iptables",
  apiVersion: 1,
  options,
  create: ({ prefix, ...settings }, context) =>
    new NetfilterParser({ ...settings, ...namedPrefixes(prefix, remedy) }, context),
});

export default parserIptables;
