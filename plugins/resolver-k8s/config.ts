/** The options of resolver-k8s. */
import { isIP } from "node:net";
import { z } from "zod";
import { kubernetesOptions } from "../../core/kubernetes/connect.ts";
import { duration } from "../../core/plugin/index.ts";

export const podIdentifiers = ["namespace", "name", "label", "name_with_namespace"] as const;

const network = z
  .string()
  .refine((text) => isNetwork(text), 'not a network: write it like "10.244.0.0/16" or "fd00:10:244::/56"');

export const resolverK8sOptions = z
  .strictObject({
    ...kubernetesOptions,
    podIdentifier: z
      .enum(podIdentifiers)
      .default("namespace")
      .describe("What a pod is called in messages and metrics, as POD_IDENTIFIER of kube-iptables-tailer"),
    podIdentifierLabel: z
      .string()
      .optional()
      .describe("The label whose value names a pod with podIdentifier: label; a pod without it shows its name"),
    scope: z
      .enum(["auto", "cluster", "node"])
      .default("auto")
      .describe("Which pods are watched: all, or the own node's; auto: the own node's if nodeName is given, else all"),
    nodeName: z.string().optional().describe("The own node's name, usually from the environment variable NODE_NAME"),
    podNetworks: z
      .array(network)
      .optional()
      .describe("Networks that pods have addresses in; others are never held or asked for. Left out: any"),
    hold: duration("4s").describe("How long a report waits for the status of a pod that has only just started"),
    maxHeld: z.int().min(0).max(100_000).default(1000).describe("How many reports may be held at once"),
    syncTimeout: duration("30s").describe("How long reports wait, after the start, for the first list of pods"),
    startSpread: duration("2s").describe("The first list begins at a random time within this, so that nodes spread"),
    lookups: z
      .strictObject({
        perMinute: z.int().min(1).max(6000).default(6).describe("Questions to the API server in a minute, at most"),
        burst: z.int().min(1).max(1000).default(10).describe("Questions at once after a quiet time"),
        remember: duration("60s").describe("How long an answer is believed"),
        rememberUnknown: duration("30s").describe('How long the answer "no pod" is believed'),
      })
      .prefault({})
      .describe("With the own node's scope: how the pods of other nodes are asked for, by address"),
  })
  .superRefine((options, context) => {
    if (options.podIdentifier === "label" && !options.podIdentifierLabel) {
      const message = "podIdentifier: label needs podIdentifierLabel, the key of the label (POD_IDENTIFIER_LABEL)";
      context.addIssue({ code: "custom", path: ["podIdentifierLabel"], message });
    }
    if (options.scope === "node" && !options.nodeName) {
      const message = "scope: node needs nodeName, usually from the variable NODE_NAME (fieldRef: spec.nodeName)";
      context.addIssue({ code: "custom", path: ["nodeName"], message });
    }
  });

export type ResolverK8sOptions = z.output<typeof resolverK8sOptions>;

/** The node to watch, undefined for the whole cluster. */
export function watchedNode(options: Pick<ResolverK8sOptions, "scope" | "nodeName">): string | undefined {
  return options.scope === "cluster" ? undefined : options.nodeName || undefined;
}

function isNetwork(text: string): boolean {
  const [address = "", length = "", ...rest] = text.split("/");
  const version = isIP(address);
  const isLength = /^\d{1,3}$/.test(length) && Number(length) <= (version === 4 ? 32 : 128);
  return version !== 0 && !address.includes("%") && isLength && rest.length === 0;
}
