/** `prefix` of a parser's config, as NetfilterParser wants it. Called by parser-iptables and parser-ulogd. */
import type { NetfilterSettings } from "./netfilter-parser.ts";
import { RulePrefixes } from "./rule-prefixes.ts";

export function namedPrefixes(
  prefix: string | readonly string[] | undefined,
  remedy: string,
): Pick<NetfilterSettings, "prefixes" | "wanted"> {
  const names = [prefix ?? []].flat();
  return { prefixes: new RulePrefixes(names), wanted: { names, remedy } };
}
