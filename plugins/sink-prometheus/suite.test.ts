import { describe, it } from "vitest";
import { realClock, type SinkPartner, sinkChecks, testContext } from "../../core/testkit/index.ts";
import { sinkPrometheus } from "./index.ts";

function startPartner(): SinkPartner {
  const context = testContext({ clock: realClock });
  return { options: {}, context, storedPackets: () => context.metrics.sum("droplens_packet_drops_total") };
}

describe("sink-prometheus as a sink", () => {
  for (const { name, run } of sinkChecks({ definition: sinkPrometheus, startPartner })) it(name, run);
});
