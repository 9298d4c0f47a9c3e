/** resolver-k8s: which pod had an address at a packet's time. */
import { apiVersion, definePlugin } from "../../core/plugin/index.ts";
import { resolverK8sOptions } from "./config.ts";
import { PodResolver } from "./resolver.ts";

export const resolverK8s = definePlugin({
  role: "resolver",
  name: "resolver-k8s",
  apiVersion,
  options: resolverK8sOptions,
  create: (options, context) => new PodResolver(options, context),
});

export default resolverK8s;
