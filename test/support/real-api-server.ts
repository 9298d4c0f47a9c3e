/**
 * A real API server of a trial's own, which may be killed and goes on with the same data when it is started again.
 * KUBE_APISERVER names its program (.ci/run builds it).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { connectApiServer } from "../../core/kubernetes/connect.ts";
import { waitFor } from "../system/wait-for.ts";
import { ClusterAtStake } from "./cluster-at-stake.ts";
import { ownPort } from "./own-port.ts";

/** Undefined where there is none: such trials say that they are skipped. */
export const apiServerProgram: string | undefined = process.env.KUBE_APISERVER || undefined;

export class RealApiServer {
  readonly port: number;
  readonly kubeconfig: string;
  readonly #folder: string;
  #child: ChildProcess | undefined;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.port = port;
    this.kubeconfig = join(folder, "kubeconfig");
  }

  static async start(folder: string): Promise<RealApiServer> {
    const server = new RealApiServer(join(folder, "api"), await ownPort());
    await server.start();
    return server;
  }

  cluster(network?: number): ClusterAtStake {
    return new ClusterAtStake(connectApiServer({ kubeconfig: this.kubeconfig }, {}), network);
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const words = ["--dir", this.#folder, "--port", String(this.port)];
    const child = spawn(apiServerProgram ?? "", words, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    let [said, complained] = ["", ""];
    child.stdout?.on("data", (bytes: Buffer) => {
      said += bytes.toString();
    });
    child.stderr?.on("data", (bytes: Buffer) => {
      complained = (complained + bytes.toString()).slice(-10_000);
    });
    await waitFor("the API server", async () => said.includes("kubeconfig"), {
      timeoutMillis: 120_000,
      explain: () => complained,
      hopeless: () => child.exitCode !== null,
    });
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}
