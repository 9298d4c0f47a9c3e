/**
 * What the log prefixes of known products say: whether the packet was let through, what became of it, whose policy it
 * was. In: a rule's prefix without trailing space; out: its meaning. Asked once for each prefix that a log has.
 * A product's own words only: a prefix that looks like nobody's means nothing.
 */
import type { Verdict } from "../plugin/index.ts";

export interface PrefixMeaning {
  readonly verdict?: Verdict;
  readonly policy?: string;
  /**
   * Why lines with this prefix are no drops. "not-drop": it says that the packet was let through, or only looked at.
   * "follow-up": it tells of the answer to a packet that was logged before.
   */
  readonly noDrop?: "not-drop" | "follow-up";
}

const nothing: PrefixMeaning = {};

export function meaningOf(prefix: string): PrefixMeaning {
  for (const { form, letThrough, noDrop } of knownPrefixes) {
    const match = form.exec(prefix);
    if (match === null) continue;
    const { verdict: said = "", policy = "" } = match.groups ?? {};
    if (noDrop !== undefined || letThrough?.test(said)) return { noDrop: noDrop ?? "not-drop" };
    const verdict = verdicts[said.toUpperCase()];
    return { ...(verdict !== undefined && { verdict }), ...(policy !== "" && { policy }) };
  }
  return nothing;
}

const verdicts: Readonly<Record<string, Verdict>> = { DROP: "DROP", D: "DROP", REJECT: "REJECT", R: "REJECT" };

interface KnownPrefix {
  readonly product: string;
  /** Groups: `verdict`, the product's word for it; `policy`. */
  readonly form: RegExp;
  /** Which of the words mean that the packet went on. */
  readonly letThrough?: RegExp;
  /** Whatever the words are. */
  readonly noDrop?: PrefixMeaning["noDrop"];
}

export const knownPrefixes: readonly KnownPrefix[] = [
  // k3s-io/kube-router, pkg/controllers/netpol; the policy is one that selects the pod, not always the one that decided.
  { product: "k3s", form: /^(?<verdict>DROP) by policy (?<policy>\S+)$/ },
  // FelixConfiguration.logPrefix is "calico-packet" unless set; projectcalico/calico#13479. Others: parser-calico.
  { product: "Calico", form: /^calico\S*-(?:est|rst|icmp-err):?$/, noDrop: "follow-up" },
  // docs/antrea-node-network-policy.md; what stands for the policy is its log label, twelve characters of it.
  {
    product: "Antrea",
    form: /^Antrea:[IO]:(?<verdict>Allow|Drop|Reject):(?<policy>[^:]*):?$/,
    letThrough: /^Allow$/,
  },
  { product: "Weave", form: /^Connection (?<verdict>drop)ped by Weave NPC/ },
  // "BLOCK" is a drop or a reject. AUDIT lines come before the rules have decided.
  { product: "UFW", form: /^\[UFW (?<verdict>ALLOW|AUDIT|BLOCK|LIMIT BLOCK)(?: INVALID)?\]$/, letThrough: /^A/ },
  { product: "firewalld", form: /^filter_(?:IN|FWD|FWDI|FWDO|OUT)_(?<policy>\S+)_(?<verdict>DROP|REJECT):?$/ },
  { product: "firewalld", form: /^\w+_(?<verdict>DROP|REJECT):$/ },
  // LOGFORMAT, then the older one; a number of the rule may stand between.
  {
    product: "Shorewall",
    form: /^Shorewall:(?<policy>[^:]+)(?::\d+)?:(?<verdict>ACCEPT|CONTINUE|DNAT|REDIRECT|LOG|DROP|REJECT):?$/,
    letThrough: /^[ACL]|^DNAT|^RED/,
  },
  {
    product: "Shorewall",
    // Its chain is no policy here: anybody's prefix may look like this one.
    form: /^\w+[-2]\w+ (?<verdict>ACCEPT|DROP|REJECT)$/,
    letThrough: /^ACCEPT$/,
  },
  {
    product: "OpenWrt",
    form: /^(?<verdict>accept|drop|reject) \S+ (?:in|out|forward|invalid ct state):?$/,
    letThrough: /^accept$/,
  },
  {
    product: "OpenWrt",
    form: /^(?<verdict>ACCEPT|DROP|REJECT)\((?:src|dest) (?<policy>\S+)\)$/,
    letThrough: /^ACCEPT$/,
  },
  {
    product: "SuSEfirewall2",
    form: /^SFW2-(?<policy>\w+)-(?<verdict>ACC|DROP|REJECT)(?:-\S*)?$/,
    letThrough: /^ACC$/,
  },
  { product: "VyOS", form: /^\[(?<policy>\S+)-(?:default|\d+)-(?<verdict>[ADR])\]$/, letThrough: /^A$/ },
];
