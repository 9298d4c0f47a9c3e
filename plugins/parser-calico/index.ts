/** The plugin's declaration: netfilter's lines, with prefixes as Calico makes them. */
import { NetfilterParser } from "../../core/netfilter/netfilter-parser.ts";
import { RulePrefixes } from "../../core/netfilter/rule-prefixes.ts";
import { definePlugin } from "../../core/plugin/index.ts";
import { options } from "./config.ts";
import { LogPrefix } from "./log-prefix.ts";

const remedy =
  'Set "logPrefix" to the FelixConfiguration\'s (kubectl get felixconfiguration default -o yaml; "calico-packet" where it has none)';

export const parserCalico = definePlugin({
  role: "parser",
  name: "parser-calico",
  apiVersion: 1,
  options,
  create: ({ logPrefix, ...settings }, context) => {
    const names = [logPrefix].flat();
    const prefixes = new RulePrefixes(
      [],
      names.map((name) => new LogPrefix(name)),
    );
    return new NetfilterParser({ ...settings, prefixes, wanted: { names, remedy } }, context);
  },
});

export default parserCalico;
