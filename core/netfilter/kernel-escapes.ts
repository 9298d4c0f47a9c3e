/**
 * /dev/kmsg's escapes: bytes below 32, from 127 on and the backslash as \xhh (kernel/printk/printk.c,
 * msg_add_ext_text). rsyslog's imkmsg and syslog-ng hand them on as they are; dmesg makes its own of them.
 */

export function kernelEscaped(bytes: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what the kernel escapes
  return bytes.replace(/[\x00-\x1f\x7f-\xff\\]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** Only what the kernel would have escaped: "\x20" is text that a rule's prefix holds. */
export function kernelUnescaped(text: string): string {
  if (!text.includes("\\x")) return text;
  return text.replace(/\\x([01][\da-f]|5c|7f|[89a-f][\da-f])/g, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
