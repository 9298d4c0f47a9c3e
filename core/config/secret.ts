/**
 * Says what of a config must not be shown, and takes it out of texts. Used when references are replaced, when problems
 * are worded and by `droplens print-config`.
 */
import { type ConfigNode, type KeyPath, toValue } from "./config-node.ts";

export const redacted = "***";

const secretKey =
  /pass(word|wd|phrase)|token|secret|authorization|api[-_]?key|credential|headers|cookie|private[-_]?key/i;
/** A key that only names a place: `tokenFile: /run/secrets/x`. */
const placeKey = /(file|path|name|folder)$/i;

/** True when a key of the path, at any height, says that what is below it is secret. */
export function isSecretPath(path: KeyPath): boolean {
  return path.some((key) => typeof key === "string" && secretKey.test(key) && !placeKey.test(key));
}

/** A value as it may be shown: whole secrets are gone, and the password of a URL. */
export function shown(value: unknown, secret: boolean): unknown {
  if (typeof value !== "string") return value;
  return secret ? redacted : withoutUserInfo(value);
}

/** The password of a URL. */
export function withoutUserInfo(text: string): string {
  return text.replace(/(:\/\/[^\s/@:]*):[^\s/@"]+@/g, `$1:${redacted}@`);
}

/** Takes every secret of the tree out of a message that a plugin's own schema may have put it into. */
export function withoutSecrets(message: string, root: ConfigNode): string {
  // Longest first: one secret may be a part of another.
  const secrets = secretsOf(root).toSorted((a, b) => b.length - a.length);
  const text = secrets.reduce((rest, secret) => rest.replaceAll(secret, redacted), message);
  return withoutUserInfo(text);
}

/** Shorter than this, replacing it would only garble messages. */
const minSecretLength = 4;

/** Every secret text of the tree. */
export function secretsOf(node: ConfigNode): string[] {
  if (node.kind === "sequence") return node.items.flatMap(secretsOf);
  if (node.kind === "mapping") return [...node.entries.values()].flatMap((entry) => secretsOf(entry.node));
  const value = toValue(node);
  return node.secret && typeof value === "string" && value.length >= minSecretLength ? [value] : [];
}
