/** Declares sink-k8s-events: each drop as an event on the pods behind its addresses. */
import { apiVersion, definePlugin } from "../../core/plugin/index.ts";
import { options } from "./config.ts";
import { KubernetesEventSink } from "./sink.ts";

export const sinkK8sEvents = definePlugin({
  role: "sink",
  name: "sink-k8s-events",
  apiVersion,
  options,
  create: (chosen, context) => new KubernetesEventSink(chosen, context),
});

export default sinkK8sEvents;
