/** Uids as the API server makes them, between text and four 32-bit words. Called by the pod table. */

const form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Undefined for a uid that is no lower-case UUID: the API does not promise one. */
export function uidWords(uid: string): Uint32Array | undefined {
  if (!form.test(uid)) return undefined;
  return Uint32Array.of(
    Number.parseInt(uid.slice(0, 8), 16),
    Number.parseInt(uid.slice(9, 13) + uid.slice(14, 18), 16),
    Number.parseInt(uid.slice(19, 23) + uid.slice(24, 28), 16),
    Number.parseInt(uid.slice(28), 16),
  );
}

export function uidText(words: Uint32Array): string {
  const hex = Array.from(words, (word) => word.toString(16).padStart(8, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
