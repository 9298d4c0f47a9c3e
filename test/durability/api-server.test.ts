/**
 * What a real API server can do to the program: be away, die, accept and never answer, crawl, close every connection.
 * KUBE_APISERVER names its program. In the end its events count what was written to the log, flow by flow.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import type { ClusterAtStake } from "../support/cluster-at-stake.ts";
import { eventTrial } from "../support/event-trial.ts";
import { apiServerProgram, RealApiServer } from "../support/real-api-server.ts";
import type { ServerTrial } from "../support/server-trial.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { tries } from "../support/trial.ts";
import { Wire } from "../support/wire.ts";
import { apiAnswerTrials } from "./api-answers.ts";

type Finish = (clean: () => void | Promise<void>) => void;

const skipped = apiServerProgram === undefined ? " (skipped: KUBE_APISERVER names no program)" : "";
const pairs = 20;
const flowsPerSecond = 10;
const troubleMillis = tries({ long: 60_000, short: 6000 });

describe.concurrent("an API server that", apiAnswerTrials);

describe.skipIf(apiServerProgram === undefined)(`a real API server${skipped}`, { concurrent: true }, () => {
  it("is down at the start, comes, is killed in mid-load, and comes back", async ({ onTestFinished }) => {
    const server = await RealApiServer.start(tempFolder(onTestFinished));
    onTestFinished(() => server.kill());
    const cluster = server.cluster();
    await cluster.createPods(pairs);
    await server.kill();
    const trial = eventTrial({ finish: onTestFinished, cluster, pairs, access: { kubeconfig: server.kubeconfig } });
    // What a log holds after a night: as many reports as may be under way wait for the first list of pods.
    trial.node.load.write(1000);
    trial.node.beginLoad(flowsPerSecond);
    await trial.program.measures("some matched", (now) => now.sum("droplens_lines_matched_total") > 0);
    await server.start();
    await trial.recovers();
    const kills = tries({ long: 20, short: 2 });
    for (let kill = 0; kill < kills; kill++) {
      await server.kill();
      await sleep(troubleMillis / 3);
      await trial.othersAreUnhurt();
      await server.start();
      await trial.recovers();
    }
    await trial.conclude({
      trial: "API server: down at the start, killed in mid-load and back",
      tries: kills,
      of: "kills",
    });
  });

  describe("behind a wire in trouble", () => {
    let server: RealApiServer;

    beforeAll(async () => {
      let removeFolder = () => {};
      const folder = tempFolder((clean) => {
        removeFolder = clean;
      });
      server = await RealApiServer.start(folder);
      return async () => {
        await server.kill();
        removeFolder();
      };
    });

    async function behindWire(finish: Finish, network: number): Promise<{ trial: ServerTrial; wire: Wire }> {
      const cluster = server.cluster(network);
      await cluster.createPods(pairs);
      const wire = await Wire.to(server.port, finish);
      const access = { kubeconfig: server.kubeconfig, server: `https://127.0.0.1:${wire.port}` };
      const trial = eventTrial({ finish, cluster, pairs, network, access });
      await trial.program.ready();
      trial.node.beginLoad(flowsPerSecond);
      await trial.recovers();
      return { trial, wire };
    }

    it("accepts and never answers", async ({ onTestFinished: finish }) => {
      const { trial, wire } = await behindWire(finish, 81);
      wire.fallSilent();
      await sleep(troubleMillis);
      await trial.othersAreUnhurt();
      await wire.pass();
      await trial.recovers();
      if (tries({ long: 1, short: 0 }) > 0) await watchNoticesPods(trial, server.cluster(81));
      await trial.conclude({ trial: "API server: half-open, accepts and never answers", tries: 1, of: "outages" });
    });

    it("crawls", async ({ onTestFinished: finish }) => {
      const { trial, wire } = await behindWire(finish, 82);
      wire.crawl(500);
      await sleep(troubleMillis);
      await trial.othersAreUnhurt();
      await wire.pass();
      await trial.recovers();
      await trial.conclude({ trial: "API server: 500 bytes a second", tries: 1, of: "outages" });
    });

    it("closes every connection once a second", async ({ onTestFinished: finish }) => {
      const { trial, wire } = await behindWire(finish, 83);
      const cuts = Math.round((2 * troubleMillis) / 1000);
      for (let cut = 0; cut < cuts; cut++) {
        await sleep(1000);
        wire.cut();
      }
      await trial.recovers();
      expect(wire.connections).toBeGreaterThanOrEqual(cuts);
      await trial.conclude({
        trial: "API server: watch and all connections closed every second",
        tries: cuts,
        of: "cuts",
      });
    });
  });
});

/** The watch's connection is dead for good, and nobody has closed it: it takes two bookmarks' time to be noticed. */
async function watchNoticesPods({ program }: ServerTrial, cluster: ClusterAtStake): Promise<void> {
  await cluster.createPair(pairs + 1);
  const pods = async () => (await program.metrics()).sum("droplens_kubernetes_pods") >= 2 * (pairs + 1);
  await program.child.until("the new pods are known", pods, 240_000);
}
