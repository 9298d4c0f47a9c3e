/** A server trial whose sink is sink-k8s-events: the events in the API server count what was written, on both pods. */
import type { ClusterAtStake } from "./cluster-at-stake.ts";
import { ServerTrial } from "./server-trial.ts";

export interface EventTrialParts {
  readonly finish: (clean: () => void | Promise<void>) => void;
  readonly cluster: ClusterAtStake;
  readonly pairs: number;
  readonly network?: number;
  /** How resolver-k8s and sink-k8s-events find the API server. */
  readonly access: { readonly server?: string; readonly kubeconfig?: string };
  /** More options of sink-k8s-events. */
  readonly sink?: object;
}

export function eventTrial({ finish, cluster, pairs, network = 77, access, sink }: EventTrialParts): ServerTrial {
  return new ServerTrial({
    finish,
    load: { pairs, network },
    config: {
      resolvers: [{ use: "resolver-k8s", ...access, startSpread: "0s" }],
      sinks: [{ use: "sink-k8s-events", ...access, distinctMessages: 1000, ...sink }],
    },
    sink: "sink-k8s-events",
    receivers: async () => {
      const { sending, receiving } = await cluster.eventCounts();
      return { sending, receiving };
    },
  });
}
