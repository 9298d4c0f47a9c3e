/** Uids as the API server makes them, between text and four 32-bit words. Called by the pod table. */

/** Undefined for a uid that is no lower-case UUID: the API does not promise one. */
export function uidWords(uid: string): Uint32Array | undefined {
  if (uid.length !== 36) return undefined;
  const words = new Uint32Array(4);
  let digits = 0;
  for (let i = 0; i < 36; i++) {
    const code = uid.charCodeAt(i);
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (code !== 0x2d) return undefined;
      continue;
    }
    const digit = hexDigit(code);
    if (digit < 0) return undefined;
    const word = digits++ >>> 3;
    words[word] = ((words[word] ?? 0) << 4) | digit;
  }
  return words;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : -1;
}

export function uidText(words: Uint32Array): string {
  const hex = Array.from(words, (word) => word.toString(16).padStart(8, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
