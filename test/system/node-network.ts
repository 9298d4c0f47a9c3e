/**
 * A node and two pods as the kernel sees them: three network namespaces, two cables, and rules in the node that log and
 * drop what the pods send to each other. Used by the kernel tests; everything is gone after `close`.
 */
import { readFile, writeFile } from "node:fs/promises";
import { output, run } from "./command.ts";
import { runId } from "./system-test.ts";

/** What the pods and the node are called and reached by. */
export const addresses = {
  web: { ip4: "10.203.1.2", ip6: "fd20:3:1::2" },
  db: { ip4: "10.203.2.2", ip6: "fd20:3:2::2" },
  node: { ip4: "10.203.2.1", ip6: "fd20:3:2::1" },
  /** Reserved for documentation (RFC 5737): nobody's, and in no DNS. */
  outside: { ip4: "198.51.100.7" },
} as const;

export type Place = "web" | "db" | "node";

// A LOG rule in a network namespace prints nothing unless this is set (kernel, netfilter-sysctl).
const logInNamespaces = "/proc/sys/net/netfilter/nf_log_all_netns";

let networks = 0;

export class NodeNetwork {
  /** As an administrator writes it, without the space behind it; no other network has the same. */
  readonly prefix: string;
  readonly otherPrefix: string;
  readonly #hadLog: string;

  private constructor(hadLog: string) {
    const number = ++networks;
    this.prefix = `dl-${runId}-${number}-drop:`;
    this.otherPrefix = `dl-${runId}-${number}-other:`;
    this.#hadLog = hadLog;
  }

  static async open(): Promise<NodeNetwork> {
    await run(["modprobe", "-a", "nf_log_syslog", "nf_tables"], { allow: [1] }).catch(() => undefined); // often built in
    const network = new NodeNetwork((await readFile(logInNamespaces, "utf8")).trim());
    await writeFile(logInNamespaces, "1");
    await network.#connect();
    await network.#logAndDrop();
    return network;
  }

  /** Runs a program in a pod's or the node's network. It may fail: what it sends is dropped. */
  async in(place: Place, words: readonly string[], input = ""): Promise<void> {
    await run(["ip", "netns", "exec", namespace(place), ...words], { allow: [1, 2, 124], input });
  }

  /** One TCP connection that gets no further than its first packet. */
  connect(place: Place, address: string, port: number): Promise<void> {
    return this.in(place, ["nc", "-z", "-w", "1", address, String(port)]);
  }

  datagram(place: Place, address: string, port: number): Promise<void> {
    return this.in(place, ["timeout", "2", "nc", "-u", "-q", "0", "-w", "1", address, String(port)], "lost\n");
  }

  ping(place: Place, address: string): Promise<void> {
    return this.in(place, ["ping", "-c", "1", "-W", "1", address]);
  }

  /** How many packets the kernel has logged with the prefix, by its own counters at the rules. */
  async logged(prefix = this.prefix): Promise<number> {
    const ruleset: { nftables: { rule?: { expr: NftExpression[] } }[] } = JSON.parse(
      await inNode(["nft", "-j", "list", "table", "inet", "droplens"]),
    );
    let packets = 0;
    for (const { rule } of ruleset.nftables) {
      const logs = rule?.expr.some((part) => part.log?.prefix === `${prefix} `);
      if (logs) packets += rule?.expr.find((part) => part.counter !== undefined)?.counter?.packets ?? 0;
    }
    for (const program of ["iptables", "ip6tables"]) {
      const listing = await inNode([program, "-nvxL"]);
      for (const line of listing.split("\n")) {
        if (line.includes(` LOG `) && line.includes(`prefix "${prefix} "`))
          packets += Number(line.trim().split(/\s+/)[0]);
      }
    }
    return packets;
  }

  async close(): Promise<void> {
    for (const place of ["web", "db", "node"] as const)
      await run(["ip", "netns", "del", namespace(place)], { allow: [1] });
    await writeFile(logInNamespaces, this.#hadLog);
  }

  async #connect(): Promise<void> {
    for (const place of ["web", "db", "node"] as const) {
      await run(["ip", "netns", "add", namespace(place)]);
      await run(["ip", "-n", namespace(place), "link", "set", "lo", "up"]);
    }
    await this.#cable("web", "10.203.1", "fd20:3:1:");
    await this.#cable("db", "10.203.2", "fd20:3:2:");
    await run(["ip", "-n", namespace("node"), "route", "add", "198.51.100.0/24", "via", addresses.db.ip4]);
    const forward = "net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1".split(" ");
    await inNode(["sysctl", "-qw", ...forward]);
  }

  async #cable(pod: "web" | "db", net4: string, net6: string): Promise<void> {
    const [node, there, cable] = [namespace("node"), namespace(pod), `cali-${pod}`];
    await run(["ip", "link", "add", cable, "netns", node, "type", "veth", "peer", "name", "eth0", "netns", there]);
    for (const [where, device, last] of [
      [node, cable, 1],
      [there, "eth0", 2],
    ] as const) {
      await run(["ip", "-n", where, "addr", "add", `${net4}.${last}/24`, "dev", device]);
      await run(["ip", "-n", where, "addr", "add", `${net6}:${last}/64`, "dev", device, "nodad"]);
      await run(["ip", "-n", where, "link", "set", device, "up"]);
    }
    await run(["ip", "-n", there, "route", "add", "default", "via", `${net4}.1`]);
    await run(["ip", "-n", there, "-6", "route", "add", "default", "via", `${net6}:1`]);
  }

  /** TCP over iptables, UDP and ICMP over nft, each in both families; the node's own packets leave by OUTPUT. */
  async #logAndDrop(): Promise<void> {
    const log = (prefix: string) => ["-j", "LOG", "--log-prefix", `${prefix} `];
    const tcp = (port: number) => ["-p", "tcp", "--dport", String(port)];
    for (const program of ["iptables", "ip6tables"]) {
      for (const chain of ["FORWARD", "OUTPUT"]) {
        for (const port of [80, 443]) {
          await inNode([program, "-A", chain, ...tcp(port), ...log(this.prefix)]);
          await inNode([program, "-A", chain, ...tcp(port), "-j", "DROP"]);
        }
      }
      await inNode([program, "-A", "FORWARD", ...tcp(81), ...log(this.otherPrefix)]);
      await inNode([program, "-A", "FORWARD", ...tcp(81), "-j", "DROP"]);
    }
    await inNode(
      ["nft", "-f", "-"],
      `table inet droplens {
        chain forward {
          type filter hook forward priority 10
          udp dport 53 counter log prefix "${this.prefix} " drop
          icmp type echo-request counter log prefix "${this.prefix} " drop
          icmpv6 type echo-request counter log prefix "${this.prefix} " drop
        }
      }
      `,
    );
  }
}

interface NftExpression {
  readonly log?: { readonly prefix?: string };
  readonly counter?: { readonly packets: number };
}

/** What a program prints in the node's network. */
export function inNode(words: readonly string[], input = ""): Promise<string> {
  return output(nodeCommand(words), { input });
}

export function nodeCommand(words: readonly string[]): readonly string[] {
  return ["ip", "netns", "exec", namespace("node"), ...words];
}

function namespace(place: Place): string {
  return `dl-${runId}-${place}`;
}
