/** Declares resolver-hosts. Importing this does nothing; Droplens calls `create` for each use in a config. */
import { definePlugin } from "droplens/plugin";
import { HostsResolver } from "./hosts-resolver.ts";
import { type HostsOptions, options } from "./options.ts";

export const resolverHosts = definePlugin<"resolver", HostsOptions>({
  role: "resolver",
  name: "resolver-hosts",
  apiVersion: 1,
  options,
  create: (chosen) => new HostsResolver(chosen),
});

export default resolverHosts;
