/**
 * Text from strangers (DNS names, labels, log lines) made safe to print: no control characters, no terminal escapes,
 * no bidirectional overrides, no broken surrogates, and never longer than `maxBytes` of UTF-8.
 */
// C0, DEL, C1; line and paragraph separators; zero-width and bidirectional format characters; BOM; tags.
const unsafe =
  /[\p{Cc}\p{Cs}\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** Makes a stranger's text safe to show: what comes from DNS, labels or log lines goes through it first. */
export function printable(text: string, maxBytes = 253): string {
  // Cut before the scan too: a stranger chooses the length.
  const clean = text.slice(0, maxBytes).toWellFormed().replace(unsafe, "\ufffd");
  return cutUtf8(clean, maxBytes);
}

/** At most `maxBytes` of UTF-8, never ending within a character. */
export function cutUtf8(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const bytes = Buffer.from(text);
  let end = maxBytes;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString("utf8", 0, end);
}
