/** Declares resolver-dns: host names for addresses that no pod has, by reverse DNS. */
import { definePlugin } from "../../core/plugin/index.ts";
import { options, type ResolverDnsOptions } from "./config.ts";
import { HostResolver } from "./host-resolver.ts";

export const resolverDns = definePlugin<"resolver", ResolverDnsOptions>({
  role: "resolver",
  name: "resolver-dns",
  apiVersion: 1,
  options,
  create: (chosen, context) => new HostResolver(chosen, context),
});

export default resolverDns;
