/**
 * docs/log-rules.md's commands on a real kernel, as they stand there: what is dropped is logged, and what is logged is
 * counted. And what docs/troubleshooting.md says of a node whose rules are silent.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { promisedBy, scriptOf, scriptsOf, sectionOf } from "../guides/guide.ts";
import { output, run } from "./command.ts";
import { matched, startReader } from "./log-reader.ts";
import { addresses, inNode, NodeNetwork } from "./node-network.ts";
import type { Program } from "./program.ts";
import { systemTest } from "./system-test.ts";

const { web, db } = addresses;
const guide = "docs/log-rules.md";

systemTest("rules of docs/log-rules.md", () => {
  let folder: string;
  let network: NodeNetwork;
  let program: Program;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "droplens-guides-"));
    network = await NodeNetwork.open();
    program = await startReader({ folder, source: { use: "source-kmsg" }, prefix: network.prefix });
  });

  afterEach(async () => {
    await program?.stop("SIGKILL");
    await network?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** In the node's network. db's is the one that may pass; the prefix is no other run's. */
  const onNode = (script: string): Promise<string> => {
    const here = script.replaceAll("packet-drop: ", `${network.prefix} `).replaceAll("10.244.1.0/24", "10.203.2.0/24");
    return inNode(["bash", "-ec", here]);
  };
  const rules = (heading: string) => onNode(scriptOf(sectionOf(guide, heading)));
  const flood = (packets: number) =>
    network.in("web", ["bash", "-c", `for i in {1..${packets}}; do echo x >/dev/udp/${db.ip4}/5353; done`]);
  const connectBothWays = async () => {
    for (let i = 0; i < 3; i++) await network.connect("web", db.ip4, 5432);
    await network.connect("db", web.ip4, 5432);
  };

  it("iptables: what is dropped is logged and counted, what may pass is not", async () => {
    await rules("iptables");
    await connectBothWays();
    const [log, drop] = packetsOfChain(await onNode("iptables -nvxL LOGDROP"));
    expect(drop).toBeGreaterThanOrEqual(3);
    expect(log).toBe(drop);
    await matched(program, drop ?? 0);
  });

  it("nft: what is dropped is logged and counted, what may pass is not", async () => {
    await rules("nft");
    await connectBothWays();
    const [dropped = 0] = packetsOfTable(await onNode("nft list table inet guard"));
    expect(dropped).toBeGreaterThanOrEqual(3);
    await matched(program, dropped);
  });

  it("With a limit, iptables: all are dropped, those within the limit are logged and counted", async () => {
    const [iptables = ""] = scriptsOf(sectionOf(guide, "With a limit"));
    await onNode(iptables);
    await flood(200);
    const [log = 0, drop] = packetsOfChain(await onNode("iptables -nvxL LOGLIMITED"));
    expect(drop).toBe(200);
    expect(log).toBeGreaterThanOrEqual(20);
    expect(log).toBeLessThan(200);
    await matched(program, log);
  });

  it("With a limit, nft: all are dropped, those within the limit are logged and counted", async () => {
    const [, nft = ""] = scriptsOf(sectionOf(guide, "With a limit"));
    await onNode(nft);
    await flood(200);
    const [log = 0, drop] = packetsOfTable(await onNode("nft list table inet guard_limited"));
    expect(drop).toBe(200);
    expect(log).toBeGreaterThanOrEqual(20);
    expect(log).toBeLessThan(200);
    await matched(program, log);
  });

  it("With a limit, nft: in one rule with the drop it lets the rest through, as the guide warns", async () => {
    const chain = "inet guard_trap forward";
    await onNode(`nft add table inet guard_trap
      nft add chain ${chain} '{ type filter hook forward priority 0; }'
      nft add rule ${chain} udp dport 5353 limit rate 10/second burst 20 packets counter log prefix '"packet-drop: "' drop
      nft add rule ${chain} udp dport 5353 counter`);
    await flood(200);
    const [dropped = 0, passed = 0] = packetsOfTable(await onNode("nft list table inet guard_trap"));
    expect(dropped + passed).toBe(200);
    expect(passed).toBeGreaterThan(100);
  });

  it("Nothing from a kind node: its rules drop in silence until the sysctl is set", async () => {
    const silence = sectionOf("docs/troubleshooting.md", "Nothing from a kind node");
    const [ask = "", set = ""] = scriptsOf(silence);
    await run(["sysctl", "-qw", "net.netfilter.nf_log_all_netns=0"]);
    const before = await output(["bash", "-ec", ask]);
    await network.datagram("web", db.ip4, 53);
    const silent = await network.logged();
    const after = await output(["bash", "-ec", set]);
    await network.datagram("web", db.ip4, 53);
    await matched(program, (await network.logged()) - silent);
    expect(before + after).toBe(promisedBy(silence));
    expect(silent).toBeGreaterThan(0);
  });
});

/** Packets of each rule, as `iptables -nvxL CHAIN` prints them. */
function packetsOfChain(listing: string): number[] {
  return [...listing.matchAll(/^ *(\d+) +\d+ /gm)].map(([, packets]) => Number(packets));
}

function packetsOfTable(listing: string): number[] {
  return [...listing.matchAll(/counter packets (\d+)/g)].map(([, packets]) => Number(packets));
}
