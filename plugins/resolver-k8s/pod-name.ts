/**
 * Pod names in two parts: "web-7d4b9c6f5-x2k8p" is a stem that its ReplicaSet's pods share and up to eight own
 * letters, which fit in two words. Called by the pod table.
 */
const maxSuffix = 8;

/** Where the own letters begin; the name's length where there are none that fit. */
export function suffixStart(name: string): number {
  const start = name.lastIndexOf("-") + 1;
  if (start === 0 || name.length - start > maxSuffix) return name.length;
  for (let i = start; i < name.length; i++) if (!isLetterOrDigit(name.charCodeAt(i))) return name.length;
  return start;
}

/** Four letters, a byte each, filled up with zeros. */
export function suffixWord(name: string, start: number): number {
  let word = 0;
  for (let i = start; i < start + 4; i++) word = (word << 8) | (i < name.length ? name.charCodeAt(i) : 0);
  return word >>> 0;
}

export function joinName(stem: string, first: number, second: number): string {
  let name = stem;
  for (const word of [first, second]) {
    for (let shift = 24; shift >= 0; shift -= 8) {
      const code = (word >>> shift) & 0xff;
      if (code !== 0) name += String.fromCharCode(code);
    }
  }
  return name;
}

function isLetterOrDigit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x7a);
}
