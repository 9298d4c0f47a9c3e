/** The program with one source of a node's log and one rule's prefix, and what a process can write into the kernel's log. */
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { freePort, Program } from "./program.ts";

export interface LogReader {
  /** Holds the config, the checkpoint and drops.jsonl. */
  readonly folder: string;
  readonly source: Readonly<Record<string, unknown>>;
  /** The rule's, for parser-iptables. */
  readonly prefix?: string;
  readonly parser?: Readonly<Record<string, unknown>>;
}

/** Started again in the same folder it goes on from its checkpoint. */
export async function startReader({ folder, source, prefix, parser }: LogReader): Promise<Program> {
  const port = await freePort();
  const config = join(folder, "droplens.json");
  const drops = {
    source,
    parser: parser ?? { use: "parser-iptables", prefix },
    sinks: [{ use: "sink-prometheus" }, { use: "sink-jsonl", path: join(folder, "drops.jsonl") }],
  };
  const operations = { host: "127.0.0.1", port };
  writeFileSync(config, JSON.stringify({ version: 1, stateFolder: folder, operations, pipelines: { drops } }));
  const words = [process.execPath, "core/main.ts", "run", "--config", config];
  const program = new Program({ words, environment: { PATH: process.env.PATH ?? "", TZ: "UTC" }, port });
  await program.answers("/readyz", 200, 30_000);
  return program;
}

/** Waits until so many lines were ours since its start. */
export async function matched(program: Program, packets: number): Promise<void> {
  await program.measures(`${packets} lines`, (now) => now.sum("droplens_lines_matched_total") === packets);
}

/** As a process may. The kernel rations the writes of each opener. */
export function logAsProcess(text: string): void {
  const file = openSync("/dev/kmsg", "w");
  writeSync(file, `<4>${text}\n`);
  closeSync(file);
}
