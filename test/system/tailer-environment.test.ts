/**
 * The main job, end to end, as kube-iptables-tailer is configured: a packet that a real kernel drops becomes an event on
 * both pods, seen by the machine's kubectl, and a number in /metrics.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { describedEvents, waitForEvent } from "./cluster.ts";
import { addresses } from "./node-network.ts";
import { freePort, Program } from "./program.ts";
import { openStage, type Stage } from "./stage.ts";
import { kubeconfigPath, systemTest } from "./system-test.ts";
import { waitFor } from "./wait-for.ts";

const { web, db, node, outside } = addresses;

// A folder of its own for the checkpoint: the default is the machine's.
const withOwnState = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /var/lib && exec "$@"', "sh"];

systemTest("run, with the environment of kube-iptables-tailer", () => {
  let stage: Stage;
  let program: Program;

  beforeAll(async () => {
    stage = await openStage("imklog");
    const port = await freePort();
    const environment = {
      PATH: process.env.PATH ?? "",
      KUBECONFIG: kubeconfigPath(),
      IPTABLES_LOG_PATH: stage.rsyslog.path,
      IPTABLES_LOG_PREFIX: stage.network.prefix,
      METRICS_SERVER_PORT: String(port),
      WATCH_LOGS_INTERVAL_SECONDS: "1",
    };
    program = new Program({ words: [...withOwnState, process.execPath, "core/main.ts", "run"], environment, port });
    await program.answers("/readyz", 200, 30_000);
  });

  afterAll(async () => {
    await program?.stop("SIGKILL");
    await stage?.close();
  });

  const drops = [
    {
      name: "TCP",
      send: (s: Stage) => s.network.connect("web", db.ip4, 80),
      ends: [web.ip4, db.ip4],
      what: "on port 80/TCP",
    },
    {
      name: "another port",
      send: (s: Stage) => s.network.connect("web", db.ip4, 443),
      ends: [web.ip4, db.ip4],
      what: "on port 443/TCP",
    },
    {
      name: "TCP over IPv6",
      send: (s: Stage) => s.network.connect("web", db.ip6, 80),
      ends: [web.ip6, db.ip6],
      what: "on port 80/TCP",
    },
    {
      name: "UDP",
      send: (s: Stage) => s.network.datagram("web", db.ip4, 53),
      ends: [web.ip4, db.ip4],
      what: "on port 53/UDP",
    },
    {
      name: "UDP over IPv6",
      send: (s: Stage) => s.network.datagram("web", db.ip6, 53),
      ends: [web.ip6, db.ip6],
      what: "on port 53/UDP",
    },
    {
      name: "ICMP",
      send: (s: Stage) => s.network.ping("web", db.ip4),
      ends: [web.ip4, db.ip4],
      what: "over ICMP type 8 code 0",
    },
    {
      name: "ICMPv6",
      send: (s: Stage) => s.network.ping("web", db.ip6),
      ends: [web.ip6, db.ip6],
      what: "over ICMPv6 type 128 code 0",
    },
  ];

  for (const { name, send, ends, what } of drops) {
    it(`tells both pods of ${name}`, async () => {
      await send(stage);
      await waitForEvent(
        stage.shop,
        "web",
        `Packet dropped when sending traffic to ${stage.data} (${ends[1]}) ${what}`,
        program,
      );
      await waitForEvent(
        stage.data,
        "db",
        `Packet dropped when receiving traffic from ${stage.shop} (${ends[0]}) ${what}`,
        program,
      );
    });
  }

  it("tells the one pod there is of a packet to an address outside", async () => {
    await stage.network.connect("web", outside.ip4, 80);
    await waitForEvent(
      stage.shop,
      "web",
      `Packet dropped when sending traffic to ${outside.ip4} on port 80/TCP`,
      program,
    );
  });

  it("calls the node by its name, and tells nothing to the pod that shares its network", async () => {
    await stage.network.connect("node", db.ip4, 443);
    const message = `Packet dropped when receiving traffic from ${stage.nodeName} (${node.ip4}) on port 443/TCP`;
    await waitForEvent(stage.data, "db", message, program);
    expect(await describedEvents(stage.system, "agent")).toContain("<none>");
  });

  it("shows the reason and the component that the Go tailer's users know", async () => {
    expect(await describedEvents(stage.shop, "web")).toMatch(
      /Warning +PacketDrop +\S+ .*kube-iptables-tailer +Packet dropped/,
    );
  });

  it("counts every packet that the kernel logged, and no other line", async () => {
    const { network, rsyslog } = stage;
    const forged = `IN=eth0 OUT= SRC=${web.ip4} DST=${db.ip4} LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=TCP SPT=1 DPT=99 `;
    await rsyslog.write("anybody", `${network.prefix} ${forged}`);
    await network.connect("web", db.ip4, 81); // logged with another prefix
    await network.connect("web", db.ip4, 80);
    const logged = await network.logged();
    await waitFor("the file to hold it all", async () => (await rsyslog.lines(network.prefix)).length === logged + 1);
    const samples = await program.measures(
      "as many matched lines as packets",
      (now) => now.sum("droplens_lines_matched_total") === logged,
    );
    for (const sink of ["sink-k8s-events", "sink-prometheus"]) {
      const delivered = samples.sum("droplens_packets_delivered_total", { sink });
      const discarded = samples.sum("droplens_packets_discarded_total", { sink });
      const before = samples.sum("droplens_packets_discarded_total", { sink: "" });
      expect(delivered + discarded + before + samples.sum("droplens_packets_open", { sink }), sink).toBe(logged);
    }
    expect(samples.sum("packet_drops_count", { src: stage.shop, dst: stage.data })).toBeGreaterThanOrEqual(
      drops.length,
    );
    expect(await describedEvents(stage.data, "db")).not.toContain("port 99/TCP");
  });

  it("ends by SIGTERM with exit code 0 and no error logged", async () => {
    expect(await program.stop()).toBe(0);
    expect(program.logLines("error")).toEqual([]);
  });
});
