/**
 * The PacketDrop that reports carry, made from what was read of a line. Called for the first packet of each flow.
 * A class with an assignment a field, because V8 then keeps all fields in the object itself; fields that the line does
 * not have are not set, so that they are absent from JSON.
 */
import type { PacketDrop, PacketHeader, Verdict } from "../plugin/index.ts";
import type { Interfaces } from "./anchor.ts";
import { utcText } from "./clock-reader.ts";
import { type Reading, tcpFlagList } from "./packet-words.ts";
import type { RulePrefix } from "./rule-prefixes.ts";

/** What the framing says. */
export interface Framing {
  readonly millis: number;
  readonly fraction: string;
  /** As it is shown; "" for none. */
  readonly host: string;
  readonly prefix: RulePrefix;
}

export class DropRecord implements PacketDrop {
  declare readonly time: string;
  declare readonly host?: string;
  declare readonly logPrefix?: string;
  declare readonly verdict?: Verdict;
  declare readonly policy?: string;
  declare readonly inInterface?: string;
  declare readonly outInterface?: string;
  declare readonly physicalInInterface?: string;
  declare readonly physicalOutInterface?: string;
  declare readonly sourceMac?: string;
  declare readonly destinationMac?: string;
  declare readonly etherType?: string;
  declare readonly ipVersion: 4 | 6;
  declare readonly sourceAddress: string;
  declare readonly destinationAddress: string;
  declare readonly protocol?: string;
  declare readonly sourcePort?: number;
  declare readonly destinationPort?: number;
  declare readonly icmpType?: number;
  declare readonly icmpCode?: number;
  declare readonly tcpFlags?: readonly string[];
  declare readonly length?: number;
  declare readonly ttl?: number;
  declare readonly mark?: string;
  declare readonly uid?: number;
  declare readonly gid?: number;
  declare readonly fragmentOffset?: number;
  declare readonly embedded?: PacketHeader;

  /** `interfaces`: as they are shown. */
  // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one condition a field, and nothing else.
  constructor(reading: Reading, interfaces: Interfaces, framing: Framing) {
    this.time = utcText(framing.millis, framing.fraction);
    if (framing.host !== "") this.host = framing.host;
    const { text, verdict, policy } = framing.prefix;
    if (text !== "") this.logPrefix = text;
    if (verdict !== undefined) this.verdict = verdict;
    if (policy !== undefined) this.policy = policy;
    if (interfaces.inInterface !== "") this.inInterface = interfaces.inInterface;
    if (interfaces.outInterface !== "") this.outInterface = interfaces.outInterface;
    if (interfaces.physicalInInterface !== "") this.physicalInInterface = interfaces.physicalInInterface;
    if (interfaces.physicalOutInterface !== "") this.physicalOutInterface = interfaces.physicalOutInterface;
    if (reading.sourceMac !== undefined) this.sourceMac = reading.sourceMac;
    if (reading.destinationMac !== undefined) this.destinationMac = reading.destinationMac;
    if (reading.etherType !== undefined) this.etherType = reading.etherType;
    this.ipVersion = reading.ipVersion ?? 4;
    this.sourceAddress = reading.sourceAddress ?? "";
    this.destinationAddress = reading.destinationAddress ?? "";
    if (reading.protocol !== undefined) this.protocol = reading.protocol;
    if (reading.sourcePort !== undefined) this.sourcePort = reading.sourcePort;
    if (reading.destinationPort !== undefined) this.destinationPort = reading.destinationPort;
    if (reading.icmpType !== undefined) this.icmpType = reading.icmpType;
    if (reading.icmpCode !== undefined) this.icmpCode = reading.icmpCode;
    if (reading.tcpFlagBits !== undefined) this.tcpFlags = tcpFlagList(reading.tcpFlagBits);
    if (reading.length !== undefined) this.length = reading.length;
    if (reading.ttl !== undefined) this.ttl = reading.ttl;
    if (reading.mark !== undefined) this.mark = reading.mark;
    if (reading.uid !== undefined) this.uid = reading.uid;
    if (reading.gid !== undefined) this.gid = reading.gid;
    if (reading.fragmentOffset !== undefined) this.fragmentOffset = reading.fragmentOffset;
    if (reading.embedded !== undefined) this.embedded = reading.embedded;
  }
}
