/**
 * Finds the fixed part of a netfilter message, "IN=… OUT=…", behind whatever prefix a rule has.
 * In: a string of one character a byte. Called by the line parser and the repeat scanner.
 */

/** Where the fixed part of a message lies. */
export interface Anchor extends Interfaces {
  /** Of "IN=". */
  readonly at: number;
  /** First character behind the interfaces. */
  readonly end: number;
}

/** "" for one that is not there. */
export interface Interfaces {
  readonly inInterface: string;
  readonly outInterface: string;
  readonly physicalInInterface: string;
  readonly physicalOutInterface: string;
}

/**
 * The first "IN=… OUT=…" at or behind `from` that a link layer, a packet or the end of the line follows.
 * A rule's prefix may hold "IN= OUT= " itself; what follows tells it from the kernel's own.
 */
export function findAnchor(text: string, from: number): Anchor | undefined {
  for (let at = text.indexOf("IN=", from); at >= 0; at = text.indexOf("IN=", at + 1)) {
    if (text.startsWith("PHYS", at - 4)) continue;
    const anchor = anchorAt(text, at);
    if (anchor !== undefined) return anchor;
  }
  return undefined;
}

export function anchorAt(text: string, at: number): Anchor | undefined {
  let end = nameEnd(text, at + 3);
  const inInterface = text.slice(at + 3, end);
  let physicalInInterface = "";
  // Kernels before 2.6.20 print the bridge's ports next to the bridge's names.
  if (text.startsWith(" PHYSIN=", end)) [physicalInInterface, end] = named(text, end + 8);
  if (!text.startsWith(" OUT=", end)) return undefined;
  let outInterface = "";
  [outInterface, end] = named(text, end + 5);
  if (text.startsWith(" PHYSIN=", end)) [physicalInInterface, end] = named(text, end + 8);
  let physicalOutInterface = "";
  if (text.startsWith(" PHYSOUT=", end)) [physicalOutInterface, end] = named(text, end + 9);
  if (!bodyFollows(text, end)) return undefined;
  return { at, end, inInterface, outInterface, physicalInInterface, physicalOutInterface };
}

function named(text: string, at: number): [string, number] {
  const end = nameEnd(text, at);
  return [text.slice(at, end), end];
}

/** An interface has up to 15 bytes, none of them a space or "/" (dev_valid_name). */
function nameEnd(text: string, at: number): number {
  let end = at;
  while (end - at < 15) {
    const byte = text.charCodeAt(end);
    if (Number.isNaN(byte) || byte === 0x20 || byte === 0x2f) break;
    end++;
  }
  return end;
}

function bodyFollows(text: string, end: number): boolean {
  if (end === text.length) return true;
  if (text.charCodeAt(end) !== 0x20) return false;
  let at = end;
  while (text.charCodeAt(at) === 0x20) at++;
  if (at === text.length) return true;
  return bodyStarts.some((start) => text.startsWith(start, at));
}

const bodyStarts = ["MAC=", "SRC=", "MACSRC=", "ARP ", "TRUNCATED", "MAC source", "TUNNEL=", "DST="];
