import { describe, it } from "vitest";
import {
  dropReport,
  type FakeKubernetes,
  type FaultAnswer,
  type Mood,
  type SinkPartner,
  type SinkSubject,
  sinkChecks,
  startFakeKubernetes,
} from "../../core/testkit/index.ts";
import { sinkK8sEvents } from "./index.ts";

const answers: Readonly<Record<Exclude<Mood, "well">, FaultAnswer>> = {
  unavailable: { kind: "cut" },
  refusing: { kind: "status", status: 422, reason: "Invalid" },
  silent: { kind: "hang" },
};

const pod = { kind: "pod", displayName: "shop", name: "web", namespace: "shop", uid: "u-1" } as const;

const subject: SinkSubject = {
  definition: sinkK8sEvents,
  startPartner: async () => partnerOn(await startFakeKubernetes()),
  moods: ["unavailable", "refusing", "silent"],
  // Only pods have events.
  report: (parts) => dropReport({ source: { ...pod, address: "10.0.0.7" }, ...parts }),
};

function partnerOn(server: FakeKubernetes): SinkPartner {
  server.put({ kind: "Namespace", apiVersion: "v1", metadata: { name: "shop" } });
  let lift = () => {};
  return {
    options: { server: server.url },
    storedPackets: () => server.list("Event").reduce((sum, event) => sum + Number(event.count), 0),
    become(mood) {
      lift();
      lift = mood === "well" ? () => {} : server.fault({ answer: answers[mood], times: Number.POSITIVE_INFINITY });
    },
    stop: () => server.stop(),
  };
}

describe("sink-k8s-events as a sink", () => {
  for (const { name, run } of sinkChecks(subject)) it(name, run);
});
