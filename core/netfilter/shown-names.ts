/**
 * Names of hosts and interfaces as reports show them: safe to print, and one string for each that comes often.
 * In: one character a byte, or the bytes. Called by those who make DropRecords.
 */
import { printable } from "../plugin/index.ts";
import type { Interfaces } from "./anchor.ts";
import { SharedTexts } from "./detached-text.ts";

const names = new SharedTexts(1024);
const space = 0x20;

/** Bytes as text that is safe to print. */
export function shown(bytes: string): string {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes.charCodeAt(i);
    if (byte < 0x20 || byte > 0x7e) return printable(Buffer.from(bytes, "latin1").toString("utf8"));
  }
  return bytes;
}

export function shownName(bytes: string): string {
  const text = shown(bytes);
  // Only plain names have one character a byte.
  return text === bytes ? names.get(text) : text;
}

export function shownInterfaces(interfaces: Interfaces): Interfaces {
  return {
    inInterface: shownName(interfaces.inInterface),
    outInterface: shownName(interfaces.outInterface),
    physicalInInterface: shownName(interfaces.physicalInInterface),
    physicalOutInterface: shownName(interfaces.physicalOutInterface),
  };
}

/** The name at `at`, up to the next space; undefined when it is not safe to print as it is. */
export function plainNameAt(bytes: Buffer, at: number): string | undefined {
  let end = at;
  for (let byte = bytes[end] ?? space; byte !== space; byte = bytes[++end] ?? space) {
    if (byte < space || byte > 0x7e) return undefined;
  }
  return names.ofBytes(bytes, at, end);
}
