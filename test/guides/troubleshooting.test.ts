/**
 * docs/troubleshooting.md: each section's commands are typed, as they stand there, beside a program in that very trouble,
 * and what they print is what the guide shows. What needs root is in test/system/guides.test.ts.
 */
import { describe, expect, it } from "vitest";
import { ClusterNode } from "./cluster-node.ts";
import { keeps, promisedBy, scriptOf, sectionsOf } from "./guide.ts";
import { hasKubectl } from "./has-kubectl.ts";

type Finish = Parameters<typeof ClusterNode.open>[0];

/** How a node comes into each trouble. */
const troubles: Readonly<Record<string, (finish: Finish) => Promise<ClusterNode>>> = {
  "No events": (finish) => ClusterNode.open(finish),
  "No events: how far packets come": async (finish) => {
    const node = await ClusterNode.open(finish);
    node.drop(3);
    const program = node.start();
    await program.ready();
    await program.measures("both events", (now) => now.sum("droplens_events_posted_total") === 2);
    return node;
  },
  "The pod restarts": async (finish) => {
    const journal = (config: string) => config.replace(/source: .*/, "source: { use: source-journald }");
    const node = await ClusterNode.open(finish, journal);
    await node.start().child.ended();
    return node;
  },
  "Lines read, none matched": async (finish) => {
    const node = await ClusterNode.open(finish, (config) => config.replace("calico-packet:", "calico-drop:"));
    node.drop(3);
    await node.start().measures("lines read", (now) => now.sum("droplens_lines_read_total") === 3);
    return node;
  },
  "Events without names": (finish) => ClusterNode.open(finish),
  "Events without names: an address only": async (finish) => {
    const node = await ClusterNode.open(finish);
    node.kubernetes.remove("Pod", "data", "db");
    node.drop(1);
    const program = node.start();
    await program.measures("one event", (now) => now.sum("droplens_events_posted_total") === 1);
    return node;
  },
  "No right": async (finish) => {
    const node = await ClusterNode.open(finish);
    node.kubernetes.setRights(({ resource }) => resource !== "events");
    node.drop(1);
    return node;
  },
  "Discards rise": async (finish) => {
    const node = await ClusterNode.open(finish);
    node.drop(40, { at: new Date(Date.now() - 3_600_000) });
    const program = node.start();
    await program.measures("expired", (now) => now.sum("droplens_packets_discarded_total") === 40);
    return node;
  },
  "Not ready": async (finish) => {
    const node = await ClusterNode.open(finish);
    await node.kubernetes.stop();
    node.drop(1);
    const program = node.start();
    await program.child.until("not ready, for both reasons", async () => {
      const { text } = await program.get("/readyz");
      return text.includes("sink-k8s-events") && text.includes("resolver-k8s");
    });
    return node;
  },
  "A sink is stuck": async (finish) => {
    const node = await ClusterNode.open(finish);
    node.drop(1);
    const program = node.start();
    await program.measures("one event", (now) => now.sum("droplens_events_posted_total") === 2);
    await node.kubernetes.stop();
    for (const port of [80, 81, 82]) node.drop(1, { port });
    await program.measures("a retry", (now) => now.sum("droplens_delivery_retries_total") > 0);
    return node;
  },
  "Times are wrong": async (finish) => {
    const node = await ClusterNode.open(finish);
    // rsyslog's traditional format on a node two hours ahead of UTC.
    const [, day = "", month, , time] = new Date(Date.now() + 7_200_000).toUTCString().split(" ");
    node.write(
      `${month} ${day.replace(/^0/, " ")} ${time} node-1 kernel: calico-packet: IN=cali1 OUT=eth0 SRC=10.77.1.2 DST=10.77.2.2 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1 DF PROTO=TCP SPT=36084 DPT=5432 WINDOW=64240 RES=0x00 SYN URGP=0 \n`,
    );
    const program = node.start();
    await program.child.says(/set \\"timeZone\\"/);
    return node;
  },
};

/** test/system/guides.test.ts has them. */
const asRoot = ["Nothing from a kind node"];

const document = "docs/troubleshooting.md";
const sections = sectionsOf(document).filter((section) => scriptOf(section) !== "");

describe.concurrent(document, { timeout: 60_000 }, () => {
  it("has no symptom that is not tried", () => {
    const tried = ["Where to type", ...Object.keys(troubles), ...asRoot];
    expect(sections.map(({ heading }) => heading).toSorted()).toEqual(tried.toSorted());
  });

  for (const section of sections.filter(({ heading }) => heading in troubles)) {
    const needs = scriptOf(section).includes("kubectl auth") ? " (skipped where kubectl is not on the PATH)" : "";
    it.skipIf(needs !== "" && !hasKubectl())(`${section.heading}${needs}`, async ({ onTestFinished }) => {
      const node = await troubles[section.heading]?.(onTestFinished);
      const printed = (await node?.type(scriptOf(section))) ?? "";
      expect(keeps(promisedBy(section), printed), `it printed\n${printed}`).toBe(true);
    });
  }
});
