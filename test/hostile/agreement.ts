/** Where the plugin and the plain parser disagree about a line; undefined where they do not. Called for each line tried. */
import type { PacketDrop, ParseResult } from "../../core/plugin/index.ts";
import { type Flow, type PlainResult, plainParse } from "./plain-parser.ts";

export function disagreement(line: Buffer, said: ParseResult, nowMillis: number): string | undefined {
  const plain = plainParse(line.toString("latin1"), nowMillis);
  if (said.kind !== "drop") {
    return plain.kind === "drop" ? `it is a packet to the letter, told as ${said.kind} (${said.reason})` : undefined;
  }
  if (Buffer.byteLength(said.drop.logPrefix ?? "") > 512) return "a prefix longer than any rule's";
  if (plain.kind === "none") return "nothing in it is a packet that the kernel logged";
  return plain.kind === "drop" ? differingFields(plain, said.drop) : differingFlow(plain.flow, said.drop);
}

function differingFields(plain: PlainResult & { kind: "drop" }, drop: PacketDrop): string | undefined {
  // What a prefix means is a table of its own: core/netfilter/known-prefixes.test.ts.
  const { time, host, verdict: _verdict, policy: _policy, ...fields } = drop;
  const wanted: Record<string, unknown> = plain.drop;
  const found: Record<string, unknown> = fields;
  for (const key of new Set([...Object.keys(wanted), ...Object.keys(found)])) {
    if (JSON.stringify(wanted[key]) !== JSON.stringify(found[key])) return told(key, wanted[key], found[key]);
  }
  const millis = Date.parse(time.replace(/(\.\d{3})\d+/, "$1"));
  return plain.time === undefined || plain.time === millis ? undefined : told("time", plain.time, time);
}

const flowKeys = ["sourceAddress", "destinationAddress", "protocol", "sourcePort", "destinationPort"] as const;

function differingFlow(flow: Flow, drop: PacketDrop): string | undefined {
  const key = flowKeys.find((name) => flow[name] !== drop[name]);
  return key && told(key, flow[key], drop[key]);
}

function told(key: string, wanted: unknown, found: unknown): string {
  return `${key}: ${JSON.stringify(wanted)} by the notes, ${JSON.stringify(found)} by the plugin`;
}
