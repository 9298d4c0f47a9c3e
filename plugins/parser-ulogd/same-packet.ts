/**
 * Knows a packet again that several rules have logged: k3s logs one with each policy that selects the pod and once more
 * without a prefix. In: what a line tells; out: whether another line has told of the same packet. The first one counts.
 */
import type { FoundDrop } from "../../core/netfilter/line-parser.ts";

/** Rules of one packet follow each other; other processors' packets may come between. */
const remembered = 32;
/** Seconds are all that LOGEMU has. */
const sameMillis = 2000;

interface Packet {
  readonly text: string;
  readonly millis: number;
  readonly prefixes: Set<string>;
}

export class SamePacket {
  readonly #latest: Packet[] = [];
  #next = 0;

  /** A prefix that has told of this packet already begins another one: datagrams can be alike to the last bit. */
  tellsAgain({ packetText, millis, prefix, packets }: FoundDrop): boolean {
    const text = packetText.trimEnd();
    const known = this.#latest.findIndex((packet) => packet.text === text);
    const packet = this.#latest[known];
    if (packet !== undefined && packets === 1 && Math.abs(millis - packet.millis) <= sameMillis) {
      if (!packet.prefixes.has(prefix.text)) {
        packet.prefixes.add(prefix.text);
        return true;
      }
    }
    const place = known < 0 ? this.#next : known;
    if (known < 0) this.#next = (this.#next + 1) % remembered;
    this.#latest[place] = { text, millis, prefixes: new Set([prefix.text]) };
    return false;
  }
}
