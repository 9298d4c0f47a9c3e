/**
 * Reads lines like `2026-11-20T19:56:42Z|DENY|10.0.0.7|10.0.0.9|TCP|80`. Droplens calls `parseLine` for every line: it
 * must neither wait nor throw. That costs about a microsecond a line; a parser for busy nodes has `scan` instead.
 */
import { canonicalAddress, type LineParser, type ParseResult, protocolNumber } from "droplens/plugin";
import type { PipedOptions } from "./options.ts";

export class PipedParser implements LineParser {
  readonly #verdict: string;

  constructor({ verdict }: PipedOptions) {
    this.#verdict = verdict;
  }

  parseLine(line: string): ParseResult {
    const [time = "", verdict, source = "", destination = "", protocol = "", port = ""] = line.split("|");
    if (verdict !== this.#verdict) return { kind: "other-line" };
    if (!isTime(time)) return malformed("time");
    const sourceAddress = canonicalAddress(source);
    const destinationAddress = canonicalAddress(destination);
    if (sourceAddress === undefined || destinationAddress === undefined) return malformed("address");
    if (protocolNumber(protocol) === undefined) return malformed("protocol");
    const destinationPort = Number(port);
    if (!/^\d{1,5}$/.test(port) || destinationPort > 65_535) return malformed("port");
    const ipVersion = sourceAddress.includes(":") ? 6 : 4;
    return { kind: "drop", drop: { time, ipVersion, sourceAddress, destinationAddress, protocol, destinationPort } };
  }
}

/** `reason` is a metric label: a fixed word, never text from the line. */
function malformed(reason: string): ParseResult {
  return { kind: "malformed", reason };
}

function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) && !Number.isNaN(Date.parse(text));
}
