/**
 * Pod names in two parts: "web-7d4b9c6f5-x2k8p" is a stem that its ReplicaSet's pods share and up to eight own
 * letters, which fit in two words. Called by the pod table.
 */
const maxSuffix = 8;

export interface SplitName {
  readonly stem: string;
  /** The suffix's letters, a byte each, filled up with zeros. */
  readonly words: readonly [number, number];
}

export function splitName(name: string): SplitName {
  const start = name.lastIndexOf("-") + 1;
  const suffix = name.slice(start);
  if (start === 0 || suffix.length > maxSuffix || !/^[0-9a-z]+$/.test(suffix)) return { stem: name, words: [0, 0] };
  return { stem: name.slice(0, start), words: [word(suffix, 0), word(suffix, 4)] };
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

function word(text: string, at: number): number {
  let word = 0;
  for (let i = at; i < at + 4; i++) word = (word << 8) | (i < text.length ? text.charCodeAt(i) : 0);
  return word >>> 0;
}
