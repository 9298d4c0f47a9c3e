/** What several tests of this room need: a parser, a collector that remembers, and drops as people say them. */
import type { ChunkParser, DropCollector, PacketDrop, PacketHeader, ParseResult } from "../../../core/plugin/index.ts";
import { FlowKey } from "../../../core/plugin/index.ts";
import { FakeClock } from "../../../core/testkit/fake-clock.ts";
import { type TestContext, testContext } from "../../../core/testkit/test-context.ts";
import { options } from "../config.ts";
import { parserIptables } from "../index.ts";

export interface TestParser extends ChunkParser {
  parseBytes(line: Uint8Array): ParseResult;
}

/** Noon of the fixtures' day, in UTC unless a test says otherwise. */
export const testNow = Date.parse("2026-11-20T20:00:00Z");

export function makeParser(
  settings: object = {},
  context: TestContext = testContext({ clock: new FakeClock(testNow) }),
): TestParser {
  const parser = parserIptables.create(options.parse({ timeZone: "UTC", ...settings }), context);
  if (!("scan" in parser) || parser.parseBytes === undefined)
    throw new Error("the parser has no scan or no parseBytes");
  return parser as TestParser;
}

export function parse(line: string | Buffer, settings: object = {}): ParseResult {
  return makeParser(settings).parseBytes(Buffer.from(line));
}

/** Everything that a parser told, in order; each packet with the words of its flow. */
export class MemoryCollector implements DropCollector {
  readonly flow = new FlowKey();
  readonly told: string[] = [];
  readonly drops: PacketDrop[] = [];
  readonly #flows = new Set<string>();
  #flowOf = "";

  repeat(timeMillis: number): boolean {
    this.#flowOf = [...this.flow.words].join(",");
    this.told.push(`${timeMillis} ${this.#flowOf}`);
    return this.#flows.has(this.#flowOf);
  }
  first(drop: PacketDrop): void {
    this.#flows.add(this.#flowOf);
    this.drops.push(drop);
  }
  malformed(reason: string): void {
    this.told.push(`malformed ${reason}`);
  }
  otherLine(reason: string): void {
    this.told.push(`other-line ${reason}`);
  }
}

export function scan(text: string | Buffer, settings: object = {}): MemoryCollector {
  const collector = new MemoryCollector();
  makeParser(settings).scan(Buffer.from(text), collector);
  return collector;
}

export function say(result: ParseResult): string {
  if (result.kind === "drop") return sayDrop(result.drop);
  const reason = result.reason === undefined ? "" : `: ${result.reason}`;
  return `${result.kind === "malformed" ? "malformed" : "other"}${reason}`;
}

function sayDrop(drop: PacketDrop): string {
  const prefix = drop.logPrefix === undefined ? "no prefix," : `"${drop.logPrefix}"`;
  const bridge =
    drop.physicalInInterface === undefined && drop.physicalOutInterface === undefined
      ? ""
      : ` (ports ${drop.physicalInInterface ?? "-"} to ${drop.physicalOutInterface ?? "-"})`;
  const mac = drop.sourceMac === undefined ? "" : `, ${drop.sourceMac} > ${drop.destinationMac} ${drop.etherType}`;
  const owner = drop.uid === undefined ? "" : `, uid ${drop.uid} gid ${drop.gid}`;
  const mark = drop.mark === undefined ? "" : `, mark ${drop.mark}`;
  const quoted = drop.embedded === undefined ? "" : `, quotes (${sayHeader(drop.embedded)})`;
  const way = `${drop.inInterface ?? "-"} to ${drop.outInterface ?? "-"}`;
  return `${prefix} ${way}${bridge}${mac}: ${sayHeader(drop)}${owner}${mark}${quoted}`;
}

function sayHeader(header: PacketHeader): string {
  const port = (number: number | undefined) => (number === undefined ? "" : ` port ${number}`);
  const ends = `${header.sourceAddress}${port(header.sourcePort)} > ${header.destinationAddress}${port(header.destinationPort)}`;
  const flags = header.tcpFlags === undefined ? "" : ` ${header.tcpFlags.join("+") || "no flags"}`;
  const icmp = header.icmpType === undefined ? "" : ` ${header.icmpType}/${header.icmpCode}`;
  const protocol = header.protocol === undefined ? "" : `, ${header.protocol}${flags}${icmp}`;
  const fragment = header.fragmentOffset === undefined ? "" : `, fragment at ${header.fragmentOffset}`;
  return `${ends}${protocol}, ${header.length} bytes, ttl ${header.ttl}${fragment}`;
}
