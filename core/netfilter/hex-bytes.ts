/** Hex digits among bytes, read by table. Called by those who read packets from bytes. */

export function isHexPair(view: DataView, at: number): boolean {
  return (hexValues[view.getInt8(at)] ?? -1) >= 0 && (hexValues[view.getInt8(at + 1)] ?? -1) >= 0;
}

/** Four hex digits; negative when one is none. */
export function hexGroup(view: DataView, at: number): number {
  const a = hexValues[view.getInt8(at)] ?? -1;
  const b = hexValues[view.getInt8(at + 1)] ?? -1;
  const c = hexValues[view.getInt8(at + 2)] ?? -1;
  const d = hexValues[view.getInt8(at + 3)] ?? -1;
  return (a | b | c | d) < 0 ? -1 : (a << 12) | (b << 8) | (c << 4) | d;
}

const hexValues = new Int8Array(256).fill(-1);
for (let i = 0; i < 16; i++) {
  hexValues[i.toString(16).charCodeAt(0)] = i;
  hexValues[i.toString(16).toUpperCase().charCodeAt(0)] = i;
}
