/** What the soak does to the program's surroundings, one after the other; each begins, lasts, and ends. */
import { renameSync } from "node:fs";
import type { FakeKubernetes } from "../../core/testkit/fake-kubernetes/index.ts";
import type { DnsServer, Reply } from "../../plugins/resolver-dns/testdata/dns-server.ts";
import type { ClusterAtStake } from "../support/cluster-at-stake.ts";
import type { CollectorAtStake } from "../support/collector-at-stake.ts";
import type { FlowLoad } from "../support/flow-load.ts";
import { garbage, named, silence } from "../support/name-server-replies.ts";
import { seeded } from "../support/trial.ts";
import type { Wire } from "../support/wire.ts";

export interface Trouble {
  readonly name: string;
  begin(): void | Promise<void>;
  end(): void | Promise<void>;
}

export interface Surroundings {
  readonly log: string;
  readonly kubernetes: FakeKubernetes;
  readonly cluster: ClusterAtStake;
  readonly pairs: number;
  readonly apiWire: Wire;
  readonly collector: CollectorAtStake;
  readonly collectorWire: Wire;
  readonly dns: DnsServer;
  /** Packets between addresses that nobody had before. */
  readonly flood: FlowLoad;
}

export function troublesOf(around: Surroundings): readonly Trouble[] {
  return [
    ...wireTroubles("API server", around.apiWire),
    ...answerTroubles(around.kubernetes),
    ...wireTroubles("Collector", around.collectorWire),
    collectorKilled(around.collector),
    ...nameTroubles(around),
    podsComeAndGo(around),
    { name: "rotation", begin: () => renameSync(around.log, `${around.log}.1`), end: () => undefined },
  ];
}

function wireTroubles(who: string, wire: Wire): Trouble[] {
  const end = () => wire.pass();
  return [
    { name: `${who} not there`, begin: () => wire.refuse(), end },
    { name: `${who} half-open`, begin: () => wire.fallSilent(), end },
    { name: `${who} slow to a crawl`, begin: () => wire.crawl(2000), end },
    repeating(`connections to the ${who} closed every second`, 1000, () => wire.cut()),
  ];
}

function answerTroubles(kubernetes: FakeKubernetes): Trouble[] {
  const refuses = (name: string, status: number, retryAfter?: string): Trouble => {
    let lift: () => void = () => undefined;
    const answer = { kind: "status", status, reason: "ServiceUnavailable", ...(retryAfter && { retryAfter }) } as const;
    return {
      name,
      begin: () => {
        lift = kubernetes.fault({ times: Number.POSITIVE_INFINITY, answer });
        kubernetes.cutWatches();
      },
      end: () => lift(),
    };
  };
  const forget = () => {
    kubernetes.compact();
    kubernetes.cutWatches();
  };
  return [
    refuses("API server: 429 with Retry-After", 429, "2"),
    refuses("API server: 500", 500),
    repeating("API server forgets its history", 2000, forget),
  ];
}

function collectorKilled(collector: CollectorAtStake): Trouble {
  return { name: "Collector killed", begin: () => collector.kill(), end: () => collector.start() };
}

function nameTroubles({ dns, flood }: Surroundings): Trouble[] {
  const strangers = () => flood.write(10, 0);
  const answering = (name: string, reply: Reply): Trouble => {
    const asking = repeating(name, 1000, strangers);
    return {
      name,
      begin: () => {
        dns.reply = reply;
        return asking.begin();
      },
      end: () => {
        dns.reply = named;
        return asking.end();
      },
    };
  };
  return [
    answering("DNS silent", silence),
    answering("DNS answers garbage", garbage(seeded())),
    { name: "10,000 new addresses in a second", begin: () => flood.write(5000, 0), end: () => undefined },
  ];
}

function podsComeAndGo({ kubernetes, cluster, pairs }: Surroundings): Trouble {
  let pair = 0;
  return repeating("pods come and go", 500, () => {
    pair = (pair % pairs) + 1;
    kubernetes.remove("Pod", "shop", `web-${pair}`);
    kubernetes.remove("Pod", "data", `db-${pair}`);
    return cluster.createPair(pair);
  });
}

function repeating(name: string, everyMillis: number, act: () => void | Promise<void>): Trouble {
  let timer: NodeJS.Timeout | undefined;
  let last: void | Promise<void>;
  return {
    name,
    begin: () => {
      timer = setInterval(() => {
        last = act();
      }, everyMillis);
    },
    end: () => {
      clearInterval(timer);
      return last;
    },
  };
}
