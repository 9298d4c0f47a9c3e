/**
 * A real ulogd of our own in the node's network, which writes what NFLOG rules hand to it to LOGEMU's and JSON's file.
 * The rules are k3s': two policies and a rule without a prefix log the same packet, then it is dropped and counted.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inNode, nodeCommand } from "./node-network.ts";
import { waitFor } from "./wait-for.ts";

export interface Ulogd {
  readonly logemu: string;
  readonly json: string;
  /** Packets that the last rules have dropped, by the kernel's own counters. */
  dropped(): Promise<number>;
  stop(): Promise<void>;
}

const group = 100;

/** ulogd's clock is in `timeZone`, whatever this machine's is. */
export async function startUlogd(folder: string, timeZone: string): Promise<Ulogd> {
  await inNode(["nft", "-f", "-"], rules);
  const [logemu, json] = [join(folder, "logemu.log"), join(folder, "json.log")];
  const [config, log] = [join(folder, "ulogd.conf"), join(folder, "ulogd.log")];
  await writeFile(config, configText({ logemu, json, log }));
  const [program = "", ...words] = nodeCommand(["ulogd", "-c", config]);
  const child = spawn(program, words, { stdio: "inherit", env: { ...process.env, TZ: timeZone } });
  await waitFor("ulogd's main loop", async () => {
    if (child.exitCode !== null) throw new Error(`ulogd has ended with ${child.exitCode}: see ${log}`);
    return readFileSync(log, "utf8").includes("entering main loop");
  });
  return { logemu, json, dropped, stop: () => stop(child) };
}

const policies = ["DROP by policy shop/deny-all", "DROP by policy shop/other"];

const rules = `table inet ulogd {
  chain forward {
    type filter hook forward priority -10
    ${["tcp dport 80", "udp dport 53", "meta l4proto { icmp, icmpv6 }"]
      .flatMap((match) => [
        ...policies.map((prefix) => `${match} log prefix "${prefix}" group ${group}`),
        `${match} log group ${group}`,
        `${match} counter drop`,
      ])
      .join("\n    ")}
  }
}
`;

async function dropped(): Promise<number> {
  const listing = await inNode(["nft", "list", "table", "inet", "ulogd"]);
  return [...listing.matchAll(/counter packets (\d+)/g)].reduce((sum, [, packets]) => sum + Number(packets), 0);
}

function configText({ logemu, json, log }: { logemu: string; json: string; log: string }): string {
  const plugins = globSync("/usr/lib/*/ulogd/*_{NFLOG,BASE,IFINDEX,IP2STR,PRINTPKT,HWHDR,LOGEMU,JSON}.so");
  const packets = `log1:NFLOG,base1:BASE,ifi1:IFINDEX,ip2str1:IP2STR`;
  return `[global]
logfile="${log}"
loglevel=3
${plugins.map((path) => `plugin="${path}"`).join("\n")}
stack=${packets},print1:PRINTPKT,emu1:LOGEMU
stack=${packets},mac2str1:HWHDR,json1:JSON
[log1]
group=${group}
[emu1]
file="${logemu}"
sync=1
[json1]
file="${json}"
sync=1
`;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}
