/** Tells addresses that may be a pod's from those that cannot, so that nobody is asked about the latter. */
import { BlockList, isIPv4 } from "node:net";

export class PodNetworks {
  readonly #allowed: BlockList | undefined;

  /** Networks in CIDR notation; undefined: pods may be anywhere. */
  constructor(networks: readonly string[] | undefined) {
    this.#allowed = networks && blockList(networks);
  }

  mayBePod(address: string): boolean {
    const family = isIPv4(address) ? "ipv4" : "ipv6";
    if (neverPods.check(address, family)) return false;
    return this.#allowed === undefined || this.#allowed.check(address, family);
  }
}

// Unspecified, loopback, link-local, multicast, broadcast (RFC 6890).
const neverPods = blockList([
  "0.0.0.0/8",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "224.0.0.0/4",
  "255.255.255.255/32",
  "::/127",
  "fe80::/10",
  "ff00::/8",
]);

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", length] = network.split("/");
    list.addSubnet(address, Number(length), isIPv4(address) ? "ipv4" : "ipv6");
  }
  return list;
}
