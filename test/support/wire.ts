/**
 * A wire between a client and a real server on loopback that can be put into trouble: refuse, fall silent, crawl, be cut.
 * It carries bytes, so TLS passes through it. The trials of test/durability put it before API servers and Collectors.
 */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ownPort } from "./own-port.ts";

/** One connection: the client's half and the server's. */
interface Pair {
  readonly sockets: Socket[];
  /** Carries nothing any more, and is not closed either: for good. */
  silent: boolean;
}

const pieceMillis = 100;

export class Wire {
  readonly port: number;
  readonly #serverPort: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #silent = false;
  #bytesPerSecond = Number.POSITIVE_INFINITY;
  /** Connections accepted so far. */
  connections = 0;

  private constructor(serverPort: number, port: number) {
    this.#serverPort = serverPort;
    this.port = port;
    this.#server = createServer({ allowHalfOpen: true }, (client) => void this.#connect(client));
  }

  /** To a server on this port, which may come later. `finish`: onTestFinished of the test at hand. */
  static async to(serverPort: number, finish: (clean: () => Promise<void>) => void): Promise<Wire> {
    const wire = new Wire(serverPort, await ownPort());
    await wire.pass();
    finish(() => wire.refuse());
    return wire;
  }

  /** All is well for new connections; those that fell silent stay silent. */
  async pass(): Promise<void> {
    this.#silent = false;
    this.#bytesPerSecond = Number.POSITIVE_INFINITY;
    if (this.#server.listening) return;
    this.#server.listen(this.port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** Nobody listens, and all connections are cut. */
  async refuse(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.cut();
    await closed;
  }

  /** Half-open: connections are accepted and stay, and nothing is ever answered on them. */
  fallSilent(): void {
    this.#silent = true;
    for (const pair of this.#pairs) pair.silent = true;
  }

  /** Each direction of each connection carries this much. */
  crawl(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
  }

  cut(): void {
    for (const { sockets } of this.#pairs) for (const socket of sockets) socket.destroy();
    this.#pairs.clear();
  }

  #connect(client: Socket): void {
    this.connections++;
    const pair: Pair = { sockets: [client], silent: this.#silent };
    this.#pairs.add(pair);
    client.on("error", () => undefined);
    if (pair.silent) return;
    const server = connect({ port: this.#serverPort, host: "127.0.0.1", allowHalfOpen: true });
    pair.sockets.push(server);
    server.on("error", () => client.destroy());
    const end = () => this.#end(pair);
    Promise.all([this.#carry(pair, client, server), this.#carry(pair, server, client)]).then(end, end);
  }

  #end(pair: Pair): void {
    if (pair.silent) return;
    for (const socket of pair.sockets) socket.destroy();
    this.#pairs.delete(pair);
  }

  async #carry(pair: Pair, from: Socket, to: Socket): Promise<void> {
    // Leaving the loop must not close the connection: it falls silent.
    for await (const bytes of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      for (let at = 0; at < bytes.length; ) {
        if (pair.silent) return;
        const length = Math.max(1, Math.min(bytes.length - at, (this.#bytesPerSecond * pieceMillis) / 1000));
        const hasRoom = to.write(bytes.subarray(at, at + length));
        at += length;
        if (Number.isFinite(this.#bytesPerSecond)) await sleep(pieceMillis);
        if (!hasRoom) await once(to, "drain");
      }
    }
    if (!pair.silent) to.end();
  }
}
