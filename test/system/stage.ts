/** What the end-to-end tests play on: a node with two pods, their rules, the log file, and the same pods in the API. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createNamespace, createPod, deleteNamespaces } from "./cluster.ts";
import { addresses, NodeNetwork } from "./node-network.ts";
import { type KernelInput, type Rsyslog, startRsyslog } from "./rsyslog.ts";
import { runId } from "./system-test.ts";

export interface Stage {
  readonly folder: string;
  readonly network: NodeNetwork;
  readonly rsyslog: Rsyslog;
  /** Namespaces of the pods web and db, and of the agent that shares the node's network. */
  readonly shop: string;
  readonly data: string;
  readonly system: string;
  readonly nodeName: string;
  close(): Promise<void>;
}

let stages = 0;

export async function openStage(input: KernelInput): Promise<Stage> {
  const suffix = `${runId}-${++stages}`;
  const [shop, data, system] = [`shop-${suffix}`, `data-${suffix}`, `system-${suffix}`] as const;
  const nodeName = `node-${suffix}`;
  const undo: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), "droplens-system-"));
    undo.push(() => rm(folder, { recursive: true, force: true }));
    const network = await NodeNetwork.open();
    undo.push(() => network.close());
    const rsyslog = await startRsyslog(folder, input);
    undo.push(() => rsyslog.stop());
    for (const name of [shop, data, system]) await createNamespace(name);
    undo.push(() => deleteNamespaces([shop, data, system]));
    const { web, db, node } = addresses;
    await createPod({ namespace: shop, name: "web", nodeName, addresses: [web.ip4, web.ip6] });
    await createPod({ namespace: data, name: "db", nodeName, addresses: [db.ip4, db.ip6] });
    const agent = { namespace: system, name: "agent", nodeName, addresses: [node.ip4, node.ip6], hostNetwork: true };
    await createPod(agent);
    return { folder, network, rsyslog, shop, data, system, nodeName, close };
  } catch (error) {
    await close();
    throw error;
  }
}
