/**
 * FelixConfiguration's logPrefix as Calico makes rules' prefixes of it: "calico-packet %k %p" becomes
 * "calico-packet np shop/deny-all: ", or what the kernel leaves of that. In: what stands in front of "IN=". Out: whose
 * policy it was. Facts: projectcalico/calico felix/rules/policy.go (generateLogPrefix), #11496, #11672, #13479.
 */
import type { PrefixMeaning } from "../../core/netfilter/known-prefixes.ts";
import type { PrefixForm } from "../../core/netfilter/rule-prefixes.ts";

/** What iptables LOG and nft keep of a prefix. */
const cutAt = [29, 127];
/** A shorter piece is met everywhere. */
const leastNeedleBytes = 4;
/** "-icmp-err: " is put behind what then has room. */
const maxNeedleBytes = 29 - 11;

export class LogPrefix implements PrefixForm {
  readonly needle: string | undefined;
  readonly #whole: RegExp;
  readonly #cut: RegExp;
  /** Follow-ups have no specifiers: they are of no policy's rule. */
  readonly #plain: string;

  constructor(written: string) {
    const pieces = piecesOf(written.replace(/:? *$/, ""));
    const texts = pieces.map(patternOf);
    this.#whole = new RegExp(`^${texts.join("")}:? *$`);
    this.#cut = new RegExp(`^${pieces.reduceRight((rest, piece, i) => cutPattern(piece, texts[i] ?? "", rest), "")}$`);
    this.#plain = spaced(pieces.filter((piece) => !isSpecifier(piece)).join(""));
    const start =
      /^[^%]*/
        .exec(pieces[0] ?? "")?.[0]
        .replace(/[: -]+$/, "")
        .slice(0, maxNeedleBytes) ?? "";
    this.needle = start.length < leastNeedleBytes ? undefined : start;
  }

  read(bytes: string): PrefixMeaning | undefined {
    if (this.#isFollowUp(bytes)) return { noDrop: "follow-up" };
    const whole = this.#whole.exec(bytes);
    if (whole !== null) return policyOf(whole);
    if (!cutAt.includes(bytes.length)) return undefined;
    const cut = this.#cut.exec(bytes);
    return cut === null ? undefined : policyOf(cut);
  }

  #isFollowUp(bytes: string): boolean {
    const base = /^(.*)-(?:est|rst|icmp-err):? *$/.exec(bytes)?.[1];
    if (base === undefined) return false;
    return spaced(base) === this.#plain || (cutAt.includes(bytes.length) && this.#plain.startsWith(spaced(base)));
  }
}

/** Names of policies are Kubernetes', tiers may be missing (profiles have none). */
const specifiers: Readonly<Record<string, string>> = {
  "%t": "[^\\s:/_]*",
  "%k": "[a-z]+",
  "%n": "(?<name>[^\\s:/_]+)",
  "%p": "(?<policy>[^\\s:_]+)",
};

function piecesOf(written: string): readonly string[] {
  return written.split(/(%[tknp])/).filter((piece) => piece !== "");
}

function isSpecifier(piece: string): boolean {
  return piece in specifiers;
}

/** A group's name may be there once only. */
function patternOf(piece: string, i: number, pieces: readonly string[]): string {
  const pattern = specifiers[piece] ?? escaped(piece);
  return pieces.indexOf(piece) === i ? pattern : pattern.replace(/\?<\w+>/, "?:");
}

/** The same, ending anywhere. */
function cutPattern(piece: string, pattern: string, rest: string): string {
  if (isSpecifier(piece)) return `(?:${pattern}${rest})?`;
  return [...piece].reduceRight((behind, character) => `(?:${escaped(character)}${behind})?`, rest);
}

function policyOf({ groups, input }: RegExpExecArray): PrefixMeaning {
  const policy = groups?.policy ?? groups?.name;
  if (policy === undefined) return {};
  // Nothing stands behind it: the kernel may have cut it.
  return { policy: input.endsWith(policy) ? `${policy}…` : policy };
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

function spaced(text: string): string {
  return text.replace(/ +/g, " ").trim();
}
