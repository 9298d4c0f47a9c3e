/**
 * The same road with a config file: rotations by the machine's logrotate, repeats folded into one event, a restart from
 * the checkpoint, a kill at any moment. In the end each packet that the kernel counted at its rules has been counted.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describedEvents } from "./cluster.ts";
import { addresses } from "./node-network.ts";
import { freePort, Program } from "./program.ts";
import { openStage, type Stage } from "./stage.ts";
import { kubeconfigPath, systemTest } from "./system-test.ts";
import { waitFor } from "./wait-for.ts";

const { web, db } = addresses;

systemTest("run, with a config file", () => {
  let stage: Stage;
  let program: Program | undefined;
  /** Packets that the kernel had logged when the program at hand was started. */
  let loggedBefore = 0;

  beforeAll(async () => {
    stage = await openStage("imkmsg");
  });

  afterAll(async () => {
    await program?.stop("SIGKILL");
    await stage?.close();
  });

  async function start(): Promise<Program> {
    const port = await freePort();
    const config = join(stage.folder, "droplens.yaml");
    await writeFile(config, configText(stage, port));
    const environment = { PATH: process.env.PATH ?? "", KUBECONFIG: kubeconfigPath() };
    const words = [process.execPath, "core/main.ts", "run", "--config", config];
    program = new Program({ words, environment, port });
    await program.answers("/readyz", 200, 30_000);
    return program;
  }

  /** Waits until all that the kernel has logged since the start is delivered, and nothing is open. */
  const allDelivered = async (running: Program) => {
    const packets = (await stage.network.logged()) - loggedBefore;
    await running.measures(`${packets} packets counted`, (now) => now.sum("droplens_packet_drops_total") === packets);
    return packets;
  };

  /** Waits until rsyslog has written all that the kernel has logged. */
  const allWritten = () =>
    waitFor("every packet in the file", async () => {
      const packets = await stage.network.logged();
      return (await stage.rsyslog.lines(stage.network.prefix)).length === packets;
    });

  it("shows a repeat as a count on the same event", async () => {
    const running = await start();
    for (let i = 0; i < 3; i++) await stage.network.datagram("web", db.ip4, 53);
    await allDelivered(running);
    await waitFor("the count on the event", async () =>
      /\(x3 over .*\) .*sending traffic to .* on port 53\/UDP/.test(await describedEvents(stage.shop, "web")),
    );
  });

  it.each(["rename", "copytruncate"] as const)("loses nothing over logrotate's %s", async (how) => {
    await stage.network.datagram("web", db.ip6, 53);
    await allWritten(); // what is written between copying and truncating is lost by logrotate itself
    await stage.rsyslog.rotate(how);
    await stage.network.datagram("web", db.ip6, 53);
    await stage.network.ping("db", web.ip4);
    expect(await allDelivered(program ?? (await start()))).toBeGreaterThan(0);
  });

  it("goes on after a stop with what was logged meanwhile, and with nothing twice", async () => {
    expect(await program?.stop()).toBe(0);
    loggedBefore = await stage.network.logged();
    await stage.network.connect("db", web.ip4, 443);
    await stage.rsyslog.rotate("rename");
    await stage.network.connect("db", web.ip6, 443);
    await allDelivered(await start());
    expect(await describedEvents(stage.shop, "web")).toContain(`(${db.ip6}) on port 443/TCP`);
  });

  it("loses nothing when it is killed", async () => {
    await stage.network.connect("web", db.ip4, 443);
    await program?.stop("SIGKILL");
    await stage.network.connect("web", db.ip6, 443);
    const running = await start();
    await running.measures(
      "the packets after the last checkpoint",
      (now) => now.sum("droplens_packet_drops_total") >= 1,
    );
    for (const [pod, namespace] of [
      ["web", stage.shop],
      ["db", stage.data],
    ] as const) {
      for (const address of pod === "web" ? [db.ip4, db.ip6] : [web.ip4, web.ip6]) {
        await waitFor(`${pod} told of ${address}`, async () =>
          (await describedEvents(namespace, pod)).includes(`(${address}) on port 443/TCP`),
        );
      }
    }
  });
});

function configText(stage: Stage, port: number): string {
  return `version: 1
stateFolder: ${join(stage.folder, "state")}
operations: { host: 127.0.0.1, port: ${port} }
pipelines:
  drops:
    repeatInterval: 2s
    source: { use: source-file, path: ${stage.rsyslog.path}, pollInterval: 1s }
    parser: { use: parser-iptables, prefix: "${stage.network.prefix}" }
    resolvers: [{ use: resolver-k8s }]
    sinks: [{ use: sink-k8s-events }, { use: sink-prometheus }]
`;
}
