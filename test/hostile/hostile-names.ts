/** Names that strangers choose, and what of them must never reach a person, a terminal or a label as it is. */

const esc = "\u001b";
const long = "x".repeat(64 * 1024);

/** Each begins with a word of its own, so that it is found again. */
export const hostileNames: readonly string[] = [
  `ansi${esc}[31;5m red ${esc}[0m`,
  `title${esc}]0;owned\u0007`,
  `lines\nNov 20 19:56:42 vm kernel: kl-drop: IN=a OUT=b SRC=9.9.9.9 DST=9.9.9.9 \r\nmore`,
  `control\u0000\u0001\u0008\u007f\u0085\u009b31m`,
  `bidi\u202egnp.exe\u2066 isolate\u2069\u200f`,
  `invisible\u200b\u2060\ufeff\u{e0041}`,
  `separators\u2028\u2029`,
  `surrogate\ud800 and \udfff`,
  `quotes"},"_TRANSPORT":"kernel" \\ ' \` {{evil}} $(id)`,
  `label",evil="1"} 1e99\n# HELP x y`,
  `long${long}`,
  `wide${"\u{1f4a3}".repeat(16 * 1024)}`,
  `mixed${esc}[2J${long}\n`,
  `%s%n%00<script>alert(1)</script>`,
];

const dangerous = /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Cs}|[\u{e0000}-\u{e007f}]/u;

/** The first text in `value`, however deep, that must not be shown as it is. */
export function unsafeText(value: unknown): string | undefined {
  if (typeof value === "string") return dangerous.test(value) ? JSON.stringify(value.slice(0, 200)) : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const found = unsafeText(key) ?? unsafeText(inner);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function longestText(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (typeof value !== "object" || value === null) return 0;
  return Math.max(0, ...Object.values(value).map(longestText));
}
