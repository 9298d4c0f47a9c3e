/** The harness itself: what the rules drop is in the file that rsyslog writes, as often as the kernel counted it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { addresses, NodeNetwork } from "./node-network.ts";
import { type Rsyslog, startRsyslog } from "./rsyslog.ts";
import { systemTest } from "./system-test.ts";
import { waitFor } from "./wait-for.ts";

systemTest.each(["imklog", "imkmsg"] as const)("a kernel's LOG lines in a file by rsyslog's %s", (input) => {
  let folder: string;
  let network: NodeNetwork;
  let rsyslog: Rsyslog;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "droplens-kernel-"));
    network = await NodeNetwork.open();
    rsyslog = await startRsyslog(folder, input);
  });

  afterAll(async () => {
    await rsyslog?.stop();
    await network?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const { web, db } = addresses;
  const packets = [
    {
      name: "TCP",
      send: () => network.connect("web", db.ip4, 80),
      shows: /IN=cali-web OUT=cali-db .* PROTO=TCP .*DPT=80 /,
    },
    {
      name: "TCP over IPv6",
      send: () => network.connect("db", web.ip6, 443),
      shows: /SRC=fd20:.* HOPLIMIT=.* DPT=443 /,
    },
    {
      name: "UDP",
      send: () => network.datagram("web", db.ip4, 53),
      shows: /SRC=10.203.1.2 .* PROTO=UDP .*DPT=53 LEN=/,
    },
    {
      name: "UDP over IPv6",
      send: () => network.datagram("web", db.ip6, 53),
      shows: /SRC=fd20:.* PROTO=UDP .*DPT=53 /,
    },
    { name: "ICMP", send: () => network.ping("web", db.ip4), shows: /PROTO=ICMP TYPE=8 CODE=0 / },
    { name: "ICMPv6", send: () => network.ping("web", db.ip6), shows: /PROTO=ICMPv6 TYPE=128 CODE=0 / },
    { name: "the node's own TCP", send: () => network.connect("node", db.ip4, 80), shows: /IN= OUT=cali-db SRC=/ },
  ];

  for (const { name, send, shows } of packets) {
    it(`holds ${name}, dropped by its rule`, async () => {
      await send();
      await waitFor(`a line like ${shows}`, async () =>
        (await rsyslog.lines(network.prefix)).some((line) => shows.test(line)),
      );
    });
  }

  it("holds a line for each packet that the kernel counted at its rules", async () => {
    const lines = await waitFor("as many lines as packets", async () => {
      const found = await rsyslog.lines(network.prefix);
      return found.length === (await network.logged()) ? found : undefined;
    });
    expect(lines.length).toBeGreaterThanOrEqual(packets.length);
  });
});
