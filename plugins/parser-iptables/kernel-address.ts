/** IPv6 addresses as the kernel prints them, eight groups of four hex digits, and in any other notation. */
import { parseAddress } from "../../core/plugin/index.ts";

const words = new Uint32Array(4);

/** The four words of the address, valid until the next call; undefined when `text` is no IPv6 address. */
export function readIPv6(text: string): Uint32Array | undefined {
  if (text.length === 39 && readKernelForm(text)) return words;
  return parseAddress(text, words) === 6 ? words : undefined;
}

function readKernelForm(text: string): boolean {
  let word = 0;
  for (let i = 0; i < 39; i++) {
    const code = text.charCodeAt(i);
    if (i % 5 === 4) {
      if (code !== 0x3a) return false;
    } else {
      const digit = hexDigit(code);
      if (digit < 0) return false;
      word = (word << 4) | digit;
    }
    if (i % 10 === 8) words[(i - 8) / 10] = word;
  }
  return true;
}

/** 0 to 15, or -1. */
export function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
