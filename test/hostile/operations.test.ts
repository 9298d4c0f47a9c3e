/**
 * Strangers at the operations server: a thousand connections, headers that never end, headers without measure, and
 * people who ask for /metrics and do not read. The pipeline does not notice, and the kubelet's probe has its answer.
 */
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { imbalance } from "../support/node-stage.ts";
import { memoryOf } from "../support/process-figures.ts";
import { tellFigures, tries } from "../support/trial.ts";
import { TrialNode } from "../support/trial-node.ts";

const clients = 1000;
/** Attackers come from elsewhere than the probe. */
const elsewhere = "127.0.0.2";

interface Attack {
  readonly name: string;
  /** What a client does with its connection, until it is closed. */
  begin(socket: Socket): void;
}

const attacks: readonly Attack[] = [
  { name: "connections that say nothing", begin: () => undefined },
  {
    name: "headers that come a byte a second",
    begin: (socket) => {
      socket.write("GET /metrics HTTP/1.1\r\nx: ");
      const timer = setInterval(() => socket.write("y"), 1000);
      socket.once("close", () => clearInterval(timer));
    },
  },
  {
    name: "headers of 64 KB",
    begin: (socket) => socket.write(`GET / HTTP/1.1\r\nx: ${"y".repeat(64 * 1024)}\r\n\r\n`),
  },
  {
    name: "clients of /metrics that never read",
    begin: (socket) => {
      socket.pause();
      socket.write("GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n".repeat(200));
    },
  },
  { name: "what is no HTTP", begin: (socket) => socket.write(Buffer.alloc(64 * 1024, 0xff)) },
];

it.each(attacks)("the pipeline does not notice a thousand clients with $name", async ({ name, begin }) => {
  const node = new TrialNode(onTestFinished);
  const program = node.run({});
  await program.ready();
  const port = await program.port();
  node.beginLoad(500);
  const crowd = new Crowd(port, begin);
  onTestFinished(() => crowd.leave());
  const probes = await probe(port, tries({ long: 60, short: 4 }));
  crowd.leave();
  await node.endLoad();
  const samples = await node.settled(program, ["sink-jsonl", "sink-prometheus"], 20_000);
  const missing = Object.values(imbalance(samples)).reduce((sum, packets) => sum + Math.abs(packets), 0);
  const rss = memoryOf(program.child.processId).peakMegabytes;
  tellFigures({
    trial: `operations server: ${name}`,
    tries: crowd.opened,
    of: "connections",
    packets: node.load.packets,
    lost: missing,
    peakRssMegabytes: Math.round(rss),
    note: `${probes.answered} of ${probes.asked} probes answered, the slowest in ${probes.slowestMillis.toFixed(0)} ms`,
  });

  expect(samples.sum("droplens_lines_matched_total")).toBe(node.load.packets);
  expect(missing).toBe(0);
  expect(probes.answered).toBe(probes.asked);
  expect(rss).toBeLessThan(256);
  expect(await program.child.stop()).toBe(0);
});

/** A thousand connections at any time: one that is closed is opened again. */
class Crowd {
  opened = 0;
  readonly #sockets = new Set<Socket>();
  #left = false;
  readonly #port: number;
  readonly #begin: (socket: Socket) => void;

  constructor(port: number, begin: (socket: Socket) => void) {
    this.#port = port;
    this.#begin = begin;
    for (let i = 0; i < clients; i++) this.#open();
  }

  leave(): void {
    this.#left = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  #open(): void {
    this.opened++;
    const socket = connect({ port: this.#port, host: "127.0.0.1", localAddress: elsewhere });
    this.#sockets.add(socket);
    socket.on("connect", () => this.#begin(socket));
    socket.on("error", () => undefined);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      // Not at once: it is the program that is tried, not how fast this test can open connections.
      if (!this.#left) setTimeout(() => this.#left || this.#open(), 1000);
    });
  }
}

/** As the kubelet does it: once a second, and a second's patience. */
async function probe(port: number, times: number): Promise<{ asked: number; answered: number; slowestMillis: number }> {
  let [answered, slowestMillis] = [0, 0];
  for (let i = 0; i < times; i++) {
    await sleep(1000);
    const begin = performance.now();
    const request = { signal: AbortSignal.timeout(5000), headers: { connection: "close" } };
    const response = await fetch(`http://127.0.0.1:${port}/healthz`, request).catch(() => undefined);
    if (response?.status === 200) answered++;
    slowestMillis = Math.max(slowestMillis, performance.now() - begin);
  }
  return { asked: times, answered, slowestMillis };
}
