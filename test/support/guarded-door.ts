/**
 * A door of TLS and a bearer token before a server of plain HTTP, the embedded Kubernetes API for one, whose token and whose authority may change: what a
 * bound token's expiry and the rotation of a cluster's CA are to a client. The certificates are those of core/kubernetes.
 */
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request, type ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { checkout } from "./child.ts";

type Authority = "a" | "b";

export class GuardedDoor {
  /** Whoever brings another one is answered 401. */
  token = "first";
  readonly #upstream: string;
  readonly #server: Server;

  private constructor(upstream: string) {
    this.#upstream = upstream;
    this.#server = createServer(certificateOf("a"), (from, to) => void this.#pass(from, to));
  }

  static async before(upstream: string, finish: (clean: () => void) => void): Promise<GuardedDoor> {
    const door = new GuardedDoor(upstream);
    door.#server.listen(0, "127.0.0.1");
    await once(door.#server, "listening");
    finish(() => {
      door.#server.close();
      door.#server.closeAllConnections();
    });
    return door;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The server's certificate is another authority's from now on, as after a restart. */
  useAuthority(authority: Authority): void {
    this.#server.setSecureContext(certificateOf(authority));
    this.#server.closeAllConnections();
  }

  /** In `folder`: a kubeconfig, and the files that it names. */
  writeKubeconfig(folder: string): string {
    const [caFile, tokenFile] = [join(folder, "ca.crt"), join(folder, "token")];
    writeAuthority(folder, "a");
    writeToken(folder, this.token);
    const path = join(folder, "kubeconfig");
    writeFileSync(
      path,
      `apiVersion: v1
kind: Config
clusters: [{ name: door, cluster: { server: "${this.url}", certificate-authority: ${caFile} } }]
users: [{ name: door, user: { tokenFile: ${tokenFile} } }]
contexts: [{ name: door, context: { cluster: door, user: door } }]
current-context: door
`,
    );
    return path;
  }

  async #pass(from: IncomingMessage, to: ServerResponse): Promise<void> {
    if (from.headers.authorization !== `Bearer ${this.token}`) {
      const body = { kind: "Status", apiVersion: "v1", status: "Failure", reason: "Unauthorized", code: 401 };
      from.resume();
      to.writeHead(401, { "Content-Type": "application/json" }).end(
        JSON.stringify({ ...body, message: "Unauthorized" }),
      );
      return;
    }
    const { method, headers, url = "/" } = from;
    const onward = request(this.#upstream + url, { method, headers });
    to.on("close", () => onward.destroy());
    try {
      const [[answer]] = await Promise.all([
        once(onward, "response") as Promise<[IncomingMessage]>,
        pipeline(from, onward),
      ]);
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      to.flushHeaders();
      await pipeline(answer, to);
    } catch {
      to.destroy();
    }
  }
}

/** What a kubelet does with the files of a service account. */
export function writeToken(folder: string, token: string): void {
  writeFileSync(join(folder, "token"), token);
}

export function writeAuthority(folder: string, authority: Authority): void {
  writeFileSync(join(folder, "ca.crt"), testdata(`ca-${authority}.crt`));
}

function certificateOf(authority: Authority) {
  return { cert: testdata(`server-${authority}.crt`), key: testdata(`server-${authority}.key`) };
}

function testdata(name: string): Buffer {
  return readFileSync(join(checkout, "core/kubernetes/testdata", name));
}
