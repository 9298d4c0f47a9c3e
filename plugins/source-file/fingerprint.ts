/**
 * Tells one file's content from another's by its first bytes, because inode numbers are given out again.
 * Log files only grow at their end, so the first bytes stay, through renames and copies too.
 */
import { createHash } from "node:crypto";

/** Length 0 belongs to an empty file and says nothing. A file shorter than the configured length has a shorter one. */
export type Fingerprint = {
  readonly length: number;
  readonly hash: string;
};

export function fingerprintOf(head: Uint8Array): Fingerprint {
  return { length: head.length, hash: createHash("sha256").update(head).digest("base64url").slice(0, 22) };
}

/** Whether the file that begins with `head` can be the one that had `fingerprint`, which it may have outgrown since. */
export function isSameBeginning(fingerprint: Fingerprint, head: Uint8Array): boolean {
  if (head.length < fingerprint.length) return false;
  return fingerprintOf(head.subarray(0, fingerprint.length)).hash === fingerprint.hash;
}
