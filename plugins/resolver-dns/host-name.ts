/**
 * The name that a DNS answer claims, made fit to show, or undefined when it is not fit.
 * Whoever runs the reverse zone of an address chooses this text. Called by host-resolver for each PTR record.
 */
import { printable } from "../../core/plugin/index.ts";

/** RFC 1123 labels; with "_", which no rule allows for hosts and many networks use. */
const hostNamePattern =
  /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$/;

/** What browsers take for an IPv4 address: a last label that is a number (WHATWG URL, "ends in a number"). */
const endsInNumber = /(?:^|\.)(?:\d+|0[xX][0-9A-Fa-f]*)$/;

const maxNameBytes = 253;

export function hostName(claimed: string): string | undefined {
  // The longest pattern runs over at most 254 characters.
  if (claimed.length > maxNameBytes + 1) return undefined;
  const name = claimed.endsWith(".") ? claimed.slice(0, -1) : claimed;
  if (name.length > maxNameBytes || !hostNamePattern.test(name) || endsInNumber.test(name)) return undefined;
  return printable(name.toLowerCase(), maxNameBytes);
}
