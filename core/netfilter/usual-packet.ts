/**
 * All fields of a usual packet, straight from the bytes at the places that the packet scanner has noted.
 * Called by the repeat scanner for the first packet of a flow. What is not the plain case (options, a quoted packet, a
 * word that is not known here) it leaves to readPacket. Why a second reader: a flood is all first packets, and elsewhere
 * they are read by code that is not compiled yet; this brought bench flood from 2.0 S to 1.4, sparse from 3.2 to 2.7.
 */
import { formatAddress } from "../plugin/index.ts";
import type { Interfaces } from "./anchor.ts";
import type { PacketPlaces } from "./packet-places.ts";
import { markForm, Reading, readMac } from "./packet-words.ts";
import { plainNameAt } from "./shown-names.ts";

/** A line that the packet scanner has read, within its chunk. */
export interface KnownLine {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly start: number;
  readonly packetAt: number;
  /** Of its line break. */
  readonly end: number;
}

const space = 0x20;
const maxLength = 0xffff_ffff;
const macBytes = 41;
/** "0x" and eight digits. */
const maxMarkBytes = 10;
const destination = 5;

export class UsualPacket {
  /** Of the packet that was read last. */
  readonly reading = new Reading();
  readonly interfaces: { -readonly [K in keyof Interfaces]: string } = {
    inInterface: "",
    outInterface: "",
    physicalInInterface: "",
    physicalOutInterface: "",
  };
  readonly #places: PacketPlaces;
  /** Of the packet before: most have the same. */
  #mac = "";

  constructor(places: PacketPlaces) {
    this.#places = places;
  }

  /** `words`: the packet's flow, with its addresses and ports. False: read the packet in full. */
  read(line: KnownLine, words: Uint32Array): boolean {
    const { bytes, view } = line;
    const { length, ttl } = this.#places;
    const { reading } = this;
    reading.length = decimal(bytes, length);
    reading.ttl = decimal(bytes, ttl);
    if (reading.length > maxLength || reading.ttl > 255) return false;
    if (!this.#readInterfaces(bytes)) return false;
    this.#readMac(bytes);
    this.#readAddresses(bytes, words);
    this.#readTransport(bytes, words[0] ?? 0);
    // Words are compared four bytes at once.
    return line.end + 4 <= view.byteLength && this.#readTail(line);
  }

  #readInterfaces(bytes: Buffer): boolean {
    const places = this.#places;
    const inInterface = plainNameAt(bytes, places.inInterface);
    const outInterface = plainNameAt(bytes, places.outInterface);
    if (inInterface === undefined || outInterface === undefined) return false;
    this.interfaces.inInterface = inInterface;
    this.interfaces.outInterface = outInterface;
    return this.#readPorts(bytes);
  }

  /** A bridge's. */
  #readPorts(bytes: Buffer): boolean {
    const { physicalInInterface, physicalOutInterface } = this.#places;
    const inPort = physicalInInterface === 0 ? "" : plainNameAt(bytes, physicalInInterface);
    const outPort = physicalOutInterface === 0 ? "" : plainNameAt(bytes, physicalOutInterface);
    if (inPort === undefined || outPort === undefined) return false;
    this.interfaces.physicalInInterface = inPort;
    this.interfaces.physicalOutInterface = outPort;
    return true;
  }

  /** Octets that are none tell nothing, as in readPacket. */
  #readMac(bytes: Buffer): void {
    const at = this.#places.mac;
    const { reading } = this;
    if (at > 0 && stands(this.#mac, bytes, at)) return;
    reading.destinationMac = undefined;
    reading.sourceMac = undefined;
    reading.etherType = undefined;
    this.#mac = at === 0 ? "" : bytes.toString("latin1", at, at + macBytes);
    if (at > 0) readMac(this.#mac, reading);
  }

  #readAddresses(bytes: Buffer, words: Uint32Array): void {
    const { source, destination: place, length } = this.#places;
    const { reading } = this;
    const four = (words[0] ?? 0) < 0x8000_0000;
    reading.ipVersion = four ? 4 : 6;
    reading.sourceAddress = four ? bytes.toString("latin1", source, place - 5) : formatAddress(6, words, 1);
    reading.destinationAddress = four
      ? bytes.toString("latin1", place, length - 5)
      : formatAddress(6, words, destination);
  }

  #readTransport(bytes: Buffer, head: number): void {
    const { reading } = this;
    const protocol = (head >>> 16) & 0xff;
    const ported = protocol === 6 || protocol === 17;
    reading.protocol = ported ? (protocol === 6 ? "TCP" : "UDP") : protocol === 1 ? "ICMP" : "ICMPv6";
    reading.sourcePort = ported ? this.#places.sourcePort : undefined;
    reading.destinationPort = ported ? head & 0xffff : undefined;
    reading.icmpType = ported ? undefined : decimal(bytes, this.#places.icmpType);
    reading.icmpCode = undefined;
    reading.tcpFlagBits = undefined;
    reading.mark = undefined;
  }

  /** What follows the ports or the ICMP type; false at the first word that is not known here. */
  #readTail({ bytes, view, end }: KnownLine): boolean {
    let at = this.#places.tail;
    while (at < end) {
      if (bytes[at] !== space) {
        if (!this.#readWord(bytes, view.getInt32(at), at)) return false;
        at = wordEnd(bytes, at, end);
      }
      at++;
    }
    return true;
  }

  /** `letters`: its first four. */
  #readWord(bytes: Buffer, letters: number, at: number): boolean {
    const { reading } = this;
    switch (letters) {
      // "WIND", "URGP", "SEQ=", "LEN=": nothing of them is in a record.
      case 0x57494e44:
      case 0x55524750:
      case 0x5345513d:
      case 0x4c454e3d:
        return true;
      // "RES=": from here on flags may follow.
      case 0x5245533d:
        if (reading.protocol === "TCP") reading.tcpFlagBits ??= 0;
        return true;
      // "CODE" "="
      case 0x434f4445:
        return bytes[at + 4] === 0x3d && this.#readCode(bytes, at + 5);
      // "MARK" "="
      case 0x4d41524b:
        return bytes[at + 4] === 0x3d && this.#readMark(bytes, at + 5);
      default:
        // "ID="
        return letters >>> 8 === 0x49443d || this.#readFlag(letters);
    }
  }

  #readCode(bytes: Buffer, at: number): boolean {
    const { reading } = this;
    let code = 0;
    let end = at;
    for (let digit = digitAt(bytes, end); digit >= 0; digit = digitAt(bytes, ++end)) code = code * 10 + digit;
    if (reading.icmpType === undefined || reading.icmpCode !== undefined || code > 255) return false;
    reading.icmpCode = code;
    return end > at && end <= at + 3 && bytes[end] === space;
  }

  #readMark(bytes: Buffer, at: number): boolean {
    const value = bytes.toString("latin1", at, wordEnd(bytes, at, at + maxMarkBytes));
    if (this.reading.mark !== undefined || !markForm.test(value)) return false;
    this.reading.mark = value;
    return bytes[at + value.length] === space;
  }

  #readFlag(letters: number): boolean {
    const bit = flags.indexOf(letters);
    if (bit < 0 || this.reading.protocol !== "TCP") return false;
    this.reading.tcpFlagBits = (this.reading.tcpFlagBits ?? 0) | (8 << bit);
    return true;
  }
}

/** "URG ", "ACK ", "PSH ", "RST ", "SYN ", "FIN ": in the order of tcpFlagNames, whose fourth is the first here. */
const flags = [0x55524720, 0x41434b20, 0x50534820, 0x52535420, 0x53594e20, 0x46494e20];

function stands(text: string, bytes: Buffer, start: number): boolean {
  if (text === "") return false;
  for (let i = 0; i < macBytes; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

function wordEnd(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== space) at++;
  return at;
}

/** The digits at `start`, as many as there are. */
function decimal(bytes: Buffer, start: number): number {
  let number = 0;
  let at = start;
  for (let digit = digitAt(bytes, at); digit >= 0; digit = digitAt(bytes, ++at)) number = number * 10 + digit;
  return number;
}

/** 0 to 9, or -1. */
function digitAt(bytes: Buffer, at: number): number {
  const digit = (bytes[at] ?? 0) - 0x30;
  return digit > 9 || digit < 0 ? -1 : digit;
}
