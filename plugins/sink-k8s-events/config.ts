/** The options of sink-k8s-events. The defaults of the rates are explained in README.md. */
import { z } from "zod";
import { kubernetesOptions } from "../../core/kubernetes/connect.ts";
import { duration } from "../../core/plugin/index.ts";

// The API server takes any text here, and so did kube-iptables-tailer.
const label = z
  .string()
  .regex(/^[^\p{Cc}\p{Cs}]{1,128}$/u, "must be 1 to 128 characters, none of them a control character");

export const options = z.strictObject({
  ...kubernetesOptions,
  reason: label.default("PacketDrop").describe("The events' reason; by custom one UpperCamelCase word"),
  sourceComponent: label.default("kube-iptables-tailer").describe("Who reports, in kubectl's column From"),
  host: z
    .string()
    .max(253)
    .optional()
    .describe("Name of this node, shown with the component; empty or left out: not shown"),
  sides: z
    .enum(["both", "source", "destination"])
    .default("both")
    .describe("Whose pods get an event: the sender's, the receiver's, or both"),
  namePolicy: z
    .boolean()
    .default(true)
    .describe(
      "Ends the message in the policy's name where the rule's log prefix has one; false: kube-iptables-tailer's words only",
    ),
  requestsPerSecond: z
    .number()
    .min(0.1)
    .max(10_000)
    .default(150)
    .describe("Requests this node sends at most in the long run; halves itself while the API server is overloaded"),
  burst: z.int().min(1).max(100_000).default(300).describe("Requests that may be sent at once after a quiet time"),
  distinctMessages: z
    .int()
    .min(1)
    .max(1000)
    .default(20)
    .describe("Different messages that a pod gets as events of their own; further ones share one combined event"),
  distinctInterval: duration("10m").describe("How long a message counts among a pod's different ones"),
  maxSeries: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(4096)
    .describe(
      "Events remembered so that a repeat raises their count, about 1 KB each; beyond, the oldest is forgotten",
    ),
  eventTtl: duration("1h").describe("How long the API server keeps an event (its --event-ttl); then a new one is made"),
});

export type Options = z.infer<typeof options>;
