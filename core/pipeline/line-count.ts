import { byteSearchOf } from "../byte-search/byte-search.ts";

const newline = 0x0a;

/** Counts newlines. Where bytes cannot be searched, one indexOf a line is the fastest way there is in Node 24. */
export function countLines(bytes: Uint8Array): number {
  return byteSearchOf(bytes)?.count(bytes, newline) ?? countByCall(bytes);
}

function countByCall(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) count++;
  return count;
}
