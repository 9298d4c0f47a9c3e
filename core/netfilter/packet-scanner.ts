/**
 * Reads who, to whom and what of a usual packet straight from the bytes into a FlowKey's words: IPv4 and IPv6, with or
 * without MAC and bridge ports, TCP, UDP and ICMP. Strict, in the kernel's order; anything else is "not a usual packet".
 * Four letters are compared as one number: "SRC=" is 0x5352433d.
 */
import { hexGroup, isHexPair } from "./hex-bytes.ts";
import { PacketPlaces } from "./packet-places.ts";

const space = 0x20;
const newline = 0x0a;
/** The line parser takes no line above 64 KiB; neither does this. */
const maxTailBytes = 60_000;

/** A place in `words` of FlowKey. */
const head = 0;
const source = 1;
const destination = 5;

export class PacketScanner {
  /** Of the packet that was read last. */
  readonly places = new PacketPlaces();
  /** Where the next thing is read. -1: not a usual packet. */
  #at = 0;

  /** Reads from "IN=" at `start`. Returns the start of the next line; -1 when it is no usual packet. */
  read(view: DataView, start: number, words: Uint32Array): number {
    this.#at = start + 3;
    this.places.inInterface = start + 3;
    if (!this.#interfaces(view) || !this.#mac(view)) return -1;
    const at = this.#at;
    // "SRC="; an IPv6 address has its first colon behind four digits.
    if (view.getInt32(at) !== 0x5352433d) return -1;
    this.#at = at + 4;
    this.places.source = at + 4;
    const version6 = view.getInt8(at + 8) === 0x3a;
    if (!(version6 ? this.#ipv6(view, words, source) : this.#ipv4(view, words, source))) return -1;
    // "DST="
    if (view.getInt32(this.#at) !== 0x4453543d) return -1;
    this.#at += 4;
    this.places.destination = this.#at;
    if (!(version6 ? this.#ipv6(view, words, destination) : this.#ipv4(view, words, destination))) return -1;
    if (!(version6 ? this.#ipv6Header(view) : this.#ipv4Header(view))) return -1;
    return this.#transport(view, words, version6 ? 0x8000_0000 : 0) ? this.#lineEnd(view) : -1;
  }

  /** `eth0 OUT=eth1 ` and, on a bridge, `PHYSIN=a PHYSOUT=b `. */
  #interfaces(view: DataView): boolean {
    if (!this.#name(view)) return false;
    // "OUT="
    if (view.getInt32(this.#at) !== 0x4f55543d) return false;
    this.#at += 4;
    const { places } = this;
    places.outInterface = this.#at;
    places.physicalInInterface = 0;
    places.physicalOutInterface = 0;
    if (!this.#name(view)) return false;
    // "PHYS" "IN=", then "PHYS" "OUT="
    if (view.getInt32(this.#at) !== 0x50485953) return true;
    if (view.getInt32(this.#at + 3) === 0x53494e3d) {
      this.#at += 7;
      places.physicalInInterface = this.#at;
      if (!this.#name(view)) return false;
    }
    if (view.getInt32(this.#at) === 0x50485953 && view.getInt32(this.#at + 4) === 0x4f55543d) {
      this.#at += 8;
      places.physicalOutInterface = this.#at;
      if (!this.#name(view)) return false;
    }
    return true;
  }

  /** Up to 15 bytes and the space behind them. */
  #name(view: DataView): boolean {
    let at = this.#at;
    const limit = at + 16;
    while (at < limit) {
      const byte = view.getInt8(at++);
      if (byte > space) {
        // A backslash may be an escape, which the line parser undoes.
        if (byte === 0x2f || byte === 0x5c) return false;
      } else {
        this.#at = at;
        return byte === space;
      }
    }
    return false;
  }

  /** `MAC=` with 14 octets or none; or no MAC at all. What the octets are does not matter for the flow. */
  #mac(view: DataView): boolean {
    const start = this.#at;
    this.places.mac = 0;
    if (view.getInt32(start) !== 0x4d41433d) return true;
    let at = start + 4;
    if (view.getInt8(at) !== space) {
      this.places.mac = at;
      for (const end = at + 40; at < end; at += 4) {
        // No byte of the four below 0x21: no space, no line break.
        const four = view.getInt32(at);
        if (((four - 0x21212121) & ~four & 0x80808080) !== 0) return false;
      }
      if (view.getInt8(at++) <= space) return false;
    }
    this.#at = at + 1;
    return view.getInt8(at) === space;
  }

  #ipv4(view: DataView, words: Uint32Array, place: number): boolean {
    let at = this.#at;
    let word = 0;
    for (let part = 0; part < 4; part++) {
      const begin = at;
      let number = 0;
      let digit = view.getInt8(at) - 0x30;
      while (digit >= 0 && digit <= 9) {
        number = number * 10 + digit;
        digit = view.getInt8(++at) - 0x30;
        if (at - begin > 3) return false;
      }
      const length = at - begin;
      if (length === 0 || number > 255 || (length > 1 && view.getInt8(begin) === 0x30)) return false;
      if (digit + 0x30 !== (part === 3 ? space : 0x2e)) return false;
      word = (word << 8) | number;
      at++;
    }
    words[place] = word;
    words[place + 1] = 0;
    words[place + 2] = 0;
    words[place + 3] = 0;
    this.#at = at;
    return true;
  }

  /** Eight groups of four hex digits. */
  #ipv6(view: DataView, words: Uint32Array, place: number): boolean {
    let at = this.#at;
    for (let i = 0; i < 4; i++) {
      const high = hexGroup(view, at);
      const low = hexGroup(view, at + 5);
      if ((high | low) < 0 || view.getInt8(at + 4) !== 0x3a) return false;
      if (view.getInt8(at + 9) !== (i === 3 ? space : 0x3a)) return false;
      words[place + i] = (high << 16) | low;
      at += 10;
    }
    this.#at = at;
    return true;
  }

  /** `LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=50301 DF `. */
  #ipv4Header(view: DataView): boolean {
    // "LEN="
    this.places.length = this.#at + 4;
    if (!this.#number(view, 0x4c454e3d)) return false;
    this.places.ttl = this.#at + 23;
    let at = this.#at;
    // "TOS=" "0x", then "PREC" "=0x"
    if (view.getInt32(at) !== 0x544f533d || view.getInt16(at + 4) !== 0x3078 || view.getInt8(at + 8) !== space)
      return false;
    at += 9;
    if (view.getInt32(at) !== 0x50524543 || view.getInt32(at + 3) !== 0x433d3078 || view.getInt8(at + 9) !== space)
      return false;
    this.#at = at + 10;
    if (!isHexPair(view, at + 7) || !isHexPair(view, at - 3)) return false;
    // "TTL=", then "ID="
    if (!this.#number(view, 0x54544c3d)) return false;
    at = this.#at;
    if (view.getInt16(at) !== 0x4944) return false;
    this.#at = at - 1;
    if (!this.#number(view, 0x2049443d)) return false;
    // "DF "
    if (view.getInt16(this.#at) === 0x4446 && view.getInt8(this.#at + 2) === space) this.#at += 3;
    return true;
  }

  /** `LEN=80 TC=0 HOPLIMIT=63 FLOWLBL=195796 `. */
  #ipv6Header(view: DataView): boolean {
    this.places.length = this.#at + 4;
    if (!this.#number(view, 0x4c454e3d)) return false;
    // " TC="
    this.#at -= 1;
    if (!this.#number(view, 0x2054433d)) return false;
    // "HOPL" "IMIT="
    if (view.getInt32(this.#at) !== 0x484f504c) return false;
    if (view.getInt8(this.#at + 4) !== 0x49) return false;
    this.#at += 5;
    this.places.ttl = this.#at + 4;
    if (!this.#number(view, 0x4d49543d)) return false;
    // "FLOW" "LBL="
    if (view.getInt32(this.#at) !== 0x464c4f57) return false;
    this.#at += 4;
    return this.#number(view, 0x4c424c3d);
  }

  /** `PROTO=TCP SPT=1 DPT=2 `, and that more follows; or `PROTO=ICMP TYPE=8 `. */
  #transport(view: DataView, words: Uint32Array, versionBit: number): boolean {
    const at = this.#at;
    // "PROT" "O="
    if (view.getInt32(at) !== 0x50524f54 || view.getInt16(at + 4) !== 0x4f3d) return false;
    const name = view.getInt32(at + 6);
    this.#at = at + 10;
    // "TCP ", "UDP "
    if (name === 0x54435020) return this.#ports(view, words, versionBit | (6 << 16));
    if (name === 0x55445020) return this.#ports(view, words, versionBit | (17 << 16));
    // "ICMP", then " " or "v6 "
    if (name !== 0x49434d50) return false;
    let protocol = 1;
    if (view.getInt16(at + 10) === 0x7636) {
      this.#at += 2;
      protocol = 58;
    }
    if (view.getInt8(this.#at++) !== space) return false;
    words[head] = versionBit | (protocol << 16);
    // "TYPE" "="
    if (view.getInt32(this.#at) !== 0x54595045 || view.getInt8(this.#at + 4) !== 0x3d) return false;
    const digits = digitsEnd(view, this.#at + 5);
    const length = digits - this.#at - 5;
    this.places.icmpType = this.#at + 5;
    this.places.tail = digits + 1;
    this.#at = digits;
    return length > 0 && length < 3 && view.getInt8(digits) === space;
  }

  #ports(view: DataView, words: Uint32Array, bits: number): boolean {
    // "SPT=", "DPT="
    if (!this.#port(view, 0x5350543d)) return false;
    this.places.sourcePort = this.#value;
    if (!this.#port(view, 0x4450543d)) return false;
    words[head] = bits | this.#value;
    this.places.tail = this.#at;
    this.#skipWindow(view);
    // Another word follows, so no digit of the port was lost.
    return view.getInt8(this.#at) > space;
  }

  /** `WINDOW=64240 RES=0x00 `: half of what follows a TCP port, read faster than byte by byte. */
  #skipWindow(view: DataView): void {
    const start = this.#at;
    // "WIND", then "DOW="
    if (view.getInt32(start) !== 0x57494e44) return;
    this.#at = start + 3;
    // "RES=" "0x00" " "
    const usual = this.#number(view, 0x444f573d) && view.getInt32(this.#at) === 0x5245533d;
    const zero = usual && view.getInt32(this.#at + 4) === 0x30783030 && view.getInt8(this.#at + 8) === space;
    this.#at = zero ? this.#at + 9 : start;
  }

  #value = 0;

  #port(view: DataView, name: number): boolean {
    if (view.getInt32(this.#at) !== name) return false;
    let at = this.#at + 4;
    let value = 0;
    let digit = view.getInt8(at) - 0x30;
    const begin = at;
    while (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      digit = view.getInt8(++at) - 0x30;
      if (at - begin > 5) return false;
    }
    this.#value = value;
    this.#at = at + 1;
    return at > begin && value <= 0xffff && digit === space - 0x30;
  }

  /** `name` (four letters), 1 to 10 digits and a space. */
  #number(view: DataView, name: number): boolean {
    if (view.getInt32(this.#at) !== name) return false;
    const begin = this.#at + 4;
    const end = digitsEnd(view, begin);
    this.#at = end + 1;
    return end > begin && end - begin <= 10 && view.getInt8(end) === space;
  }

  /** Behind the line's end; -1 when it may hold a second packet ("IN=" once more) or does not end in these bytes. */
  #lineEnd(view: DataView): number {
    const limit = Math.min(view.byteLength, this.#at + maxTailBytes);
    for (let at = this.#at; at < limit; at++) {
      const byte = view.getInt8(at);
      if (byte === newline) return at + 1;
      // "N=" behind an "I"
      if (byte === 0x3d && view.getInt16(at - 2) === 0x494e) return -1;
    }
    return -1;
  }
}

function digitsEnd(view: DataView, start: number): number {
  let at = start;
  for (const limit = start + 11; at < limit; at++) {
    const digit = view.getInt8(at) - 0x30;
    if (digit < 0 || digit > 9) break;
  }
  return at;
}
