/** Addresses as the kernel prints them (IPv6: eight groups of four hex digits) and in any other notation. */
import { formatAddress, parseAddress } from "../plugin/index.ts";

const words = new Uint32Array(4);

/** Canonical text (RFC 5952), undefined when `text` is no address. */
export function readAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (text.length === 39 && readKernelForm(text)) return formatAddress(6, words);
  return parseAddress(text, words) === 6 ? formatAddress(6, words) : undefined;
}

function isIPv4(text: string): boolean {
  let dots = 0;
  let number = -1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2e) {
      if (number < 0) return false;
      dots++;
      number = -1;
    } else {
      if (code < 0x30 || code > 0x39 || number === 0) return false;
      number = (number < 0 ? 0 : number * 10) + code - 0x30;
      if (number > 255) return false;
    }
  }
  return dots === 3 && number >= 0;
}

function readKernelForm(text: string): boolean {
  let word = 0;
  for (let i = 0; i < 39; i++) {
    const code = text.charCodeAt(i);
    if (i % 5 === 4) {
      if (code !== 0x3a) return false;
      continue;
    }
    const digit = hexDigit(code);
    if (digit < 0) return false;
    word = (word << 4) | digit;
    // The second group of each pair fills a word.
    if (i % 10 === 8) words[(i - 8) / 10] = word;
  }
  return true;
}

/** 0 to 15, or -1. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
