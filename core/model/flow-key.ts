/**
 * What makes two packets the same flow: source and destination address, protocol, destination port, log prefix.
 * Ten numbers, so that a repeat is found without making a string. A ChunkParser writes `words` itself, field by field
 * as it meets them; everybody else fills it from a PacketDrop.
 */
import { parseAddress } from "./address.ts";
import type { PacketDrop } from "./packet-drop.ts";
import { protocolNumber } from "./protocol.ts";

/** Numbers in a key. */
export const flowWords = 10;

/** Places in `words`. */
export const flowHead = 0;
/** Where in `words` the four words of the source address begin. */
export const flowSource = 1;
/** Where in `words` the four words of the destination address begin. */
export const flowDestination = 5;
/** The place in `words` of the log prefix, see prefixWord. */
export const flowPrefix = 9;

/** What makes two packets the same flow, as ten numbers. A ChunkParser writes `words`; others call `fill`. */
export class FlowKey {
  /**
   * [0] version, protocol and port (see flowHeadWord); [1-4] source, [5-8] destination: 32 bits each, network order,
   * an IPv4 address in the first of its four, the rest 0; [9] prefixWord of the log prefix.
   */
  readonly words: Uint32Array = new Uint32Array(flowWords);

  /** False, with `words` undefined in content, when an address of `drop` is none. */
  fill(drop: PacketDrop): boolean {
    const port = drop.destinationPort ?? 0;
    this.words[flowHead] = flowHeadWord(drop.ipVersion, protocolNumber(drop.protocol), port);
    this.words[flowPrefix] = prefixWord(drop.logPrefix ?? "");
    return (
      parseAddress(drop.sourceAddress, this.words, flowSource) !== 0 &&
      parseAddress(drop.destinationAddress, this.words, flowDestination) !== 0
    );
  }
}

/** `protocol` is the IANA number, 256 for an unknown name, 257 for none; `port` is 0 where there is none. */
export function flowHeadWord(ipVersion: 4 | 6, protocol: number, port: number): number {
  return (((ipVersion === 6 ? 0x8000 : 0) | protocol) << 16) | port;
}

/** FNV-1a over the UTF-16 units of a log prefix without its trailing space. */
export function prefixWord(logPrefix: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < logPrefix.length; i++) hash = Math.imul(hash ^ logPrefix.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
