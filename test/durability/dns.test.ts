/**
 * What a DNS server can do to the program: never answer, answer garbage, and be asked about more addresses than it can
 * say. No report waits longer than resolver-dns promises, and every packet is reported.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { DnsServer, type Reply } from "../../plugins/resolver-dns/testdata/dns-server.ts";
import { strangers } from "../support/flow-load.ts";
import { garbage, named, silence } from "../support/name-server-replies.ts";
import { ServerTrial } from "../support/server-trial.ts";
import { seeded, tries } from "../support/trial.ts";

type Finish = (clean: () => void | Promise<void>) => void;

const seconds = tries({ long: 60, short: 6 });
const outcome = "droplens_dns_lookups_total";

describe.concurrent("a DNS server that", () => {
  it.for<readonly [string, Reply, string]>([
    ["never answers", silence, "silent"],
    ["answers garbage", garbage(seeded()), "malformed"],
  ])("%s", async ([what, reply, told], { onTestFinished: finish }) => {
    const trial = await begin(finish, reply);
    trial.node.beginLoad(50);
    await sleep(seconds * 1000);
    await trial.recovers();
    const samples = await trial.program.metrics();
    expect(samples.sum(outcome, { outcome: told })).toBeGreaterThan(0);
    const asked = 2 * trial.node.load.written.size;
    await concludeInTime(trial, { trial: `DNS: ${what}`, tries: asked, of: "addresses" });
  });

  it("is to be asked about 10,000 new addresses a second", async ({ onTestFinished: finish }) => {
    const trial = await begin(finish, named);
    // Two addresses a packet.
    trial.node.beginLoad(5000);
    await sleep((seconds * 1000) / 2);
    await trial.recovers();
    const samples = await trial.program.metrics();
    expect(samples.sum(outcome, { outcome: "overloaded" })).toBeGreaterThan(0);
    expect(samples.sum(outcome, { outcome: "answered" })).toBeGreaterThan(0);
    const asked = 2 * trial.node.load.written.size;
    await concludeInTime(trial, { trial: "DNS: 10,000 new addresses a second", tries: asked, of: "addresses" });
  });
});

async function begin(finish: Finish, reply: Reply): Promise<ServerTrial> {
  const dns = await DnsServer.start(reply);
  finish(() => dns.stop());
  const trial = new ServerTrial({
    finish,
    load: { pairs: 1, ...strangers() },
    config: { resolvers: [{ use: "resolver-dns", servers: [dns.address] }] },
    sink: "sink-jsonl",
  });
  await trial.program.ready();
  return trial;
}

/** `timeout` is 1 s by default, and no report waits longer than twice that. */
async function concludeInTime(trial: ServerTrial, figures: Parameters<ServerTrial["conclude"]>[0]): Promise<void> {
  await trial.node.endLoad();
  await trial.node.unhurt(trial.program, 60_000);
  const samples = await trial.program.metrics();
  const within = (le: string) => samples.sum("droplens_resolve_seconds_bucket", { le });
  const inTime = ["0.1", "1", "2.5", "+Inf"].map((le) => `${within(le)} within ${le} s`).join(", ");
  await trial.conclude({ ...figures, note: `reports that had to wait: ${inTime}` });
  expect(within("+Inf")).toBeGreaterThan(0);
  expect(within("2.5")).toBe(within("+Inf"));
}
